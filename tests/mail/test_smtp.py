"""What the transport makes of a server's answers, over real connections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.domain.delivery import (
    Accepted,
    Deferred,
    Envelope,
    Letter,
    Rejected,
    Unknown,
    Unsent,
)
from digest.errors import TransportError
from digest.mail.wire import wire_body
from digest.settings import SmtpSettings
from tests.mail.conftest import Connect, Sender, an_envelope
from tests.smtpserver import SmtpServer


def test_a_letter_arrives_as_it_was_built(server: SmtpServer, connect: Connect) -> None:
    letter = an_envelope()
    transport = connect(server.settings())
    result = transport.send(letter)
    assert result == Accepted("250 2.0.0 queued as 1")
    (arrived,) = server.letters
    assert arrived.data == letter.data
    assert (arrived.sender, arrived.recipients) == ("bounces@example.org", ("ada@example.org",))
    assert arrived.options == (f"SIZE={len(wire_body(letter.data))}",)
    assert server.said("EHLO") == ["EHLO client.example.org"]


REFUSALS = [
    ("RCPT", "450 4.2.1 mailbox busy", Deferred("450 4.2.1 mailbox busy")),
    ("RCPT", "550 5.1.1 no such user", Rejected("550 5.1.1 no such user")),
    ("RCPT", "452 4.3.1 disk full", Deferred("452 4.3.1 disk full", server_wide=True)),
    ("RCPT", "421 4.3.2 going down", Deferred("421 4.3.2 going down", server_wide=True)),
    ("RCPT", "503 MAIL first", Deferred("503 MAIL first", server_wide=True)),
    ("MAIL", "451 4.7.1 slow down", Deferred("451 4.7.1 slow down", server_wide=True)),
    ("MAIL", "421 too many", Deferred("421 too many", server_wide=True)),
    ("MAIL", "552 5.3.4 too big", Rejected("552 5.3.4 too big")),
    ("DATA", "451 4.3.0 try later", Deferred("451 4.3.0 try later", server_wide=True)),
    ("DATA", "554 5.5.1 no valid recipients", Rejected("554 5.5.1 no valid recipients")),
    ("DATA", "421 bye", Deferred("421 bye", server_wide=True)),
    ("END", "450 4.7.1 greylisted", Deferred("450 4.7.1 greylisted")),
    ("END", "552 5.3.4 too big", Rejected("552 5.3.4 too big")),
    ("END", "554 5.7.1 looks like spam", Rejected("554 5.7.1 looks like spam")),
    ("END", "421 4.4.2 bye", Deferred("421 4.4.2 bye", server_wide=True)),
    ("CONNECT", "421 4.7.0 busy", Deferred("421 4.7.0 busy", server_wide=True)),
    ("CONNECT", "450 later", Deferred("450 later", server_wide=True)),
    ("EHLO", "421 4.7.0 busy", Deferred("421 4.7.0 busy", server_wide=True)),
]


@pytest.mark.parametrize(("step", "reply", "expected"), REFUSALS, ids=lambda x: str(x)[:24])
def test_refusals(
    server: SmtpServer, connect: Connect, step: str, reply: str, expected: object
) -> None:
    server.answer(step, reply, times=1)
    transport = connect(server.settings())
    assert transport.send(an_envelope()) == expected
    assert server.letters == []
    # Whatever was said, the next letter goes out: after RSET, or over a new connection.
    assert isinstance(transport.send(an_envelope()), Accepted)
    kept = reply[:3] not in {"421", "503"} and step != "CONNECT"
    assert server.connections == (1 if kept else 2)
    assert len(server.said("RSET")) == (1 if kept and step in {"MAIL", "RCPT", "DATA"} else 0)


def test_one_refused_recipient_does_not_stop_the_rest(server: SmtpServer, connect: Connect) -> None:
    server.answer("RCPT", "550 5.1.1 no such user", to="bob@example.org")
    server.answer("END", "451 4.2.0 later", to="eve@example.org")
    transport = connect(server.settings())
    names = ["ada", "bob", "eve", "kim"]
    results = [transport.send(an_envelope(recipient=f"{n}@example.org")) for n in names]
    assert [type(result) for result in results] == [Accepted, Rejected, Deferred, Accepted]
    assert [x.recipients[0] for x in server.letters] == ["ada@example.org", "kim@example.org"]
    assert server.connections == 1


@pytest.mark.parametrize(
    ("step", "reply", "words"),
    [
        ("MAIL", "550 5.7.1 not your domain", r"the sender bounces@example.org was refused: 550"),
        ("MAIL", "530 5.7.0 log in first", "wants a login: 530"),
        ("RCPT", "530 5.7.0 log in first", "wants a login: 530"),
        ("CONNECT", "554 5.7.1 go away", "refuses this machine: 554 5.7.1 go away"),
    ],
)
def test_refusals_that_concern_all_letters(
    server: SmtpServer, connect: Connect, step: str, reply: str, words: str
) -> None:
    server.answer(step, reply)
    with pytest.raises(TransportError, match=words) as caught:
        connect(server.settings()).send(an_envelope())
    assert caught.value.hint


def test_ehlo_refused_falls_back_to_helo(server: SmtpServer, connect: Connect) -> None:
    server.answer("EHLO", "502 5.5.1 what?")
    assert isinstance(connect(server.settings()).send(an_envelope()), Accepted)
    assert server.said("MAIL") == ["MAIL FROM:<bounces@example.org>"]


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "END"])
@pytest.mark.parametrize("how", ["drop", "hang"])
def test_no_reply(server: SmtpServer, connect: Connect, step: str, how: str) -> None:
    (server.drop if how == "drop" else server.hang)(step, times=1)
    transport = connect(server.settings(timeout_s=0.3))
    outcome = transport.send(an_envelope())
    assert isinstance(outcome, Unknown if step == "END" else Unsent)
    assert ("within 0.3 s" if how == "hang" else "was lost at") in outcome.reason
    assert isinstance(transport.send(an_envelope()), Accepted)
    assert server.connections == 2


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "END"])
def test_a_reply_that_is_none_ends_the_connection(
    server: SmtpServer, connect: Connect, step: str
) -> None:
    server.answer(step, "hello there", times=1)
    transport = connect(server.settings())
    outcome = transport.send(an_envelope())
    assert isinstance(outcome, Unknown if step == "END" else Unsent)
    assert "no SMTP reply: ... o there" in outcome.reason
    assert isinstance(transport.send(an_envelope()), Accepted)
    assert server.connections == 2


def test_a_late_answer_is_waited_for(server: SmtpServer, connect: Connect) -> None:
    server.delay("END", 0.2)
    assert isinstance(connect(server.settings()).send(an_envelope()), Accepted)


def test_connections_are_reused_and_renewed(server: SmtpServer, connect: Connect) -> None:
    transport = connect(server.settings(letters_per_connection=3))
    for _ in range(7):
        assert isinstance(transport.send(an_envelope()), Accepted)
    assert server.connections == 3
    assert len(server.said("QUIT")) == 2
    transport.close()
    assert len(server.said("QUIT")) == 3


@pytest.mark.parametrize("how", ["cut", "421"])
def test_a_connection_that_ended_while_idle_is_replaced_at_once(
    server: SmtpServer, connect: Connect, how: str
) -> None:
    transport = connect(server.settings())
    transport.send(an_envelope())
    if how == "cut":
        server.cut()
    else:
        server.answer("MAIL", "421 4.4.2 idle for too long", times=1)
    assert isinstance(transport.send(an_envelope()), Accepted)
    assert (server.connections, len(server.letters)) == (2, 2)


def test_rset_refused_or_lost_makes_a_new_connection(server: SmtpServer, connect: Connect) -> None:
    transport = connect(server.settings())
    server.answer("RCPT", "550 5.1.1 no", times=2)
    server.answer("RSET", "500 what?", times=1)
    server.drop("RSET", times=1)
    assert transport.send(an_envelope()) == Rejected("550 5.1.1 no")
    assert transport.send(an_envelope()) == Rejected("550 5.1.1 no")
    assert isinstance(transport.send(an_envelope()), Accepted)
    assert server.connections == 3


@pytest.mark.parametrize("how", ["drop", "hang"])
def test_close_never_raises(server: SmtpServer, connect: Connect, how: str) -> None:
    (server.drop if how == "drop" else server.hang)("QUIT")
    transport = connect(server.settings(timeout_s=0.3))
    transport.send(an_envelope())
    transport.close()
    transport.close()
    assert server.said("QUIT") == ["QUIT"]


# --- addresses and extensions ------------------------------------------------------------------


def test_eight_bit_bytes_are_announced(server: SmtpServer, connect: Connect) -> None:
    letter = Envelope("a@example.org", "b@example.org", ("A: b\r\n\r\nü\r\n".encode(),), "1@x")
    connect(server.settings()).send(letter)
    assert "BODY=8BITMIME" in server.letters[0].options
    assert server.letters[0].data == letter.data


def test_eight_bit_bytes_without_8bitmime_are_not_sent(connect: Connect) -> None:
    letter = Envelope("a@example.org", "b@example.org", ("A: b\r\n\r\nü\r\n".encode(),), "1@x")
    with SmtpServer(hidden=("8BITMIME",)) as server:
        result = connect(server.settings()).send(letter)
        assert isinstance(result, Rejected)
        assert "8BITMIME" in result.reply
        assert server.letters == []


def test_an_international_address_uses_smtputf8(server: SmtpServer, connect: Connect) -> None:
    letter = an_envelope(recipient="jürgen@bücher.example")
    assert isinstance(connect(server.settings()).send(letter), Accepted)
    assert server.letters[0].recipients == ("jürgen@xn--bcher-kva.example",)
    assert "SMTPUTF8" in server.letters[0].options
    assert server.letters[0].data == letter.data


def test_an_international_address_without_smtputf8_is_rejected(connect: Connect) -> None:
    with SmtpServer(utf8=False) as server:
        transport = connect(server.settings())
        result = transport.send(an_envelope(recipient="jürgen@example.org"))
        assert isinstance(result, Rejected)
        assert "does not offer SMTPUTF8, which the address jürgen@example.org" in result.reply
        # An international domain alone needs nothing of the server.
        assert isinstance(transport.send(an_envelope(recipient="ada@bücher.example")), Accepted)
        assert server.connections == 1


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org>\r\nRCPT TO:<b@example.org",
        "a@example.org\nDATA",
        "a b@example.org",
        "<a@example.org>",
        "a\x00@example.org",
        "a@example.org SIZE=1",
        "a@exa\x7fmple.org",
        "no-at-sign",
        "",
    ],
)
def test_a_hostile_address_never_reaches_the_server(
    server: SmtpServer, connect: Connect, address: str
) -> None:
    data = an_envelope().data
    transport = connect(server.settings())
    result = transport.send(Envelope("a@example.org", address, (data,), "1@x"))
    assert isinstance(result, Rejected)
    if address:
        with pytest.raises(TransportError, match="no address"):
            transport.send(Envelope(address, "b@example.org", (data,), "1@x"))
    assert {line.split(" ")[0] for line in server.commands} == {"EHLO"}


def test_the_size_limit_of_the_server_is_respected(connect: Connect) -> None:
    with SmtpServer(size_limit=200) as server:
        result = connect(server.settings()).send(an_envelope())
        assert isinstance(result, Rejected)
        assert result.reply.startswith("552 ")


def test_replies_of_several_lines_become_one(server: SmtpServer, connect: Connect) -> None:
    server.answer("RCPT", "550-5.1.1 no such user,\r\n550 5.1.1 see\x1b[31m our\tpage")
    result = connect(server.settings()).send(an_envelope())
    assert result == Rejected("550 5.1.1 no such user, see [31m our page")


# --- what goes over the wire -------------------------------------------------------------------


@pytest.fixture(scope="module")
def open_line() -> Iterator[tuple[SmtpServer, Sender]]:
    with SmtpServer() as server:
        transport = Sender(server.settings(letters_per_connection=10_000))
        yield server, transport
        transport.close()


BODIES = st.lists(
    st.sampled_from([b".", b"..", b"\r\n", b"\n", b"\r", b"a", b"QUIT", b"\x00", b"\xff", b" "])
    | st.binary(max_size=20),
    max_size=30,
).map(b"".join)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(BODIES, st.integers(0, 60))
def test_any_bytes_arrive_as_one_letter(
    open_line: tuple[SmtpServer, Sender], body: bytes, cut: int
) -> None:
    server, transport = open_line
    server.letters.clear()
    server.commands.clear()
    # However it is cut into parts.
    parts = (b"A: b\r\n\r\n" + body[:cut], body[cut:])
    letter = Envelope("a@example.org", "b@example.org", parts, "1@x")
    assert isinstance(transport.send(letter), Accepted)
    lines = letter.data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    assert [x.data for x in server.letters] == [
        lines if lines.endswith(b"\r\n") else lines + b"\r\n"
    ]
    assert [line.split(" ")[0] for line in server.commands if "EHLO" not in line] == [
        *("MAIL", "RCPT", "DATA", "END")
    ]


TEXTS = st.text(
    st.sampled_from(".\n\r =\t") | st.characters(exclude_categories=["Cs", "Cc"]), max_size=300
)


@settings(max_examples=80, deadline=None)
@given(TEXTS)
def test_built_letters_arrive_byte_for_byte(
    open_line: tuple[SmtpServer, Sender], text: str
) -> None:
    server, transport = open_line
    server.letters.clear()
    letter = an_envelope(Letter("x", f"<p>{text}</p>", text, (), ()))
    transport.send(letter)
    assert [x.data for x in server.letters] == [letter.data]


@given(BODIES)
def test_no_end_of_data_hides_in_a_body(body: bytes) -> None:
    wire = wire_body(body)
    assert wire.endswith(b"\r\n")
    assert not wire.startswith(b".\r\n")
    assert b"\r\n.\r\n" not in wire
    assert wire.replace(b"\r\n", b"").translate(None, b"\r\n") == wire.replace(b"\r\n", b"")


# --- servers that cannot be reached ------------------------------------------------------------


@pytest.fixture
def mute() -> Iterator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_nothing_listens_there(server: SmtpServer, connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(TransportError, match=rf"127.0.0.1:{port}: nothing listens") as caught:
        connect(server.settings(port=port)).send(an_envelope())
    assert caught.value.hint.startswith("start the SMTP server")


@pytest.mark.parametrize("security", ["none", "tls"])
def test_a_mute_server(connect: Connect, mute: int, security: str) -> None:
    given_ = SmtpSettings(host="127.0.0.1", port=mute, security=security, timeout_s=0.2)
    with pytest.raises(TransportError, match=r"no answer within 0\.2 s"):
        connect(given_).send(an_envelope())


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "x" * 70])
def test_no_such_host(connect: Connect, server: SmtpServer, host: str) -> None:
    with pytest.raises(TransportError, match="no such host name"):
        connect(server.settings(host=host)).send(an_envelope())


def test_dropped_at_the_greeting(server: SmtpServer, connect: Connect) -> None:
    server.drop("CONNECT")
    with pytest.raises(TransportError, match="no connection"):
        connect(server.settings()).send(an_envelope())


def test_a_web_server_is_no_smtp_server(connect: Connect) -> None:
    def serve(listener: socket.socket) -> None:
        peer, _ = listener.accept()
        with peer:
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        given_ = SmtpSettings(host="127.0.0.1", port=listener.getsockname()[1], timeout_s=5)
        with pytest.raises(TransportError, match="no SMTP reply"):
            connect(given_).send(an_envelope())
        thread.join(5)
