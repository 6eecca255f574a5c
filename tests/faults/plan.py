"""The fault plan: name -> (what, how often in the whole plan, in the fast subset; 0: not there)."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults import marked, others, servers, upkeep
from tests.faults.others import Outcome

ONE_DATABASE = frozenset({"reply matrix", "disk full"})
"""What is tried on SQLite alone."""

PLAN: dict[str, tuple[Callable[[str, int], Outcome], int, int]] = {
    "reply matrix": (others.replies, 25, 1),
    "refusals by recipient": (others.recipients, 10, 0),
    "greylisting": (others.greylisting, 10, 0),
    "connections cut": (others.drops, 100, 0),
    "double cron": (others.crons, 100, 1),
    "worker beyond its lease": (others.stale, 50, 0),
    "told to stop": (others.drains, 50, 0),
    "leaving while sending": (others.leavers, 20, 0),
    "database away": (others.outages, 50, 0),
    "disk full": (others.disk_full, 20, 0),
    "log and state full": (upkeep.full_log, 20, 0),
    "editions, marked points": (marked.editions, 1000, 0),
    "rows, marked points": (marked.rows, 1000, 0),
    "server restarts": (servers.restarts, 100, 0),
    "slow connections": (servers.slow, 100, 0),
    "old backup restored": (upkeep.restored, 10, 0),
    "soak, thousands": (upkeep.soak, 1000, 0),
}
