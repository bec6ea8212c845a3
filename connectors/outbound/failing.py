"""Why there is no answer, as a kind and a sentence."""

import errno
import socket
import ssl
from dataclasses import dataclass

import aiohttp

from connectors.outbound.message import Kind
from connectors.outbound.resolving import RefusedAddress
from connectors.outbound.watching import Watched


@dataclass(slots=True)
class Stage:
    """How far a request got. `status` once there is one; `seconds` are those that it has, `connect` those until there
    is a connection; `watched` is that connection."""

    host: str
    seconds: float
    connect: float
    status: int | None = None
    looking_up: bool = False
    watched: Watched | None = None

    def connected(self, watched: Watched) -> None:
        self.watched = watched

    @property
    def flooded(self) -> bool:
        return self.watched is not None and self.watched.flooded


def told(error: BaseException, stage: Stage) -> tuple[Kind, str]:
    """The kind and the sentence of what a request ended with."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return _unconnected(stage, stage.connect)
        case aiohttp.SocketTimeoutError():
            return _late(stage, "Nothing came for too long")
        case TimeoutError():
            return _late(stage, f"{stage.seconds:g} seconds have passed")
        case aiohttp.ClientConnectorDNSError():
            return _unresolved(error.os_error, stage)
        case aiohttp.ClientConnectorCertificateError():
            return Kind.TLS, f"The certificate is not accepted: {_certificate(error.certificate_error)}"
        case aiohttp.ClientConnectorSSLError():
            return Kind.TLS, _handshake(error.os_error)
        case aiohttp.ClientConnectorError():
            return _unreached(error.os_error, stage)
        case aiohttp.ServerDisconnectedError():
            return _closed()
        case aiohttp.ClientResponseError():
            return _garbled(error.message)
        case aiohttp.ClientConnectionResetError() if stage.watched is not None and not stage.watched.reset:
            # Before the request was sent: what came first was no HTTP, or the end.
            garbled = stage.watched.garbled
            return _closed() if garbled is None else _garbled(garbled)
        case aiohttp.ClientPayloadError():
            return _broken(stage)
        case ssl.SSLError():
            return Kind.TLS, f"TLS broke off: {_ssl(error)}"
        case ConnectionError() | aiohttp.ClientOSError():
            return Kind.RESET, "The connection was reset"
        case OSError():
            return Kind.UNREACHABLE, f"The connection failed: {_line(str(error))}"
    return Kind.PROTOCOL, f"The exchange failed: {_line(str(error)) or type(error).__name__}"


def _garbled(why: str) -> tuple[Kind, str]:
    return Kind.PROTOCOL, f"What answers does not speak HTTP: {_line(why)}"


def _closed() -> tuple[Kind, str]:
    return Kind.CLOSED, "The connection was closed without an answer"


def _late(stage: Stage, what: str) -> tuple[Kind, str]:
    if stage.status is None:
        return Kind.ANSWER_TIMEOUT, f"{what} without an answer, or without the end of its head"
    return Kind.BODY_TIMEOUT, f"{what} without the end of the answer {stage.status}"


def _unconnected(stage: Stage, seconds: float) -> tuple[Kind, str]:
    if stage.looking_up:
        return Kind.DNS, f"The name {stage.host} was not looked up in {seconds:g} seconds"
    return Kind.CONNECT_TIMEOUT, f"No connection, TLS included, was made in {seconds:g} seconds"


def _unresolved(error: OSError, stage: Stage) -> tuple[Kind, str]:
    if isinstance(error, RefusedAddress):
        return Kind.ADDRESS, f"The host {stage.host} is not asked: {error}"
    if isinstance(error, socket.gaierror) and error.errno in (socket.EAI_NONAME, socket.EAI_NODATA):
        return Kind.DNS, f"The name {stage.host} has no address"
    return Kind.DNS, f"The name {stage.host} cannot be looked up now: {_line(error.strerror or str(error))}"


def _unreached(error: OSError, stage: Stage) -> tuple[Kind, str]:
    match error:
        case RefusedAddress():
            return Kind.ADDRESS, f"The host {stage.host} is not asked: {error}"
        case ConnectionRefusedError():
            return Kind.CONNECT_REFUSED, "Connections are refused at this port"
        case TimeoutError():
            return _unconnected(stage, stage.connect)
        # A connection that is made is not reset by the same call, but while TLS is agreed.
        case ConnectionError():
            return Kind.TLS, "The connection was closed while TLS was agreed"
    if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return Kind.UNREACHABLE, "There is no way to the address from here"
    # Several addresses, each with its own trouble.
    return Kind.UNREACHABLE, f"No connection can be made: {_line(error.strerror or str(error))}"


def _certificate(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _line(error.verify_message or error.reason or "")
    return _line(str(error))


def _handshake(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"):
            return "What answers does not speak TLS at this port"
        if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return "The connection was closed while TLS was agreed"
        return f"TLS could not be agreed: {_ssl(error)}"
    return f"TLS could not be agreed: {_line(str(error))}"


def _ssl(error: ssl.SSLError) -> str:
    return _line((error.reason or str(error)).replace("_", " ").lower())


def _broken(stage: Stage) -> tuple[Kind, str]:
    """A body that broke off."""
    if stage.watched is not None and stage.watched.reset:
        return Kind.RESET, "The connection was reset within the answer"
    return Kind.CLOSED, "The connection was closed before the answer was whole"


def _line(text: str) -> str:
    """One short line of what others say."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]
