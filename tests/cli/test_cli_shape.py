"""The shape of the command line: lazy, and every way to fail has its words and its code."""

from __future__ import annotations

import ast
import io
import json
import os
import pty
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import click
import pytest

from digest.cli import COMMANDS, App, cli, pass_app
from digest.cli._faults import run
from digest.cli._lazy import LazyGroup
from digest.errors import DigestError, StorageError

ROOT = Path(__file__).parents[2]
HEAVY = {
    "numpy",
    "matplotlib",
    "sqlalchemy",
    "pydantic",
    "jinja2",
    "httpx",
    "feedparser",
    "rich",
    "digest.settings",
}


def python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LazyGroup:
    """A group like `digest`, whose one command does what `DEED` says."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.delenv("DIGEST_DEBUG", raising=False)
    table = {"act": (f"{__name__}:act", "Act."), "gone": ("digest.cli.gone:gone", "Not there.")}
    return LazyGroup(table=table, name="digest")


DEED: list[Callable[[], object]] = []


@click.command()
def act() -> object:
    return DEED[-1]()


@pytest.fixture
def code_of(group: LazyGroup) -> Callable[..., int]:
    def result(deed: Callable[[], object]) -> int:
        DEED.append(deed)
        return run(group, ["act"], App())

    return result


def raising(error: BaseException) -> Callable[[], object]:
    def deed() -> object:
        raise error

    return deed


# --- the table ---------------------------------------------------------------------------------


def test_help_imports_nothing_heavy() -> None:
    done = python(
        "import json, sys\nfrom digest.cli import main\n"
        "try:\n    main(['--help'])\nfinally:\n"
        "    print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    assert done.returncode == 0
    loaded = set(json.loads(done.stderr))
    assert "digest.cli" in loaded
    assert not loaded & HEAVY
    families = {module.partition(":")[0] for module, _ in COMMANDS.values()}
    assert not loaded & families


def test_help_lists_every_command_with_its_help() -> None:
    done = python("from digest.cli import main; main()", "--help")
    for name, (_, about) in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(about)}$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_entry_of_the_table_is_a_command_of_that_name(name: str) -> None:
    _module, _, attribute = COMMANDS[name][0].partition(":")
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert attribute == name


def test_every_module_of_commands_is_in_the_table() -> None:
    files = {path.stem for path in (ROOT / "digest/cli").glob("[!_]*.py")}
    assert files <= {module.partition(":")[0].split(".")[-1] for module, _ in COMMANDS.values()}


def test_the_pages_of_the_reference_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/docs"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


# --- wrong words -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sned"], "No such command 'sned'. Did you mean 'send'?"),
        (["qqq"], "No such command 'qqq'."),
        (["--nope"], "No such option"),
        (["config", "shwo"], "No such command 'shwo'"),
        (["-q", "-v", "config", "check"], "exclude each other"),
    ],
)
def test_wrong_words_end_with_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(cli, words, App()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err


def test_a_command_that_is_not_installed_ends_with_2(
    group: LazyGroup, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(group, ["gone"], App()) == 2
    assert "'gone' is missing from this installation" in capsys.readouterr().err


def test_version_and_help_end_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["--version"], App()) == 0
    assert re.fullmatch(r"digest \d+\.\d+\.\d+\n", capsys.readouterr().out)
    assert run(cli, ["-h"], App()) == 0


# --- ways to end -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "code"), [(None, 0), (0, 0), (1, 1), (True, 0), ("text", 0)], ids=repr
)
def test_a_command_may_return_its_code(
    code_of: Callable[..., int], result: object, code: int
) -> None:
    assert code_of(lambda: result) == code


def test_a_command_may_exit_with_its_code(code_of: Callable[..., int]) -> None:
    assert code_of(lambda: click.get_current_context().exit(4)) == 4


def test_an_error_shows_its_message_and_hint(
    code_of: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(raising(StorageError("db: it is \x1b[2Jlocked", "wait"))) == 5
    assert capsys.readouterr().err == "digest: db: it is \ufffd[2Jlocked\n  wait\n"


@pytest.mark.parametrize("error", DigestError.__subclasses__())
def test_every_error_has_its_own_code(
    code_of: Callable[..., int], error: type[DigestError]
) -> None:
    assert code_of(raising(error("no"))) == error.exit_code


def test_an_interrupt_ends_with_130(
    code_of: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "digest: interrupted\n"


def test_a_question_without_answer_ends_with_1(
    code_of: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert code_of(lambda: click.confirm("Sure?")) == 1
    assert "stopped: no answer was given" in capsys.readouterr().err


def test_a_fault_of_ours_is_one_line_and_a_report(
    code_of: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(raising(ZeroDivisionError("first\nsecond"))) == 70
    out, err = capsys.readouterr()
    (report,) = tmp_path.glob("digest-fault-*.txt")
    assert out == ""
    assert err.splitlines()[0] == (
        f"digest: unexpected fault: ZeroDivisionError: first; a report was written to {report}"
    )
    assert "Traceback" not in err
    assert "Traceback (most recent call last)" in report.read_text(encoding="utf-8")
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_a_fault_shows_its_traceback_when_asked(
    code_of: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DIGEST_DEBUG", "1")
    assert code_of(raising(ZeroDivisionError("no"))) == 70
    assert "Traceback (most recent call last)" in capsys.readouterr().err
    assert not list(tmp_path.glob("digest-fault-*"))


def test_a_fault_that_cannot_be_reported_is_still_one_line(
    code_of: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nonexistent/folder")
    assert code_of(raising(ZeroDivisionError("no"))) == 70
    assert "no report could be written (No such file or directory)" in capsys.readouterr().err


def test_a_report_holds_no_secret(
    group: LazyGroup,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DIGEST_SMTP__PASSWORD", "hunter2")
    monkeypatch.setenv("DIGEST_SMTP__USERNAME", "letters")
    monkeypatch.setenv("DIGEST_DATABASE__URL", "postgresql://u:pa%40ss@db.example/x")
    app = App()
    assert app.settings.smtp.username == "letters"
    DEED.append(raising(ValueError("login hunter2 and pa@ss failed")))
    assert run(group, ["act"], app) == 70
    (report,) = tmp_path.glob("digest-fault-*.txt")
    for text in (report.read_text(encoding="utf-8"), capsys.readouterr().err):
        assert "login ******** and ******** failed" in text
        assert "hunter2" not in text


def test_a_broken_socket_is_a_fault_and_not_a_quiet_end(code_of: Callable[..., int]) -> None:
    def deed() -> None:
        ours, theirs = socket.socketpair()
        theirs.close()
        with ours:
            ours.send(b"x")

    assert code_of(deed) == 70


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    code = (
        "import click, sys, digest.cli as c, digest.cli._lazy as l\n"
        "@click.command()\ndef flood():\n    while True: click.echo('x' * 1000)\n"
        "l.LazyGroup.get_command = lambda *_: flood\n"
        "c.main(['config'])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_a_signal_from_the_keyboard_ends_it_with_one_line() -> None:
    code = (
        "import click, signal, digest.cli as c, digest.cli._lazy as l\n"
        # A test run in the background hands an ignored SIGINT down to its children.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "@click.command()\ndef wait():\n    print('ready', flush=True); signal.pause()\n"
        "l.LazyGroup.get_command = lambda *_: wait\n"
        "c.main(['config'])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b"digest: interrupted\n"
    assert process.returncode == 130


@pytest.mark.parametrize("no_colour", [False, True])
def test_errors_are_red_on_a_terminal_only(no_colour: bool) -> None:
    environ = {name: text for name, text in os.environ.items() if name != "NO_COLOR"}
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "digest", "--config", "gone.toml", "config", "check"],
        stderr=theirs,
        env=environ | ({"NO_COLOR": "1"} if no_colour else {}),
        cwd=ROOT,
        check=False,
    )
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        said = terminal.read(1000)
    assert done.returncode == 3
    assert said.startswith(b"digest: " if no_colour else b"\x1b[31mdigest: ")


# --- how commands speak ------------------------------------------------------------------------


def test_quiet_keeps_answers_and_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    app = App()
    app.quiet = True
    app.say("remark")
    app.detail("detail")
    app.answer("answer")
    app.warn("warning")
    with app.progress(2, "working") as bar:
        bar.advance()
    assert capsys.readouterr() == ("answer\n", "digest: warning\n")


def test_verbose_adds_details(capsys: pytest.CaptureFixture[str]) -> None:
    app = App()
    app.detail("unseen")
    app.verbose = True
    app.detail("seen")
    assert capsys.readouterr() == ("", "seen\n")


def test_a_table_is_aligned_by_what_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("日本", 5, None), ("a\x1b]0;x\x07\nb", 1000, "z")]
    App().table(rows, ("Name", "Count", "Note"))
    assert capsys.readouterr().out.splitlines() == [
        "Name       Count  Note",
        "日本           5",
        "a\ufffd]0;x\ufffd b   1000  z",
    ]


def test_a_table_without_rows_has_its_heads(capsys: pytest.CaptureFixture[str]) -> None:
    App().table([], ("Name", "Count"))
    assert capsys.readouterr().out == "Name  Count\n"


def test_progress_without_terminal_ends_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with App().progress(3, "letters") as bar:
        bar.advance()
        bar.advance(2)
    assert capsys.readouterr() == ("", "letters: 3 of 3\n")


def test_progress_on_a_terminal_leaves_standard_output_alone() -> None:
    code = (
        "from digest.cli import App\n"
        "with App().progress(3, '[letters]') as bar:\n"
        "    bar.advance(3); print('answer')"
    )
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=theirs, check=False
    )
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        said = terminal.read(5000)
    assert (done.returncode, done.stdout) == (0, b"answer\n")
    assert b"[letters]" in said
    assert b"3/3" in said


def test_json_knows_what_the_domain_is_made_of(capsys: pytest.CaptureFixture[str]) -> None:
    @dataclass(frozen=True, slots=True)
    class Thing:
        on: date
        at: datetime
        tags: frozenset[str]

    thing = Thing(date(2024, 2, 29), datetime(2024, 2, 29, 7, tzinfo=UTC), frozenset("ba"))
    App().as_json({"thing": thing, "path": Path("a/b"), "word": "ü"})
    out = capsys.readouterr().out
    assert "ü" in out
    assert json.loads(out) == {
        "thing": {"on": "2024-02-29", "at": "2024-02-29T07:00:00+00:00", "tags": ["a", "b"]},
        "path": "a/b",
        "word": "ü",
    }
    with pytest.raises(TypeError, match="no form in JSON"):
        App().as_json(b"bytes")


def test_a_command_gets_the_app_and_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[App] = []

    @click.command()
    @pass_app
    def look(app: App) -> None:
        seen.append(app)

    monkeypatch.setattr(LazyGroup, "get_command", lambda *_: look)
    assert run(cli, ["--config", "x.toml", "-v", "config"], App()) == 0
    assert (seen[0].config, seen[0].verbose, seen[0].quiet) == (Path("x.toml"), True, False)


def test_no_command_module_imports_the_slow_ones_at_its_top() -> None:
    # _console keeps `digest --help` fast only if the files that it needs do so too.
    for file in (ROOT / "digest/cli").glob("_*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {
            node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
            for node in tree.body
            if isinstance(node, ast.ImportFrom | ast.Import)
        }
        assert not {name for name in names if name.split(".")[0] in {"rich", "pydantic"}}, file
        assert not {name for name in names if name.startswith("digest.settings")}, file
