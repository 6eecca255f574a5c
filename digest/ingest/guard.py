"""The address guard: feeds may name any host, and must not reach into our own network.

Every address that a name resolves to is judged, and the connection is made to the very address
that was judged, so that a name cannot change its mind in between (DNS rebinding). It sits below
the HTTP client, where connections are made: a redirect passes it like a first request.
Why not `ip.is_global` alone: it is True for NAT64, 6to4, IPv4-compatible and multicast addresses
and for 192.0.0.8 (IANA special-purpose registries; RFC 6890, 6052, 3056, 4380).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Final

import httpcore
import httpx

from digest.ingest.faults import FeedError, RefusedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
"""(host, port) -> its addresses; raises OSError. Called in a thread of its own."""

PORTS: Final = (80, 443)
UNANSWERED: Final = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)
"""What a client above the guarded transport raises where nothing answers, time-outs aside."""
_TRIED: Final = 4
"""How many of a host's addresses are tried; the time to connect is shared among them."""

_NEVER: Final = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "3fff::/20"),
    )
)
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")


def networks(names: Iterable[str]) -> tuple[Network, ...]:
    """`feeds.allow_private` as networks; the settings have checked that they are."""
    return tuple(map(ipaddress.ip_network, names))


def is_public(address: Address) -> bool:
    """Whether it is an ordinary address of the internet, and so is each one wrapped in it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        inner = list(_wrapped(address))
        if not all(map(is_public, inner)) or not (address in _UNICAST or address in _NAT64):
            return False
    if any(address in net for net in _NEVER if net.version == address.version):
        return False
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    if isinstance(address, ipaddress.IPv6Address) and (address in _NAT64 or address.sixtofour):
        return True
    return address.is_global and not special


def _wrapped(address: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in _NAT64 or address in _COMPATIBLE:
        yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)


class Guard:
    """Says which addresses of a host may be connected to. `allowed` networks pass on any port."""

    def __init__(
        self,
        allowed: Iterable[Network] = (),
        resolve: Resolver | None = None,
        *,
        section: str = "feeds",
    ) -> None:
        """`section` is that of the settings whose `allow_private` was given, for messages."""
        self._allowed = tuple(allowed)
        self._section = section
        self._resolve = resolve or _system_resolver

    async def addresses(self, host: str, port: int) -> list[str]:
        """Up to four addresses, families taking turns. Raises RefusedError or socket.gaierror.

        One bad address among them refuses the host: a name that points both out and in is not
        a feed's.
        """
        found: list[Address] = []
        for text in await self._look_up(host, port):
            address = ipaddress.ip_address(text.partition("%")[0])
            self.judge(address, host, port)
            if address not in found:
                found.append(address)
        first = [str(item) for item in found if item.version == found[0].version]
        other = [str(item) for item in found if item.version != found[0].version]
        turns = [pair[turn] for pair in zip(first, other, strict=False) for turn in (0, 1)]
        rest = [item for item in first + other if item not in turns]
        return (turns + rest)[:_TRIED]

    def judge(self, address: Address, host: str, port: int) -> None:
        """Raises RefusedError unless the address may be connected to on `port`."""
        faces = [address]
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            faces.append(address.ipv4_mapped)
        if any(
            face in net for net in self._allowed for face in faces if net.version == face.version
        ):
            return
        if not is_public(address):
            raise RefusedError(
                f"{host} is at {address}, which is not a public address; "
                f"{self._section}.allow_private may name its network"
            )
        if port not in PORTS:
            raise RefusedError(
                f"port {port} of {host}: {self._section} may be on ports 80 and 443 only"
            )

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        """A thread of our own: the loop would wait for its own threads, as long as DNS takes."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[str]] = loop.create_future()

        def settle(found: Sequence[str] | OSError) -> None:
            if answer.done():
                return
            if isinstance(found, OSError):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def look_up() -> None:
            found: Sequence[str] | OSError
            try:
                found = self._resolve(host, port)
            except OSError as err:
                found = err
            except UnicodeError:
                found = socket.gaierror(socket.EAI_NONAME, "it is no host name")
            try:
                loop.call_soon_threadsafe(settle, found)
            except RuntimeError:
                return  # the round is over and its loop closed

        threading.Thread(target=look_up, daemon=True, name="digest-resolve").start()
        found = await answer
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        return found


def _system_resolver(host: str, port: int) -> list[str]:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in infos]


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to judged addresses only. TLS above it still speaks and checks the host's name."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first of the host's addresses that takes one."""
        try:
            async with asyncio.timeout(timeout):
                found = await self._guard.addresses(host, port)
        except TimeoutError as err:
            raise FeedError(f"the name {host} was not resolved within {timeout:g} s") from err
        except OSError as err:
            raise FeedError(f"the name {host} cannot be resolved") from err
        share = None if timeout is None else timeout / len(found)
        for address in found[:-1]:
            try:
                return await self._backend.connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._backend.connect_tcp(
            found[-1], port, share, local_address, socket_options
        )


class GuardedTransport(httpx.AsyncBaseTransport):
    """httpx's way to the network, through the guard. No proxy: it would connect in our place."""

    def __init__(self, guard: Guard, ssl_context: ssl.SSLContext) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context,
            network_backend=GuardedBackend(guard),
            max_connections=None,
            max_keepalive_connections=10,
            keepalive_expiry=10.0,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, one answer. Raises httpcore's exceptions and RefusedError."""
        answer = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Stream(answer),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._answer.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._answer.aclose()
