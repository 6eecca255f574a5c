"""The fault plan: what is tried, how often, over how many letters, on which databases."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults import away, disks, kills, marked, matrix, others, power, servers, upkeep
from tests.faults.found import TURNS, Turn

BOTH = ("sqlite", "postgres")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the plan. `times` counts `counted`, which each turn brings some of; `fast` is the
    same for the subset of every change (0: not there), with `fast_letters` where it is not all.
    """

    turn: Turn
    times: int
    letters: int = 0
    counted: str = TURNS
    fast: int = 0
    fast_letters: int = 0
    on: tuple[str, ...] = BOTH


PLAN: dict[str, Row] = {
    "kills": Row(kills.kills(8), 200, 5000, kills.KILLS, fast=10, fast_letters=400),
    "kills, 16 connections": Row(kills.kills(16), 200, 5000, kills.KILLS),
    "reply matrix": Row(matrix.replies, 25, 3, fast=1, on=("sqlite",)),
    "refusals by recipient": Row(others.recipients, 10, 10_000),
    "greylisting": Row(others.greylisting, 10, 2000),
    "connections cut": Row(servers.drops, 500, 500, servers.CUTS),
    "server restarts": Row(servers.restarts, 100, 1500, servers.RESTARTS),
    "slow: 30 s at the end": Row(servers.slow("late", 30), 100, 800, servers.SLOW),
    "slow: a byte a second": Row(servers.slow("dribble", 1), 100, 800, servers.SLOW),
    "slow: a tarpit": Row(servers.slow("tarpit", 10), 100, 800, servers.SLOW),
    "two senders, one pace": Row(servers.paced, 20, 300, fast=1, fast_letters=200),
    "double cron": Row(others.crons, 100, 200, fast=1),
    "worker beyond its lease": Row(others.stale, 50, 400, on=("postgres",)),
    "told to stop": Row(others.drains, 50, 600),
    "leaving while sending": Row(others.leavers, 20, 1000),
    "connections ended": Row(away.ended, 200, 3000, away.ENDED, on=("postgres",)),
    "database restarted": Row(away.restarted, 30, 600, on=("postgres",)),
    "database locked": Row(away.locked, 20, 600, on=("sqlite",)),
    "disk full": Row(disks.database, 20, 3000),
    "power cut": Row(power.cuts, 20, 16_000),
    "log and state full": Row(disks.log, 20, 600),
    "editions, marked points": Row(marked.editions, 320, 0, marked.POINTS),
    "rows, marked points": Row(marked.rows, 1000, 12_000, marked.POINTS),
    "old backup restored": Row(upkeep.restored, 10, 300),
    "soak": Row(upkeep.soak, 1, 1_000_000),
}
