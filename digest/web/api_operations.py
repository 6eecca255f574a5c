"""The operations of the API: what each does. How requests are read is the matter of `api.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from digest.domain.access import Scope, Token
from digest.domain.address import normalise
from digest.domain.notice import Via
from digest.domain.subscriber import Preferences
from digest.errors import UsageError
from digest.web import api_models as m
from digest.web.api_spec import FieldFault, Model, Operation
from digest.web.site import Site
from digest.workflows.direct import admit
from digest.workflows.reception import Origin, Verdict

Answer = tuple[int, Model | None]


class Refusal(Exception):  # noqa: N818 - it says what happened
    """An answer that is a problem."""

    def __init__(
        self,
        status: int,
        detail: str = "",
        *,
        faults: Sequence[FieldFault] = (),
        retry_s: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.faults = tuple(faults)
        self.retry_s = retry_s


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was read and let in. `query` and `body` are of the operation's models."""

    site: Site
    token: Token
    ip: str
    query: Any = None
    body: Any = None
    id: int = 0
    date: date | None = None

    @property
    def origin(self) -> Origin:
        """Whence it came: limits that the site counts by network are counted by token here."""
        return Origin(Via.API, self.ip, f"token:{self.token.id}")


# --- subscribers -------------------------------------------------------------------------------


def list_subscribers(call: Call) -> Answer:
    """See `OPERATIONS`."""
    asked: m.SubscriberQuery = call.query
    key = ""
    if asked.address:
        key = _key(asked.address, "query.address")
    # One more than asked for tells whether a page follows.
    found = call.site.store.reports.subscribers(asked.after, asked.limit + 1, asked.status, key)
    shown = found[: asked.limit]
    more = len(found) > len(shown)
    return 200, m.SubscriberPage(
        items=[m.Subscriber.of(kept) for kept in shown], next=shown[-1].id if more else None
    )


def add_subscriber(call: Call) -> Answer:
    """See `OPERATIONS`."""
    body: m.NewSubscriber = call.body
    site = call.site
    address = _key(body.address, "body.address") and body.address
    wants: Preferences = replace(site.wiring.default_preferences, **m.changes(body))
    if body.direct:
        try:
            added, new = admit(
                site.store, site.wiring.registrar(site.store), site.wiring.keyed_hash,
                address, site.now(), preferences=wants,
            )  # fmt: skip
        except UsageError as error:
            raise Refusal(409, str(error)) from None
        return (201 if new else 200), m.Subscriber.of(added)
    verdict = site.wiring.reception(site.store).ask(address, wants, call.origin, site.now())
    if verdict is Verdict.NETWORK:
        raise Refusal(429, "This token has asked for too many mails within the hour.", retry_s=600)
    if verdict is Verdict.BUSY:
        raise Refusal(503, "Too many mails are asked for in this minute.", retry_s=60)
    site.wake.set()
    return 202, m.Asked()


def show_subscriber(call: Call) -> Answer:
    """See `OPERATIONS`."""
    store = call.site.store
    found = store.subscribers.by_id(call.id)
    if found is None:
        raise Refusal(404, f"There is no subscriber {call.id}.")
    letters = [
        m.Letter.model_validate(
            {
                "edition": row["edition"], "state": row["status"], "changed_at": row["at"],
                "reply": row["reply"],
            }
        )
        for row in store.deliveries.history(call.id)
    ]  # fmt: skip
    return 200, m.SubscriberStory(subscriber=m.Subscriber.of(found), letters=letters)


def pause_subscriber(call: Call) -> Answer:
    """See `OPERATIONS`."""
    site = call.site
    if site.store.subscribers.by_id(call.id) is None:
        raise Refusal(404, f"There is no subscriber {call.id}.")
    try:
        reception = site.wiring.reception(site.store)
        changed = reception.pause(call.id, call.body.weeks, site.now())
    except UsageError as error:
        raise Refusal(409, error.message) from None
    return 200, m.Subscriber.of(changed)


def remove_subscriber(call: Call) -> Answer:
    """See `OPERATIONS`."""
    site = call.site
    reception = site.wiring.reception(site.store)
    changed = reception.leave(call.id, call.origin, site.now())
    if changed is None:
        raise Refusal(404, f"There is no subscriber {call.id}.")
    site.wake.set()
    return 200, m.Subscriber.of(changed)


def erase_subscriber(call: Call) -> Answer:
    """See `OPERATIONS`."""
    site = call.site
    if not site.wiring.reception(site.store).forget(call.id, call.origin, site.now()):
        raise Refusal(404, f"There is no subscriber {call.id}.")
    return 204, None


# --- editions, deliveries, counts --------------------------------------------------------------


