"""The parts of the operator's side: who may come in, an editor's workflow, a sample letter."""

from __future__ import annotations

import secrets
from functools import cache
from typing import TYPE_CHECKING

from digest.domain.delivery import Delivery
from digest.domain.edition import Edition
from digest.ports import Store

if TYPE_CHECKING:
    from digest.storage.passwords import Argon2
    from digest.wiring import Wiring
    from digest.workflows.admission import Admission
    from digest.workflows.edit import Editor


@cache
def passwords() -> Argon2:
    """What hashes passwords; one for the whole process, so that it hashes one at a time."""
    from digest.storage.passwords import Argon2  # noqa: PLC0415 - few commands hash

    return Argon2()


def admission(wiring: Wiring, store: Store) -> Admission:
    """The workflow that says who may come in."""
    from digest.workflows.admission import Admission, Rules  # noqa: PLC0415

    web = wiring.settings.web
    return Admission(
        store,
        passwords(),
        secrets.token_urlsafe,
        secrets.token_hex,
        wiring.keyed_hash,
        Rules(web.admin_session_h, web.admin_idle_minutes, web.admin_failures_per_network_h),
    )


def editor(wiring: Wiring, store: Store) -> Editor:
    """The workflow of an editor: swapping stories, holding editions."""
    from digest.workflows.edit import Editor  # noqa: PLC0415

    return Editor(store, wiring.printer)


def sample_delivery(wiring: Wiring, edition: Edition, address: str) -> Delivery:
    """A letter outside the ledger, as a reader with the default preferences would get it."""
    return Delivery(
        id=0,
        edition=edition.date,
        subscriber_id=0,
        address=address,
        preferences=wiring.default_preferences,
        message_id=wiring.message_id(edition.date, 0),
        date_header=edition.built_at,
        attempts=0,
    )
