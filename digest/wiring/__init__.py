"""The one place that names concrete classes: ports -> the rooms that stand behind them.

Every part is made when it is first asked for, so that a command pays only for what it uses:
`digest subscribers list` never opens a template, a sending process never imports numpy.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from digest import resources
from digest.domain import tokens
from digest.domain.delivery import Delivery, Envelope, Letter
from digest.domain.notice import Notice
from digest.domain.subscriber import Preferences, Subscriber
from digest.ports import Clock, FeedReader, Printer, Store, Transport
from digest.settings import Settings
from digest.wiring import post, senders, stories
from digest.wiring.keys import all_keys, key_id

if TYPE_CHECKING:
    from digest.catalog.library import ContentLibrary
    from digest.catalog.press import CachedPress
    from digest.domain.scoring import Model
    from digest.mail.dkim import DkimSigner
    from digest.rendering.environment import Templates
    from digest.rendering.letter import Imprint
    from digest.workflows.bring_in import Bringer
    from digest.workflows.choose import Chooser
    from digest.workflows.deliver import Courier
    from digest.workflows.listen import Listener
    from digest.workflows.notify import Messenger
    from digest.workflows.publish import Publisher
    from digest.workflows.pulse import Pulse
    from digest.workflows.reception import Reception
    from digest.workflows.subscribe import Registrar

LINKS = {
    tokens.Purpose.CONFIRM: "confirm",
    tokens.Purpose.UNSUBSCRIBE: "u",
    tokens.Purpose.PREFERENCES: "p",
    tokens.Purpose.UNDO: "undo",
}
"""Purpose of a signed link -> the path under which the site takes it."""


def utc_now() -> datetime:
    """The clock of the whole program."""
    return datetime.now(UTC)  # noqa: TID251 - the one place where time comes in


@dataclass(frozen=True)
class Wiring:
    """The parts of one process, by settings and clock."""

    settings: Settings
    clock: Clock = utc_now

    # --- content and letters --------------------------------------------------------------------

    @cached_property
    def library(self) -> ContentLibrary:
        """content/: the operator's folder, else the one that came with the program."""
        from digest.catalog.library import ContentLibrary  # noqa: PLC0415 - see the docstring

        return ContentLibrary(self.content, self.settings.paths.sources)

    @property
    def content(self) -> Path:
        """Where content/ is."""
        return self.settings.paths.content or resources.folder("content")

    @cached_property
    def press(self) -> CachedPress:
        """Figures from the cache or from child processes."""
        from digest.catalog.press import CachedPress  # noqa: PLC0415

        return CachedPress(self.content, self.settings.paths.cache)

    @cached_property
    def templates(self) -> Templates:
        """Templates: the operator's over ours."""
        from digest.rendering.environment import Templates  # noqa: PLC0415

        return Templates(resources.folder("templates"), self.settings.paths.templates)

    @cached_property
    def printer(self) -> Printer:
        """What renders blocks and letters."""
        from digest.rendering.letter import LetterPrinter, Links  # noqa: PLC0415

        def links(subscriber_id: int) -> Links:
            leave = self.link(tokens.Purpose.UNSUBSCRIBE, str(subscriber_id))
            return Links(
                unsubscribe=leave,
                one_click=leave,
                preferences=self.link(tokens.Purpose.PREFERENCES, str(subscriber_id)),
                by_mail=post.leave_by_mail(self, subscriber_id),
            )

        def concepts() -> dict[str, object]:
            return {concept.slug: concept for concept in self.library.concepts}

        return LetterPrinter(self.templates, self.imprint, concepts, links)  # type: ignore[arg-type]

    @cached_property
    def imprint(self) -> Imprint:
        """What mails say of the publisher."""
        from digest.rendering.letter import Imprint  # noqa: PLC0415

        site, mail = self.settings.site, self.settings.mail
        return Imprint(
            title=site.title,
            tagline=site.tagline,
            base_url=site.base_url,
            domain=self.domain,
            postal_address=site.postal_address,
            report_address=mail.reply_to or mail.from_address,
            list_id=mail.list_id or self.domain,
            unsubscribe_address=mail.reply_to or mail.from_address,
            images=mail.images,
            auto_submitted=mail.auto_submitted,
            precedence_bulk=mail.precedence_bulk,
        )

    def link(self, purpose: tokens.Purpose, subject: str, at: datetime | None = None) -> str:
        """The address of a reader's own page, signed; `at` begins its lifetime where it has one."""
        # A purpose without lifetime is signed the same at any moment.
        moment = at or datetime.fromtimestamp(0, UTC)
        token = tokens.sign(self.keys, purpose, subject, moment)
        return f"{self.settings.site.base_url}/{LINKS[purpose]}/{token}"

    @property
    def domain(self) -> str:
        """The domain of Message-IDs, Content-IDs and, unless set, the List-Id."""
        return self.settings.mail.from_address.rpartition("@")[2] or "localhost.localdomain"

    # --- the outside ----------------------------------------------------------------------------

    @cached_property
    def reader(self) -> FeedReader:
        """Feeds over HTTP."""
        from digest.ingest.reader import HttpFeedReader  # noqa: PLC0415

        return HttpFeedReader(self.settings.feeds, self.clock)

    def transport(self, store: Store | None = None) -> Transport:
        """A new SMTP transport; without a store, it shares no pace with others."""
        return senders.transport(self.settings, self.clock, store)

    def folder_transport(self, folder: Path) -> Transport:
        """Letters into a folder instead."""
        from digest.mail.outbox import FolderTransport  # noqa: PLC0415

        return FolderTransport(folder)

    @cached_property
    def signer(self) -> DkimSigner | None:
        """Signs the letters, where the settings name a key. Raises SettingsError for a bad one."""
        from digest.mail.dkim import DkimSigner, Signature, load_key  # noqa: PLC0415

        dkim = self.settings.dkim
        signatures = [
            Signature(
                self.signing_domain, selector, load_key(file or self.key_file(selector), name)
            )
            for selector, file, name in (
                (dkim.selector, dkim.key_file, "dkim.key_file"),
                (dkim.ed25519_selector, dkim.ed25519_key_file, "dkim.ed25519_key_file"),
            )
            if selector
        ]
        return DkimSigner(signatures) if signatures else None

    @property
    def signing_domain(self) -> str:
        """The domain of the signatures (d=)."""
        return self.settings.dkim.domain or self.domain

    def key_file(self, selector: str) -> Path:
        """Where the key of a selector is kept unless the settings say otherwise."""
        return self.settings.paths.state / "dkim" / f"{selector}.pem"

    def seal(self, letter: Letter, delivery: Delivery) -> Envelope:
        """A letter as bytes; the same delivery gives the same bytes, whenever it is sealed."""
        from digest.mail.message import envelope  # noqa: PLC0415

        return envelope(
            letter,
            recipient=delivery.address,
            message_id=delivery.message_id,
            date=delivery.date_header,
            mail=self.settings.mail,
            signer=self.signer,
            sender=post.return_path(self, delivery),
        )

    def seal_notice(self, letter: Letter, notice: Notice, reader: Subscriber) -> Envelope:
        """A notice as bytes."""
        from digest.mail.message import envelope  # noqa: PLC0415

        tag = tokens.keyed_hash(self.keys[0], "notice-id", f"{notice.id}/{notice.created_at}")[:32]
        sealed = envelope(
            letter,
            recipient=reader.address,
            message_id=f"{notice.kind}.{tag}@{self.domain}",
            date=notice.created_at,
            mail=post.mail_of(self, notice, reader),
            signer=self.signer,
        )
        return post.returning_notice(self, sealed, notice, reader)

    @contextmanager
    def store(self, *, keep: bool = True) -> Iterator[Store]:
        """The database; with `keep=False` nothing that is done in it lasts (a dry run).

        An empty database gets its tables; one of an older schema is refused.
        """
        from digest.storage import open_store  # noqa: PLC0415

        delivery = self.settings.delivery
        with open_store(
            self.settings.database,
            keep=keep,
            message_id=self.message_id,
            lease_minutes=delivery.lease_minutes,
            retry_minutes=delivery.retry_minutes,
            on_ambiguous=delivery.on_ambiguous,
            hashes_of=self.address_hashes,
            key_id=key_id(self.keys[0]),
        ) as store:
            yield store

    # --- workflows ------------------------------------------------------------------------------

    def publisher(self, store: Store) -> Publisher:
        """The workflow that builds and publishes editions."""
        from digest.workflows.publish import Publisher, Wanted  # noqa: PLC0415

        edition = self.settings.edition
        wanted = Wanted(edition.concepts, edition.stories, edition.story_window_h)
        return Publisher(self.library, store, self.press, self.printer, self.chooser(store), wanted)

    def chooser(self, store: Store, weights: Path | None = None) -> Chooser:
        """What ranks and chooses stories, by the weights of a file or those of the settings."""
        from digest.workflows.choose import Chooser  # noqa: PLC0415

        sources = {source.id: source for source in self.library.sources}
        return Chooser(sources, self.model(weights), stories.meaning(self.settings, store))

    def model(self, weights: Path | None = None) -> Model:
        """The weights of the ranking: of `weights`, else the operator's, over those shipped.

        Raises CatalogError naming file and key of what is wrong.
        """
        from digest.catalog.weights import read_model  # noqa: PLC0415

        shipped = read_model(resources.data("ranking.json"))
        own = weights or self.settings.paths.weights
        return shipped if own is None else read_model(own, shipped)

    def courier(
        self,
        store: Store,
        transport: Transport,
        *,
        owner: str = "",
        stop: Callable[[], bool] = lambda: False,
    ) -> Courier:
        """The workflow that sends; `stop` tells when to begin no further letter."""
        return senders.courier(self, store, transport, owner or self.new_owner(), stop)

    @cached_property
    def pulse(self) -> Pulse:
        """What this process says of its sending."""
        from digest.workflows.pulse import Pulse  # noqa: PLC0415

        return Pulse(self.new_owner(), self.clock)

    @staticmethod
    def new_owner() -> str:
        """A name under which a process claims rows: host, process, chance."""
        return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def registrar(self, store: Store) -> Registrar:
        """The workflow that changes subscribers."""
        from digest.workflows.subscribe import Registrar  # noqa: PLC0415

        return Registrar(store, self.default_preferences)

    def bringer(self, store: Store) -> Bringer:
        """The workflow that brings in lists of other programs."""
        from digest.workflows.bring_in import Bringer  # noqa: PLC0415

        return Bringer(store, self.keyed_hash, self.default_preferences)

    def reception(self, store: Store) -> Reception:
        """The workflow that takes what readers ask for themselves."""
        from digest.workflows.reception import Limits, Reception  # noqa: PLC0415

        web = self.settings.web
        limits = Limits(
            web.requests_per_network_h, web.requests_per_minute, web.requests_per_domain_h
        )
        return Reception(store, self.keyed_hash, limits)

    def messenger(self, store: Store) -> Messenger:
        """The workflow that sends notices."""
        from digest.rendering.notice import NoticeLinks, NoticePrinter  # noqa: PLC0415
        from digest.workflows.notify import Messenger  # noqa: PLC0415

        def links(reader: Subscriber, notice: Notice) -> NoticeLinks:
            number, at = str(reader.id), notice.created_at
            left = int(reader.left_at.timestamp()) if reader.left_at else 0
            return NoticeLinks(
                confirm=self.link(tokens.Purpose.CONFIRM, number, at),
                unsubscribe=self.link(tokens.Purpose.UNSUBSCRIBE, number),
                preferences=self.link(tokens.Purpose.PREFERENCES, number),
                undo=self.link(tokens.Purpose.UNDO, f"{number}:{left}", at),
                by_mail=post.leave_by_mail(self, reader.id),
                answer=bool(self.settings.inbound.domain) and post.asks(notice.kind),
            )

        return Messenger(
            store=store,
            compose=NoticePrinter(self.templates, self.imprint, links).letter,
            seal=self.seal_notice,
            transport=partial(self.transport, store),
            clock=self.clock,
            owner=self.new_owner(),
        )

    def listener(self, store: Store) -> Listener:
        """The workflow that hears mail that comes in."""
        return post.listener(self, store)

    @property
    def default_preferences(self) -> Preferences:
        """What a subscriber gets who says nothing."""
        edition = self.settings.edition
        return Preferences(zone=edition.zone, hour=edition.hour)

    # --- keys -----------------------------------------------------------------------------------

    @cached_property
    def keys(self) -> list[str]:
        """The secret key and the former ones.

        Raises SettingsError when the key is too short, OutputError when none is set and the one
        made for this installation cannot be kept.
        """
        return all_keys(self.settings)

    def message_id(self, edition: date, subscriber_id: int) -> str:
        """The Message-ID of a delivery, without angle brackets."""
        return tokens.message_id(self.keys[0], edition, subscriber_id, self.domain)

    def keyed_hash(self, purpose: str, text: str) -> str:
        """A hash that only this installation can make."""
        return tokens.keyed_hash(self.keys[0], purpose, text)

    def address_hashes(self, key: str) -> list[str]:
        """The keyed hashes under which a forgotten address stays suppressed, the newest first."""
        return [tokens.keyed_hash(secret, "suppression", key) for secret in self.listing_keys]

    @cached_property
    def listing_keys(self) -> list[str]:
        """The keys of the suppression list: all, and those that are for nothing else."""
        more = [key.get_secret_value() for key in self.settings.suppression_keys]
        return [*self.keys, *(key for key in more if key not in self.keys)]