def list_editions(call: Call) -> Answer:
    """See `OPERATIONS`."""
    asked: m.EditionQuery = call.query
    found = call.site.store.reports.editions(asked.before, asked.limit + 1)
    shown = found[: asked.limit]
    more = len(found) > len(shown)
    return 200, m.EditionPage(
        items=[m.Edition.of(kept) for kept in shown], next=shown[-1].date if more else None
    )


def show_edition(call: Call) -> Answer:
    """See `OPERATIONS`."""
    found = None if call.date is None else call.site.store.editions.get(call.date)
    if found is None:
        raise Refusal(404, f"There is no edition of {call.date}.")
    return 200, m.Edition.of(found)


def list_deliveries(call: Call) -> Answer:
    """See `OPERATIONS`."""
    asked: m.DeliveryQuery = call.query
    found = call.site.store.reports.deliveries(
        asked.before,
        asked.limit + 1,
        edition=asked.edition,
        state=asked.state or "",
        domain=asked.domain.lower(),
    )
    shown = found[: asked.limit]
    more = len(found) > len(shown)
    return 200, m.DeliveryPage(
        items=[m.Delivery.of(row) for row in shown], next=shown[-1].id if more else None
    )


DOMAINS: Final = 20


def show_stats(call: Call) -> Answer:
    """See `OPERATIONS`."""
    store = call.site.store
    last = store.reports.last_published()
    states = store.entries.states().values()
    edition = last and {
        "date": last[0],
        "published_at": last[1],
        "deliveries": store.deliveries.counts(last[0]),
        "domains": store.reports.by_domain(last[0], DOMAINS),
        "servers": store.reports.by_server(last[0], DOMAINS),
    }
    return 200, m.Stats.model_validate(
        {
            "at": call.site.now(),
            "subscribers": store.subscribers.counts(),
            "last_edition": edition,
            "feeds": {
                "known": len(states),
                "faulty": sum(1 for s in states if s.failures and not s.parked),
                "parked": sum(1 for s in states if s.parked),
            },
        }
    )


def _key(text: str, where: str) -> str:
    try:
        return normalise(text).key
    except UsageError as error:
        raise Refusal(
            422, "A field is not right.", faults=[FieldFault(where=where, why=error.message)]
        ) from None


OPERATIONS: Final = (
    Operation(
        "listSubscribers", "GET", "/subscribers", "List subscribers",
        Scope.SUBSCRIBERS_READ, {200: m.SubscriberPage}, list_subscribers,
        query=m.SubscriberQuery,
    ),
    Operation(
        "addSubscriber", "POST", "/subscribers", "Add a subscriber",
        Scope.SUBSCRIBERS_WRITE,
        {200: m.Subscriber, 201: m.Subscriber, 202: m.Asked}, add_subscriber,
        body=m.NewSubscriber, problems=(409,), also={"direct": Scope.SUBSCRIBERS_DIRECT},
        words="A mail asks the address to confirm (202), with the limits of the site. With "
        "`direct` they are subscribed at once: 201, or 200 for one who is known and stays as they "
        "are.",
    ),
    Operation(
        "showSubscriber", "GET", "/subscribers/{id}", "Show a subscriber",
        Scope.SUBSCRIBERS_READ, {200: m.SubscriberStory}, show_subscriber,
    ),
    Operation(
        "pauseSubscriber", "POST", "/subscribers/{id}/pause", "Pause a subscriber",
        Scope.SUBSCRIBERS_WRITE, {200: m.Subscriber}, pause_subscriber,
        body=m.Pause, problems=(409,),
    ),
    Operation(
        "removeSubscriber", "POST", "/subscribers/{id}/remove", "Unsubscribe a subscriber",
        Scope.SUBSCRIBERS_WRITE, {200: m.Subscriber}, remove_subscriber,
        words="Letters that wait are not sent. A mail tells them that they left, and how to undo "
        "it within 7 days.",
    ),
    Operation(
        "eraseSubscriber", "DELETE", "/subscribers/{id}", "Erase a subscriber",
        Scope.SUBSCRIBERS_WRITE, {204: None}, erase_subscriber,
        words="All that is kept of them goes, but for a keyed hash of the address, which stays "
        "suppressed.",
    ),
    Operation(
        "listEditions", "GET", "/editions", "List editions",
        Scope.EDITIONS_READ, {200: m.EditionPage}, list_editions, query=m.EditionQuery,
    ),
    Operation(
        "showEdition", "GET", "/editions/{date}", "Show an edition",
        Scope.EDITIONS_READ, {200: m.Edition}, show_edition,
        words="With runners-up and the parts of all scores.",
    ),
    Operation(
        "listDeliveries", "GET", "/deliveries", "List deliveries",
        Scope.DELIVERIES_READ, {200: m.DeliveryPage}, list_deliveries, query=m.DeliveryQuery,
    ),
    Operation(
        "showStats", "GET", "/stats", "Show counts",
        Scope.STATS_READ, {200: m.Stats}, show_stats,
    ),
)  # fmt: skip
"""All of them, in the order of the document."""
