"""Requests to Doorward: bounded in time and size, never redirected, through no proxy of the environment."""

import http.client
import io
import ssl
import time
import urllib.parse
from typing import Any, NamedTuple, Optional


class Unreachable(Exception):
    """No answer that can be used; says why."""


class TooLarge(Unreachable):
    """The answer is larger than asked for."""


class Answer(NamedTuple):
    """What came back, and when (unix seconds)."""

    status: int
    body: bytes
    received: float


class Client:
    """One connection to Doorward, kept open between requests. For one thread."""

    def __init__(self, url: str, headers: dict[str, str], tls: Optional[ssl.SSLContext]) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"url is {url!r}; it takes the address of Doorward, such as https://id.example")
        if parts.query or parts.fragment or parts.username is not None or parts.password is not None:
            raise ValueError("url takes no query, fragment, user or password")
        self._host: str = parts.hostname
        self._port: Optional[int] = parts.port
        self._prefix = parts.path.rstrip("/")
        self._tls = tls if parts.scheme == "https" else None
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
        self._connection: Any = None

    def get(self, path: str, *, limit: int, seconds: float) -> Answer:
        """The answer to a GET of at most ``limit`` bytes, within ``seconds`` in all."""
        return self._ask("GET", path, None, {}, limit, time.monotonic() + seconds)

    def post_form(self, path: str, form: dict[str, str], *, limit: int, seconds: float) -> Answer:
        """The same for a form that is posted."""
        body = urllib.parse.urlencode(form).encode("ascii")
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, body, headers, limit, time.monotonic() + seconds)

    def close(self) -> None:
        """Closes the connection; the next request opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _ask(self, method: str, path: str, body: Optional[bytes], headers: dict[str, str], limit: int, deadline: float) -> Answer:
        reused = self._connection is not None
        try:
            try:
                return self._exchange(method, path, body, headers, limit, deadline)
            except (ConnectionError, http.client.BadStatusLine):
                self.close()
                if not reused:
                    raise
                # Doorward has closed the kept connection meanwhile, or has begun anew.
                return self._exchange(method, path, body, headers, limit, deadline)
        except Unreachable:
            self.close()
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise Unreachable(f"{type(error).__name__}: {error}") from error
        except BaseException:
            self.close()
            raise

    def _exchange(
        self, method: str, path: str, body: Optional[bytes], headers: dict[str, str], limit: int, deadline: float
    ) -> Answer:
        if self._connection is None:
            self._connection = self._connect()
        connection = self._connection
        connection.deadline = deadline
        connection.request(method, self._prefix + path, body=body, headers={**self._headers, **headers})
        response = connection.getresponse()
        content = _read(response, limit)
        received = time.time()
        if response.status >= 300:
            # What is left of an answer that is not wanted must not be taken for the next.
            self.close()
        return Answer(response.status, content, received)

    def _connect(self) -> Any:
        if self._tls is None:
            return _Plain(self._host, self._port)
        return _Tls(self._host, self._port, context=self._tls)


def _read(response: http.client.HTTPResponse, limit: int) -> bytes:
    if response.length is not None and response.length > limit:
        raise TooLarge(f"an answer of {response.length} bytes, more than {limit}")
    parts = []
    size = 0
    while True:
        part = response.read(65_536)
        if not part:
            break
        parts.append(part)
        size += len(part)
        if size > limit:
            raise TooLarge(f"an answer of more than {limit} bytes")
    # A connection that ends early gives a short body without an error.
    if response.length:
        raise Unreachable("the answer ended early")
    return b"".join(parts)


class _Plain(http.client.HTTPConnection):
    deadline = 0.0

    def connect(self) -> None:
        self.timeout = _left(self.deadline)
        super().connect()
        self.sock: Any = _Bounded(self.sock, self)


class _Tls(http.client.HTTPSConnection):
    deadline = 0.0

    def connect(self) -> None:
        self.timeout = _left(self.deadline)
        super().connect()
        self.sock: Any = _Bounded(self.sock, self)


class _Bounded:
    """A socket whose every operation ends with the request's deadline: a plain timeout begins anew with each byte that drips."""

    def __init__(self, sock: Any, connection: Any) -> None:
        self._sock = sock
        self._connection = connection

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_left(self._connection.deadline))
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._sock.makefile(mode, buffering=0), self._connection))

    def close(self) -> None:
        self._sock.close()


class _Reader(io.RawIOBase):
    def __init__(self, sock: Any, raw: Any, connection: Any) -> None:
        self._sock = sock
        self._raw = raw
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Any:
        self._sock.settimeout(_left(self._connection.deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
