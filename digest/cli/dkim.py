"""digest dkim: keys that sign the letters, and the DNS records that make them known."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from digest.cli._console import App, pass_app
from digest.cli._wire import wire
from digest.errors import SettingsError

if TYPE_CHECKING:
    from digest.mail.dkim import Key
    from digest.wiring import Wiring


@click.group(short_help="Make keys that sign the letters.")
def dkim() -> None:
    """Keys that sign the letters (DKIM), and the DNS records that make them known."""


@dkim.command()
@click.option(
    "--selector", metavar="NAME", help="Name of the key; else one made of the month, as d202611."
)
@click.option(
    "--ed25519",
    is_flag=True,
    help="An Ed25519 key, for a second signature besides RSA; few verifiers know it yet.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the key; else dkim/SELECTOR.pem in paths.state.",
)
@pass_app
def new(app: App, *, selector: str | None, ed25519: bool, out: Path | None) -> None:
    """Make a key, keep it in a file of mode 0600, print its DNS record and its settings.

    No key is ever replaced. Publish the record first and wait until `digest doctor` sees it, then
    set the selector.
    """
    from digest.mail.dkim import new_key, write_key  # noqa: PLC0415 - OpenSSL, for those who sign
    from digest.settings.kinds import check_selector  # noqa: PLC0415

    wiring = wire(app)
    if not app.settings.dkim.domain and app.loaded.origins["mail.from_address"] == "default":
        raise SettingsError(
            "mail.from_address: is not set, so it is not known for which domain the key is",
            "set it in digest.toml, or dkim.domain",
        )
    on = wiring.clock().astimezone(ZoneInfo(app.settings.edition.zone)).date()
    name = check_selector(selector or _of_month(on, ed25519=ed25519))
    path = out or wiring.key_file(name)
    key = new_key("ed25519" if ed25519 else "rsa")
    write_key(key, path)
    app.say(f"The key is kept in {path}.")
    _show(app, wiring, name, key)
    setting = "ed25519_selector" if ed25519 else "selector"
    app.answer("")
    app.answer("When the record can be seen (digest doctor), put this into digest.toml:")
    app.answer("")
    app.answer("[dkim]")
    app.answer(f'{setting} = "{name}"')
    if out is not None:
        app.answer(f'{"ed25519_key_file" if ed25519 else "key_file"} = "{out}"')


@dkim.command()
@pass_app
def show(app: App) -> None:
    """Print the DNS records of the keys in use."""
    wiring = wire(app)
    signer = wiring.signer
    if signer is None:
        raise SettingsError(
            "dkim.selector: is empty, so the letters are not signed here",
            "make a key: digest dkim new; or let your relay sign",
        )
    for signature in signer.signatures:
        _show(app, wiring, signature.selector, signature.key)


def _show(app: App, wiring: Wiring, selector: str, key: Key) -> None:
    from digest.mail.dkim import record, zone_line  # noqa: PLC0415

    app.answer("The DNS record, as a line of a zone file:")
    app.answer("")
    app.answer(zone_line(wiring.signing_domain, selector, key))
    app.answer("")
    app.answer("or, where a form asks for name, type and value:")
    app.answer("")
    app.answer(f"{selector}._domainkey.{wiring.signing_domain}")
    app.answer("TXT")
    app.answer(record(key))


def _of_month(on: date, *, ed25519: bool) -> str:
    return f"{'e' if ed25519 else 'd'}{on:%Y%m}"
