"""digest token add|list|revoke and digest admin password."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import click

from digest.cli._console import App, pass_app
from digest.cli._wire import wire
from digest.domain.access import SCOPE_WORDS, Scope, Token
from digest.errors import UsageError
from digest.wiring import operator

_SCOPES = "\n".join(f"  {scope}: {words}" for scope, words in SCOPE_WORDS.items())


@click.group(short_help="Make, list and revoke the tokens of the API.")
def token() -> None:
    """Make, list and revoke the tokens of the API."""


@token.command(
    help="Make a token and print it: this once, for nothing is kept but its hash.\n\n"
    "Scopes:\n\n\b\n" + _SCOPES
)
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([str(scope) for scope in Scope]),
    multiple=True,
    required=True,
    help="What it may do; several may be given.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=365,
    show_default=True,
    help="How long it holds.",
)
@click.option("--forever", is_flag=True, help="It holds until it is revoked.")
@pass_app
def add(app: App, *, name: str, scopes: tuple[str, ...], days: int, forever: bool) -> None:
    """See `help` above."""
    wiring = wire(app)
    now = wiring.clock()
    until = None if forever else now + timedelta(days=days)
    with wiring.store() as store:
        made, text = operator.admission(wiring, store).make(
            name, {Scope(s) for s in scopes}, until, now
        )
    app.say(f"{made.name}: {_until(made)}. It is shown this once:")
    app.answer(text)


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@pass_app
def list_(app: App, *, as_json: bool) -> None:
    """List all tokens, with their scopes and when they were used last."""
    wiring = wire(app)
    now = wiring.clock()
    with wiring.store(keep=False) as store:
        tokens = store.keys.tokens()
    if as_json:
        app.as_json(
            [
                {
                    "name": t.name,
                    "id": t.id,
                    "scopes": sorted(t.scopes),
                    "created_at": t.created_at,
                    "expires_at": t.expires_at,
                    "last_used_at": t.last_used_at,
                    "revoked_at": t.revoked_at,
                    "holds": t.holds(now),
                }
                for t in tokens
            ]
        )
        return
    if not tokens:
        app.say("No token yet. Make one: digest token add NAME --scope SCOPE")
        return
    app.table(
        [(t.name, _state(t, now), ", ".join(sorted(t.scopes)), _minute(t)) for t in tokens],
        ["name", "state", "scopes", "last used"],
    )


@token.command()
@click.argument("name")
@pass_app
def revoke(app: App, *, name: str) -> None:
    """Revoke a token: from now on it opens nothing, and whoever signed in with it is out."""
    wiring = wire(app)
    with wiring.store() as store:
        done = store.keys.revoke(name, wiring.clock())
    if not done:
        raise UsageError(f"{name}: there is no such token", "see: digest token list")
    app.answer(f"{name}: revoked")


@click.group(short_help="The operator's page, /admin.")
def admin() -> None:
    """Who may sign in to the operator's page, /admin."""


@admin.command()
@click.option("--off", is_flag=True, help="Take the password away.")
@pass_app
def password(app: App, *, off: bool) -> None:
    """Set the password of /admin: asked for twice, or read from the first line of a pipe.

    Whoever is signed in with the former one is signed out. Without a password, and without a token
    of the scope admin, there is no such page.
    """
    wiring = wire(app)
    now = wiring.clock()
    if off:
        with wiring.store() as store:
            store.keys.set_password("", now)
        app.answer("The password is taken away.")
        return
    if sys.stdin.isatty():
        given = click.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    with wiring.store() as store:
        operator.admission(wiring, store).set_password(given, now)
    app.answer(f"Set. Sign in at {wiring.settings.site.base_url}/admin")


def _until(made: Token) -> str:
    return f"holds until {made.expires_at:%Y-%m-%d}" if made.expires_at else "holds until revoked"


def _state(made: Token, now: datetime) -> str:
    if made.revoked_at is not None:
        return f"revoked {made.revoked_at:%Y-%m-%d}"
    return _until(made) if made.holds(now) else f"ended {made.expires_at:%Y-%m-%d}"


def _minute(made: Token) -> str:
    used = made.last_used_at
    return f"{used.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if used else "never"
