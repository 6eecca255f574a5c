"""The image and the compose file, as far as reading them tells."""

from __future__ import annotations

import json
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

SECRET = re.compile(r"password|secret|token|api_?key|private_?key", re.IGNORECASE)

Instruction = tuple[str, str]


@pytest.fixture(scope="module")
def stages(root: Path) -> list[list[Instruction]]:
    """The stages of the Dockerfile, each a list of (instruction, its words)."""
    text = re.sub(r"^#.*\n", "", (root / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    found: list[list[Instruction]] = []
    for line in filter(None, map(str.strip, lines)):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append((word, " ".join(rest.split())))
    return found


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((root / "compose.yaml").read_text("utf-8"))
    return loaded


def last(stage: list[Instruction], word: str) -> str:
    return [rest for name, rest in stage if name == word][-1]


def test_the_image_runs_as_a_fixed_user_that_is_not_root(stages: list[list[Instruction]]) -> None:
    uid, gid = last(stages[-1], "USER").split(":")
    assert int(uid) >= 1000
    assert int(gid) >= 1000
    after = [name for name, _ in stages[-1]]
    assert "RUN" not in after[after.index("USER") :]
    users = " ".join(rest for name, rest in stages[-1] if name == "RUN")
    assert f"--uid {uid}" in users
    assert f"--gid {gid}" in users


def test_the_image_starts_the_scheduler_in_its_volume(stages: list[list[Instruction]]) -> None:
    final = stages[-1]
    assert json.loads(last(final, "ENTRYPOINT")) == ["digest"]
    assert json.loads(last(final, "CMD")) == ["serve", "scheduler"]
    assert json.loads(last(final, "VOLUME")) == [last(final, "WORKDIR")] == ["/var/lib/digest"]
    health = last(final, "HEALTHCHECK")
    assert json.loads(health[health.index("[") :])[0] == "digest"


def test_no_secret_is_baked_into_the_image(stages: list[list[Instruction]]) -> None:
    named = [rest for stage in stages for name, rest in stage if name in {"ENV", "ARG"}]
    assert named
    assert [words for words in named if SECRET.search(words)] == []


def test_what_is_copied_exists_and_reaches_the_builder(
    root: Path, stages: list[list[Instruction]]
) -> None:
    rules = (root / ".dockerignore").read_text("utf-8").splitlines()
    let_in = [rule[1:] for rule in rules if rule.startswith("!")]
    assert "*" in rules
    sources = []
    for name, rest in (pair for stage in stages for pair in stage):
        if name == "COPY" and "--from=" not in rest:
            sources += rest.split()[:-1]
        sources += [
            source
            for mount in re.findall(r"--mount=(\S+)", rest)
            if "from=" not in mount
            for source in re.findall(r"source=([^,]+)", mount)
        ]
    assert len(sources) >= 8
    for source in sources:
        assert (root / source).exists(), source
        assert any(fnmatch(source.rstrip("/"), rule) for rule in let_in), source


def test_the_builder_gets_neither_data_nor_secrets(root: Path) -> None:
    rules = (root / ".dockerignore").read_text("utf-8").splitlines()
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert let_in.isdisjoint({".git", ".venv", "var", "secrets", "digest.toml", "."})


def test_what_the_wheel_needs_is_copied(root: Path, stages: list[list[Instruction]]) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], project["project"]["readme"]}
    copied = {
        word.rstrip("/") for name, rest in stages[0] if name == "COPY" for word in rest.split()[:-1]
    }
    assert needed | {*project["project"]["license-files"], "pyproject.toml"} <= copied


def test_every_install_in_the_image_is_locked(stages: list[list[Instruction]]) -> None:
    runs = [rest for stage in stages for name, rest in stage if name == "RUN"]
    installs = [rest for rest in runs if "pip install" in rest]
    assert len(installs) == 3
    for rest in installs:
        assert "--require-hashes" in rest or "--no-deps --no-index" in rest


def test_the_secrets_of_the_compose_file_are_files(compose: dict[str, Any]) -> None:
    assert {tuple(value) for value in compose["secrets"].values()} == {("file",)}
    for name, service in compose["services"].items():
        assert set(service.get("secrets", [])) <= set(compose["secrets"]), name
        for variable, value in service.get("environment", {}).items():
            if SECRET.search(variable) or "URL" in variable:
                assert variable.endswith("_FILE"), variable
                assert Path(value).parent == Path("/run/secrets"), variable
                assert Path(value).name in service["secrets"], variable


def test_scheduler_and_site_wait_for_the_database_and_its_tables(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in ("scheduler", "worker", "web", "receiver"):
        assert services[name]["depends_on"] == {
            "postgres": {"condition": "service_healthy"},
            "migrate": {"condition": "service_completed_successfully"},
        }
    assert services["postgres"]["image"] == "postgres:17"
    assert "pg_isready" in services["postgres"]["healthcheck"]["test"]
    assert services["migrate"]["command"] == ["migrate"]
    assert "/readyz" in services["web"]["healthcheck"]["test"][-1]
    for name, service in services.items():
        # TLS is a proxy's matter, and LMTP has no login: both are for this machine only.
        ports = {"web": ["127.0.0.1:8000:8000"], "receiver": ["127.0.0.1:8024:8024"]}
        assert service.get("ports", []) == ports.get(name, [])
        assert "privileged" not in service
