"""A guard that follows a Doorward."""

import os
import ssl
import threading
import time
import weakref
from collections.abc import Iterable
from typing import NamedTuple, Optional, Union

from ._answers import Malformed
from ._credentials import API_KEY_PREFIX, credential_from_headers
from ._denied import Denied
from ._follower import Follower, fetch_keys
from ._http import Client, Unreachable
from ._identity import Identity
from ._introspection import Introspection
from ._token import UnknownKey
from ._verifier import Verifier

#: How long the first requests of a process wait for the first answer of Doorward, in seconds.
FIRST_ANSWER_PATIENCE = 2.0
#: How often, in seconds, an unknown ``kid`` may make the guard fetch the keys, and how long that may take.
UNKNOWN_KEY_EVERY = 60.0
UNKNOWN_KEY_PATIENCE = 2.0

WHEN_STALE = ("fail-closed", "fail-open")


class Status(NamedTuple):
    """What a guard knows of itself."""

    url: str
    #: The last number of the feed taken in; ``None`` before the first answer.
    sequence: Optional[int]
    #: How old its knowledge is; ``None`` before the first answer.
    seconds_since_fresh: Optional[float]
    #: Whether everybody is refused for that.
    stale: bool
    #: The names of the keys that verify JWTs.
    keys: tuple[str, ...]
    #: What went wrong last; ``None`` while all is well.
    last_error: Optional[str]
    #: Verified tokens remembered.
    remembered: int
    revoked_sessions: int
    revoked_tokens: int
    revoked_users: int
    changed_roles: int
    #: Answers of the feed taken in, snapshots among them, and failures.
    answers: int
    snapshots: int
    failures: int
    #: Events of kinds that this version does not know.
    unknown_events: int


class _InProcess:
    """What belongs to one process: a fork takes neither threads nor a sound lock or connection along."""

    def __init__(self, follower: Follower, tls: Optional[ssl.SSLContext]) -> None:
        self.follower = follower
        #: To read the certificates takes longer than to ask. Of each process: gevent may replace what it is made of.
        self.tls = tls
        self.starting = threading.Lock()
        self.started = False
        self.begun_at = time.monotonic()
        self.keys_asked_at: Optional[float] = None


_GUARDS: "weakref.WeakSet[Guard]" = weakref.WeakSet()


