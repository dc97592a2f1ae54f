"""What only Doorward knows (RFC 7662): API keys, and the roles of tokens that carry none. Remembered for some seconds."""

import hashlib
import time
from collections import OrderedDict
from typing import Any, Callable, Optional

from ._answers import Malformed, read_json
from ._denied import Denied, invalid
from ._http import Client, Unreachable
from ._identity import Identity
from ._revocations import Revocations
from ._token import decimal_id

LIMIT = 64 * 1024
PATIENCE = 5.0


class _Known:
    __slots__ = ("asked_at", "identity", "version")

    def __init__(self, identity: Optional[Identity], asked_at: float, version: int) -> None:
        #: ``None`` for what is not active.
        self.identity = identity
        self.asked_at = asked_at
        self.version = version


class Introspection:
    """Asks Doorward in the request's own thread, for a credential at most once in ``ttl`` seconds and process."""

    def __init__(self, client: Callable[[], Client], revocations: Revocations, ttl: float, capacity: int) -> None:
        self._client = client
        self._revocations = revocations
        self._ttl = ttl
        self._capacity = capacity
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def identify(self, credential: str) -> Identity:
        """Who shows this credential. Raises ``Denied``."""
        sha256 = hashlib.sha256(credential.encode("ascii")).digest()
        if self._revocations.is_token_ended(sha256):
            raise _inactive()
        known = self._known.get(sha256)
        if known is None or not self._still_holds(known):
            known = self._ask(credential, sha256)
        if known.identity is None or known.identity.is_expired(time.time()):
            raise _inactive()
        return known.identity

    def _still_holds(self, known: _Known) -> bool:
        # The clock may be set back; then it is asked again.
        if not 0 <= time.monotonic() - known.asked_at < self._ttl:
            return False
        revocations = self._revocations
        if known.identity is None:
            return known.version == revocations.version
        return known.version >= revocations.permissions_version and not revocations.told_of(known.identity.user_id, known.version)

    def _ask(self, credential: str, sha256: bytes) -> _Known:
        # Before it is asked: what is told of the user from now on makes it ask again.
        version, asked_at = self._revocations.version, time.monotonic()
        client = self._client()
        try:
            answer = client.post_form("/introspect", {"token": credential}, limit=LIMIT, seconds=PATIENCE)
            if answer.status != 200:
                raise Unreachable(f"Doorward answered with status {answer.status}")
            identity = _read(read_json(answer.body), sha256)
        except (Unreachable, Malformed) as error:
            raise Denied("guard_stale", f"/introspect: {error}") from error
        finally:
            client.close()
        known = _Known(identity, asked_at, version)
        self._known[sha256] = known
        self._known.move_to_end(sha256)
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)
        return known


def _read(answer: dict[str, Any], sha256: bytes) -> Optional[Identity]:
    active = answer.get("active")
    if active is False:
        return None
    if active is not True:
        raise Malformed("active is neither true nor false")
    subject = answer.get("sub")
    user_id = decimal_id(subject) if type(subject) is str else None
    kind = answer.get("doorward_kind")
    if user_id is None or kind not in ("jwt", "flask", "api_key"):
        raise Malformed("active, and for nobody or of no known kind")
    username, session_id = answer.get("username"), answer.get("sid")
    scope = answer.get("scope")
    return Identity(
        format=kind,
        user_id=user_id,
        issued_at=_time(answer, "iat", 0),
        expires_at=_time(answer, "exp", 2**63 - 1),
        sha256=sha256,
        session_id=session_id if type(session_id) is str else None,
        roles=_strings(answer, "roles"),
        username=username if type(username) is str else None,
        # A key without scopes may do nothing; other credentials are not narrowed.
        scopes=tuple(scope.split()) if type(scope) is str else () if kind == "api_key" else None,
        permissions=_strings(answer, "permissions"),
    )


def _time(answer: dict[str, Any], name: str, otherwise: int) -> int:
    value = answer.get(name)
    if value is None:
        return otherwise
    if type(value) is not int or value < 0:
        raise Malformed(f"{name} is not an integer from 0 on")
    return value


def _strings(answer: dict[str, Any], name: str) -> tuple[str, ...]:
    value = answer.get(name, [])
    if type(value) is not list or any(type(element) is not str for element in value):
        raise Malformed(f"{name} is not a list of strings")
    return tuple(value)


def _inactive() -> Denied:
    return invalid("not active, says Doorward")
