"""Signatures by a process of their own: the same bytes, whatever becomes of that process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from digest.mail import aside
from digest.mail.aside import SigningProcess

KEY = rsa.generate_private_key(65537, 2048)
ROOT = Path(__file__).parents[2]


def signature_of(data: bytes) -> bytes:
    return KEY.sign(data, padding.PKCS1v15(), SHA256())


def running(process: SigningProcess) -> int:
    """Sign until the child does; returns its number."""
    end = time.monotonic() + 20
    while process.pid is None:
        assert time.monotonic() < end, "no child has started"
        process.begin(b"warm")()
        time.sleep(0.01)
    return process.pid


def gone(pid: int) -> bool:
    """Whether a process has ended, or waits to be buried."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[SigningProcess]:
    monkeypatch.setattr(aside, "cores", lambda: 2)
    made = SigningProcess(KEY, after=0)
    yield made
    made.close()


def test_signatures_are_those_of_the_key_in_whatever_order_they_are_asked_for(process) -> None:
    running(process)
    begun = {n: process.begin(b"letter %d" % n) for n in range(100)}
    for number in (99, 3, *range(100)):
        assert begun[number]() == signature_of(b"letter %d" % number)


def test_a_few_letters_start_no_child(monkeypatch) -> None:
    monkeypatch.setattr(aside, "cores", lambda: 2)
    process = SigningProcess(KEY, after=5)
    for number in range(5):
        assert process.begin(b"%d" % number)() == signature_of(b"%d" % number)
        assert process._child is None
    process.begin(b"one more")
    assert process._child is not None
    process.close()


def test_where_there_is_one_core_none_starts(monkeypatch) -> None:
    monkeypatch.setattr(aside, "cores", lambda: 1)
    process = SigningProcess(KEY, after=0)
    assert process.begin(b"letter")() == signature_of(b"letter")
    assert process._child is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_child_that_dies_or_stands_still_costs_no_letter(
    process, number, monkeypatch, caplog
) -> None:
    pid = running(process)
    process._line.settimeout(0.3)  # instead of PATIENCE_S
    first = [process.begin(b"letter %d" % n) for n in range(20)]
    os.kill(pid, number)
    later = [process.begin(b"letter %d" % n) for n in range(20, 40)]
    for count, signature in enumerate([*first, *later]):
        assert signature() == signature_of(b"letter %d" % count)
    assert "they are signed here" in caplog.text
    assert gone(pid)
    # Not again in this run; in the next.
    assert process.begin(b"x")() == signature_of(b"x")
    assert process.pid is None
    process.close()
    assert running(process) != pid


def test_promises_of_a_run_that_is_over_are_kept(process) -> None:
    running(process)
    begun = process.begin(b"letter")
    process.close()
    running(process)
    assert begun() == signature_of(b"letter")


def test_a_service_that_is_told_to_stop_signs_the_letters_that_are_out(process) -> None:
    pid = running(process)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(pid, number)
    assert process.begin(b"letter")() == signature_of(b"letter")
    assert process.pid == pid


def test_the_child_ends_with_the_run_and_with_its_parent(process, tmp_path) -> None:
    pid = running(process)
    process.close()
    assert gone(pid)
    program = """
import sys, time
from tests.mail import test_aside
test_aside.aside.cores = lambda: 2
process = test_aside.SigningProcess(test_aside.KEY, after=0)
print(test_aside.running(process), flush=True)
process.begin(b"letter")
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not gone(child)
        parent.kill()
    wait_until(lambda: gone(child))