def _after_fork() -> None:
    # Process ids come again: none of an ancestor must be taken for the child's own.
    for guard in list(_GUARDS):
        guard._processes.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Guard:
    """Says who is asking, from tokens that Doorward issued, without asking Doorward.

    It follows Doorward's revocations and keys in one thread, which begins with the first use in each process: a guard may be made
    before a server forks. While Doorward is away it goes on with what it knows, for ``max_staleness`` seconds; then it refuses
    everybody (``fail-closed``), or goes on for ever (``fail-open``), which leaves logged-out tokens alive until they expire.
    """

    def __init__(
        self,
        url: str,
        service_key: str,
        *,
        issuer: str = "doorward",
        audience: str = "doorward",
        secret_keys: Iterable[Union[str, bytes]] = (),
        flask_algorithm: str = "HS512",
        max_staleness: float = 30,
        when_stale: str = "fail-closed",
        cache_capacity: int = 65_536,
        introspect: bool = False,
        introspection_ttl: float = 10,
        ca_file: Optional[str] = None,
    ) -> None:
        if when_stale not in WHEN_STALE:
            raise ValueError(f"when_stale is {when_stale!r}; it takes {' or '.join(WHEN_STALE)}")
        if not service_key.startswith(API_KEY_PREFIX) or not service_key.isascii() or not service_key.isprintable():
            raise ValueError("service_key is none: `doorward service create NAME --scope revocations` prints one")
        self._url = url
        self._ca_file = ca_file
        self._authorization = {"Authorization": f"Bearer {service_key}"}
        self._fail_closed = when_stale == "fail-closed"
        self._verifier = Verifier(
            issuer=issuer,
            audience=audience,
            secret_keys=secret_keys,
            flask_algorithm=flask_algorithm,
            max_staleness=max_staleness if self._fail_closed else None,
            cache_capacity=cache_capacity,
        )
        self._introspection: Optional[Introspection] = None
        if introspect:
            self._introspection = Introspection(
                self._introspecting_client, self._verifier.revocations, introspection_ttl, cache_capacity
            )
        # What is wrong with the URL or the certificates is told here, not at the first request.
        self._client({}, self._new_tls())
        self._processes: dict[int, _InProcess] = {}
        _GUARDS.add(self)

    def verify(self, token: str) -> Identity:
        """Who shows this token or API key. Raises ``Denied``."""
        in_process = self._here()
        if token.startswith(API_KEY_PREFIX) and self._introspection is not None:
            self._refuse_if_stale()
            return self._introspection.identify(token)
        try:
            return self._verifier.verify(token, time.time())
        except UnknownKey:
            if self._fail_closed and not self._verifier.keys.fetched:
                raise Denied("guard_stale", "the keys could not be fetched yet") from None
            if not self._fetched_anew(in_process):
                raise
        return self._verifier.verify(token, time.time())

    def verify_headers(self, headers: Iterable[tuple[str, str]]) -> Identity:
        """Who sends a request with these headers: the header ``token``, or ``Authorization: Bearer``. Raises ``Denied``."""
        return self.verify(credential_from_headers(headers))

    def with_roles(self, identity: Identity, token: str) -> Identity:
        """The identity with its roles: Flask tokens carry none, so Doorward is asked, if introspection is on."""
        if identity.format != "flask" or self._introspection is None:
            return identity
        return self._introspection.identify(token)

    def start(self) -> None:
        """Begins to follow now, instead of with the first request, and waits shortly for the first answer."""
        self._here()

    def close(self) -> None:
        """Follows no more in this process."""
        in_process = self._processes.pop(os.getpid(), None)
        if in_process is not None:
            in_process.follower.stop()

    def status(self) -> Status:
        """What it knows, and how fresh that is. Begins nothing."""
        now = time.time()
        verifier = self._verifier
        in_process = self._processes.get(os.getpid())
        follower = None if in_process is None else in_process.follower
        heard = verifier.fresh_at > 0
        sessions, tokens, users, roles = verifier.revocations.counts()
        return Status(
            url=self._url,
            sequence=follower.sequence if follower else None,
            seconds_since_fresh=now - verifier.fresh_at if heard else None,
            stale=verifier.is_stale(now),
            keys=tuple(verifier.keys.kids()),
            last_error=follower.last_error if follower else None,
            remembered=verifier.remembered(),
            revoked_sessions=sessions,
            revoked_tokens=tokens,
            revoked_users=users,
            changed_roles=roles,
            answers=follower.answers if follower else 0,
            snapshots=follower.snapshots if follower else 0,
            failures=follower.failures if follower else 0,
            unknown_events=follower.unknown_events if follower else 0,
        )

    def _here(self) -> _InProcess:
        """What belongs to this process, begun if this is its first use."""
        in_process = self._processes.get(os.getpid())
        if in_process is None or not in_process.started:
            in_process = self._begin()
        attempted = in_process.follower.attempted
        if not attempted.is_set():
            attempted.wait(max(0.0, in_process.begun_at + FIRST_ANSWER_PATIENCE - time.monotonic()))
        return in_process

    def _begin(self) -> _InProcess:
        # No lock guards this: one made before a fork, or before gevent patches them, would not do. Of several threads that come
        # here at once, `setdefault` takes one's word.
        tls = self._new_tls()
        follower = Follower(self._verifier, self._client(self._authorization, tls))
        in_process = self._processes.setdefault(os.getpid(), _InProcess(follower, tls))
        with in_process.starting:
            if not in_process.started:
                # Those of the process that forked this one.
                for pid in [pid for pid in self._processes if pid != os.getpid()]:
                    self._processes.pop(pid, None)
                self._verifier.revocations.doubt()
                self._verifier.forget()
                in_process.follower.start()
                in_process.started = True
        return in_process

    def _refuse_if_stale(self) -> None:
        if self._verifier.is_stale(time.time()):
            raise Denied("guard_stale", "the revocation feed is stale")

    def _fetched_anew(self, in_process: _InProcess) -> bool:
        """Fetches the keys in the request's own thread, at most once a minute; says whether it is worth looking again."""
        fetching_keys = in_process.follower.fetching_keys
        if not fetching_keys.acquire(timeout=UNKNOWN_KEY_PATIENCE):
            return False
        try:
            now = time.monotonic()
            asked_at = in_process.keys_asked_at
            if asked_at is not None and now - asked_at < UNKNOWN_KEY_EVERY:
                # Whoever waited for another's fetch looks again; a look-up is all that it costs.
                return True
            in_process.keys_asked_at = now
            client = self._client({}, in_process.tls)
            try:
                fetch_keys(client, self._verifier, UNKNOWN_KEY_PATIENCE)
            except (Unreachable, Malformed) as error:
                in_process.follower.last_error = f"the keys: {error}"
                return False
            finally:
                client.close()
            return True
        finally:
            fetching_keys.release()

    def _introspecting_client(self) -> Client:
        return self._client(self._authorization, self._here().tls)

    def _client(self, headers: dict[str, str], tls: Optional[ssl.SSLContext]) -> Client:
        return Client(self._url, headers, tls)

    def _new_tls(self) -> Optional[ssl.SSLContext]:
        return ssl.create_default_context(cafile=self._ca_file) if self._url.lower().startswith("https:") else None
