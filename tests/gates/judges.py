"""The programs that judge an HTML part or a message, each asked for a list of faults.

An answer that a working program cannot give (no scores, no rules loaded) is an AssertionError.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence
from email import message_from_string
from pathlib import Path
from typing import Any

from tests.gates import tools

WARNINGS_MOST = 8
ACCESSIBILITY = 100
MEAN_LEAST, LOWEST_LEAST = 90, 75
CLIENTS_LEAST = 10
SPAM_MOST = 0.5
VNU_ALLOWED = {
    r"^CSS: “mso-[a-z-]+”: Property “mso-[a-z-]+” doesn't exist": (
        "mso- properties are Word-Outlook's own: mso-hide:all is what hides the preheader there"
    ),
}
"""Message of vnu -> why it is no fault in a mail."""


def _emailens(verb: str, path: Path) -> dict[str, Any]:
    cli = tools.npm_file("@emailens/cli/dist/index.js")
    answer: dict[str, Any] = tools.run([tools.node(), cli, verb, path, "--json"]).json()
    return answer


def emailens_faults(html: str, folder: Path) -> list[str]:
    """`emailens lint` for errors and warnings, `emailens audit` for the scores."""
    path = folder / "letter.html"
    path.write_text(html, encoding="utf-8")
    linted, audit = _emailens("lint", path), _emailens("audit", path)
    issues = [issue for entry in linted["files"] for issue in entry["issues"]]
    said = {
        level: [
            f"{i['category']} {i['rule']}: {i['message']}" for i in issues if i["severity"] == level
        ]
        for level in ("error", "warning")
    }
    found = [f"error: {line}" for line in said["error"]]
    if len(said["warning"]) > WARNINGS_MOST:
        lines = "\n  ".join(said["warning"])
        found.append(f"{len(said['warning'])} warnings, {WARNINGS_MOST} at most:\n  {lines}")
    reached = audit["accessibility"]["score"]
    if reached < ACCESSIBILITY:
        why = "; ".join(issue["message"] for issue in audit["accessibility"]["issues"])
        found.append(f"accessibility {reached}, {ACCESSIBILITY} wanted: {why}")
    scores = {client: one["score"] for client, one in audit["compatibility"]["scores"].items()}
    assert len(scores) >= CLIENTS_LEAST, scores
    mean = sum(scores.values()) / len(scores)
    if mean < MEAN_LEAST:
        found.append(f"compatibility: mean {mean:.1f}, {MEAN_LEAST} or more wanted: {scores}")
    lowest = min(scores, key=lambda client: scores[client])
    if scores[lowest] < LOWEST_LEAST:
        found.append(f"compatibility: {lowest} {scores[lowest]}, {LOWEST_LEAST} or more wanted")
    return found


def html_validate_faults(html: str, folder: Path) -> list[str]:
    """html-validate under htmlvalidate.cjs: errors and warnings alike."""
    path = folder / "letter.html"
    path.write_text(html, encoding="utf-8")
    cli = tools.npm_file("html-validate/bin/html-validate.mjs")
    config = tools.HERE / "htmlvalidate.cjs"
    ended = tools.run(
        [tools.node(), cli, "-c", config, "--formatter", "json", path], cwd=tools.HERE
    )
    results = ended.json()
    found = [
        f"HTML line {message['line']}: {message['ruleId']}: {message['message']}"
        for result in results
        for message in result["messages"]
    ]
    assert ended.code == (1 if found else 0), (ended.code, ended.err[-1500:])
    return found


def vnu_faults(html: str, folder: Path) -> list[str]:
    """The W3C's checker: errors but those that VNU_ALLOWED names; its remarks are no errors."""
    path = folder / "letter.html"
    path.write_text(html, encoding="utf-8")
    jar = tools.npm_file("vnu-jar/build/dist/vnu.jar")
    command: list[str | Path] = [tools.java(), "-Xss2m", "-XX:TieredStopAtLevel=1", "-jar", jar]
    ended = tools.run([*command, "--format", "json", "--stdout", "--html", path])
    messages = ended.json()["messages"]
    errors = [one for one in messages if one["type"] != "info"]
    assert ended.code == (1 if errors else 0), (ended.code, ended.err[-1500:])
    return [
        f"HTML line {one.get('lastLine', '?')}: {one['message']}"
        for one in errors
        if not any(re.search(form, one["message"]) for form in VNU_ALLOWED)
    ]


def spam_faults(eml: bytes) -> list[str]:
    """SpamAssassin's own rules (`-L`: no network), in a home that is thrown away."""
    path = tools.program("spamassassin", package="spamassassin")
    with tempfile.TemporaryDirectory() as home:
        env = {"HOME": home, "PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        ended = tools.run([path, "-L", "-t"], given=eml, env=env)
    status = message_from_string(ended.out).get("X-Spam-Status", "")
    status = " ".join(str(status).split())
    score = re.search(r"score=(-?[0-9.]+)", status)
    # Without its rules installed everything scores 0: this one holds for every HTML letter.
    assert score is not None, f"no score: {ended.out[:500]} {ended.err[-1500:]}"
    assert "HTML_MESSAGE" in status, f"SpamAssassin's rules are not loaded: {status}"
    if float(score[1]) <= SPAM_MOST:
        return []
    report = re.findall(r"^ *-?\d+\.\d+ [A-Z0-9_]+ .*$", ended.out, re.MULTILINE)
    return [f"score {score[1]}, {SPAM_MOST} at most:\n" + "\n".join(report)]


def katex_faults(formulas: Sequence[tuple[str, str]]) -> list[str]:
    """KaTeX in strict mode: formulas as (place, LaTeX); which it does not accept, and why."""
    tools.npm_file("katex/dist/katex.js")
    script = tools.HERE / "katex.cjs"
    ended = tools.run([tools.node(), script], given=json.dumps(list(formulas)))
    return [f"{place}: {fault}" for place, fault in ended.json()]
