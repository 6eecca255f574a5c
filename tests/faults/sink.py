"""An SMTP server that records what it takes, in a process of its own, and misbehaves by a plan.

    python -m tests.faults.sink LOG [PLAN]      prints its port, serves until its input ends
    python -m tests.faults.sink -               a sink for each line of its input, one at a time

LOG gets a JSON line for each message that was taken, written before the 250 goes out: what is in
it is all that a reader may have got. Its errors get a word for each drop and each slow connection.
PLAN is JSON:

    {"seed": 7, "soft": 0.05, "hard": 0.02}     so many recipients get 4xx or 5xx at RCPT; which
                                                ones follows from the seed and the address alone
    {"grey": true}                              each recipient's first RCPT gets a 451
    {"at": {"RCPT": "550 5.1.1 no"}}            a reply at a step, always; or "drop" or "hang"
    {"times": 1}                                the fault of "at" happens so many times in all
    {"only": "bad@"}                            and only to recipients that begin so
    {"random": {"drop": 0.01}, "at_step": "END"}   a share of messages meets a drop there
    {"slow_end": 0.5}                           every reply to the end of data waits, seconds
    {"size": 1048576, "no_pipelining": true}    what EHLO announces
    {"port": 2525}                              there, instead of on a free one
    {"odd": {"kind": "late", "every": 4, "seconds": 30}}
                                                every fourth connection waits so long at the end of
                                                each letter; "tarpit": before each reply;
                                                "dribble": a byte of its replies each

Steps: CONNECT, EHLO, MAIL, RCPT, DATA, END, RSET, QUIT.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import random
import sys
import time
from email import message_from_bytes
from typing import Any

LIMIT = 2**25


def fate(seed: int, recipient: str, soft: float, hard: float) -> str:
    """What a recipient meets at RCPT, the oracle: ok, soft or hard."""
    digest = hashlib.sha256(f"{seed}/{recipient}".encode()).digest()
    share = int.from_bytes(digest[:6], "big") / 2**48
    if share < hard:
        return "hard"
    return "soft" if share < hard + soft else "ok"


class Dropped(Exception):  # noqa: N818 - it is no error
    """The plan says: cut the connection."""


class Sink:
    def __init__(self, log: str, plan: dict[str, Any]) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.plan = plan
        self.left: int | None = plan.get("times")
        self._chance = random.Random(plan.get("seed", 0))  # noqa: S311 - not for secrets
        self._seen: set[str] = set()
        self._number = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._number += 1
        talk = _Talk(self, reader, writer, self._number)
        with contextlib.suppress(
            Dropped, ConnectionError, asyncio.IncompleteReadError, TimeoutError
        ):
            await talk.run()
        writer.close()

    def keep(self, number: int, sender: str, recipient: str, data: bytes) -> None:
        head = message_from_bytes(data.partition(b"\r\n\r\n")[0])
        line = {
            "to": recipient,
            "id": head["Message-ID"],
            "sha256": hashlib.sha256(data).hexdigest(),
            "from": sender,
            "connection": number,
            "bytes": len(data),
            "at": time.time(),  # noqa: TID251 - the clock of the senders
        }
        os.write(self._log, (json.dumps(line) + "\n").encode())

    def fault(self, step: str, recipient: str) -> str:
        """The reply, "drop" or "hang" that the plan has for this moment; empty: none."""
        plan = self.plan
        said = plan.get("at", {}).get(step, "")
        if said and recipient.startswith(plan.get("only", "")) and self.left != 0:
            if self.left is not None:
                self.left -= 1
            return str(said)
        if step == "RCPT":
            what = fate(
                plan.get("seed", 0), recipient, plan.get("soft", 0.0), plan.get("hard", 0.0)
            )
            if what != "ok":
                return "550 5.1.1 no such user" if what == "hard" else "450 4.2.1 busy, later"
            if plan.get("grey") and recipient not in self._seen:
                self._seen.add(recipient)
                return "451 4.7.1 greylisted, come again"
        if step == plan.get("at_step"):
            for what, share in plan.get("random", {}).items():
                if self._chance.random() < share:
                    return str(what)
        return ""


class _Talk:
    """One connection."""

    def __init__(
        self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        self._sink, self._reader, self._writer, self._number = sink, reader, writer, number
        self._sender = ""
        self._recipient = ""
        self._named = {"MAIL": False, "RCPT": False}
        odd = sink.plan.get("odd") or {"kind": "", "every": 1, "seconds": 0}
        self._odd = odd["kind"] if number % odd["every"] == 1 % odd["every"] else ""
        self._seconds = odd["seconds"]
        if self._odd:
            _note(self._odd)

    async def run(self) -> None:
        if not await self._answered("CONNECT"):
            await self._say("220 sink ESMTP")
        while line := await self._reader.readline():
            words = line.decode("ascii", "replace").strip()
            verb = words[:4].upper()
            if not await self._command(verb, words):
                return

    async def _command(self, verb: str, words: str) -> bool:
        step = "EHLO" if verb == "HELO" else verb
        address = words.partition("<")[2].partition(">")[0]
        if verb in {"MAIL", "RSET"}:
            self._named = {"MAIL": False, "RCPT": False}
        if verb == "RCPT":
            self._recipient = address
        if await self._answered(step):
            return True
        before = {"RCPT": "MAIL", "DATA": "RCPT"}.get(verb)
        if before and not self._named[before]:
            await self._say(f"503 5.5.1 no {before} was taken")
            return True
        if verb in self._named:
            self._named[verb] = True
        if verb == "EHLO":
            offers = ["sink", "8BITMIME", "SMTPUTF8", f"SIZE {self._sink.plan.get('size', LIMIT)}"]
            if not self._sink.plan.get("no_pipelining"):
                offers.append("PIPELINING")
            for offer in offers[:-1]:
                self._writer.write(f"250-{offer}\r\n".encode())
            await self._say(f"250 {offers[-1]}")
        elif verb == "MAIL":
            self._sender = address
            await self._say("250 2.1.0 ok")
        elif verb == "DATA":
            await self._say("354 go on")
            await self._message()
        elif verb == "QUIT":
            await self._say("221 2.0.0 bye")
            return False
        elif verb in {"RCPT", "RSET", "NOOP", "HELO"}:
            await self._say("250 2.0.0 ok")
        else:
            await self._say("502 5.5.1 unknown")
        return True

    async def _message(self) -> None:
        data = await self._reader.readuntil(b"\r\n.\r\n")
        body = data[:-3].replace(b"\r\n..", b"\r\n.")
        if await self._answered("END"):
            return
        if wait := self._sink.plan.get("slow_end"):
            await asyncio.sleep(wait)
        if self._odd == "late":
            await asyncio.sleep(self._seconds)
        self._sink.keep(self._number, self._sender, self._recipient, body)
        if self._sink.fault("AFTER", self._recipient) == "drop":
            _note("drop")
            raise Dropped  # taken, and the client will never know
        await self._say("250 2.0.0 taken")

    async def _answered(self, step: str) -> bool:
        said = self._sink.fault(step, self._recipient)
        if not said:
            return False
        if said == "drop":
            _note("drop")
            raise Dropped
        if said == "hang":
            await asyncio.sleep(3600)
        await self._say(said)
        if said.startswith("421"):
            raise Dropped
        return True

    async def _say(self, reply: str) -> None:
        line = reply.encode() + b"\r\n"
        if self._odd == "tarpit":
            await asyncio.sleep(self._seconds)
        if self._odd == "dribble":
            for byte in line[:-1]:
                self._writer.write(bytes([byte]))
                await self._writer.drain()
                await asyncio.sleep(self._seconds)
            line = line[-1:]
        self._writer.write(line)
        await self._writer.drain()


def _note(what: str) -> None:
    os.write(2, f"{what}\n".encode())


async def open_sink(log: str, plan: dict[str, Any]) -> asyncio.Server:
    """Serve on a free port and say which."""
    sink = Sink(log, plan)
    port = plan.get("port", 0)
    server = await asyncio.start_server(sink.serve, "127.0.0.1", port, limit=LIMIT, backlog=200)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - that is its answer
    return server


async def main(log: str, plan: dict[str, Any]) -> None:
    """One sink, or with `-` a new one for each line of JSON ({"log": ..., "plan": ...}).

    It lives as long as who started it: the end of its input is its end.
    """
    loop = asyncio.get_running_loop()
    server = await open_sink(log, plan) if log != "-" else None
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if server is not None:
            server.close()
        server = await open_sink(**json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}))
