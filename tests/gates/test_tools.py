"""A gate that cannot run says so; on CI it fails."""

from __future__ import annotations

import json

import pytest

from tests.gates import tools


def test_a_missing_program_fails_on_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "ON_CI", True)
    with pytest.raises(pytest.fail.Exception, match="apt-get install nothing-at-all"):
        tools.program("no-such-program", package="nothing-at-all")


def test_a_missing_program_is_said_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "ON_CI", False)
    with pytest.raises(pytest.skip.Exception, match="this gate did not run"):
        tools.program("no-such-program", package="nothing-at-all")


def test_a_program_named_wrongly_is_never_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "ON_CI", False)
    monkeypatch.setenv("DIGEST_CHROMIUM", "/no/such/browser")
    with pytest.raises(pytest.fail.Exception, match="no such program"):
        tools.chromium()


def test_an_answer_that_is_no_json_is_no_empty_list_of_faults() -> None:
    with pytest.raises(AssertionError, match="exit code 3, and no JSON: half an"):
        tools.Outcome(3, "half an", "answer").json()


def test_the_lock_pins_versions_and_names_no_host() -> None:
    lock = json.loads((tools.HERE / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert all("resolved" not in one for one in packages.values())
    assert [name for name, one in packages.items() if "integrity" not in one] == []
    wanted = json.loads((tools.HERE / "package.json").read_text(encoding="utf-8"))
    for name, version in wanted["devDependencies"].items():
        assert packages[f"node_modules/{name}"]["version"] == version
