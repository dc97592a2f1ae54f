"""Every revocation that still matters, in memory.

One thread writes, any number read: each reads one entry of a ``dict``, and entries are replaced, never changed. No lock, so that a
process may fork at any moment.
"""

from collections.abc import Iterable
from typing import NamedTuple, Optional, Union

from ._identity import Identity, session_created_ms

#: For how many seconds past its ``until`` a revocation is kept, in case the clock is set back.
CLOCK_MARGIN_SECONDS = 2 * 60 * 60


class SessionEnded(NamedTuple):
    """A session ended, and with it every credential that belongs to it."""

    session_id: bytes
    until: int


class TokenEnded(NamedTuple):
    """One credential ended."""

    sha256: bytes
    until: int


class UserEnded(NamedTuple):
    """Everything ended that a user had until a moment."""

    user_id: int
    valid_after_ms: int
    until: int


class RolesChanged(NamedTuple):
    """A user's roles changed. It takes nothing back, but what was issued until then shows the new roles."""

    user_id: int
    roles: tuple[str, ...]
    at_ms: int
    until: int


Revocation = Union[SessionEnded, TokenEnded, UserEnded, RolesChanged]


class _User(NamedTuple):
    valid_after_ms: int
    sequence: int
    until: int
    version: int


class _Roles(NamedTuple):
    roles: tuple[str, ...]
    at_ms: int
    sequence: int
    until: int
    version: int


class Revocations:
    """What was taken back."""

    def __init__(self) -> None:
        #: Grows with every change, *after* the change is in the sets: whoever reads it and then the sets finds the change.
        self.version = 0
        #: The version of the last change to what roles permit.
        self.permissions_version = 0
        self._sessions: dict[bytes, int] = {}
        self._tokens: dict[bytes, int] = {}
        self._users: dict[int, _User] = {}
        self._roles: dict[int, _Roles] = {}

    def apply(self, items: Iterable[tuple[int, Revocation]]) -> None:
        """Takes in what the feed delivered, each with its sequence number. May be repeated and may come late: nothing that was
        revoked comes back to life."""
        version = self.version + 1
        changed = False
        try:
            for sequence, item in items:
                changed |= self._take_in(item, sequence, version)
        finally:
            if changed:
                self.version = version

    def doubt(self) -> None:
        """What is remembered as good is looked at again: a fork may have come between a change and its version."""
        self.version += 1

    def permissions_changed(self) -> None:
        """What roles permit changed."""
        version = self.version + 1
        self.permissions_version = version
        self.version = version

    def prune(self, now: float) -> None:
        """Forgets what can no longer concern any living credential, two hours late: after a clock ran ahead and was set back, what
        was revoked stays so."""
        over = now - CLOCK_MARGIN_SECONDS
        # New dicts, so that memory is given back after a wave of revocations has passed; readers hold on to the old.
        self._sessions = {key: until for key, until in self._sessions.items() if until >= over}
        self._tokens = {key: until for key, until in self._tokens.items() if until >= over}
        self._users = {key: entry for key, entry in self._users.items() if entry.until >= over}
        self._roles = {key: entry for key, entry in self._roles.items() if entry.until >= over}

    def is_revoked(self, identity: Identity) -> bool:
        """Whether what speaks for itself (a token) is over."""
        session_id = identity.session_id
        if session_id is not None and bytes.fromhex(session_id) in self._sessions:
            return True
        if identity.sha256 in self._tokens:
            return True
        entry = self._users.get(identity.user_id)
        if entry is None:
            return False
        if session_id is not None:
            return session_created_ms(session_id) <= entry.valid_after_ms
        return identity.issued_at * 1000 <= entry.valid_after_ms

    def roles_of(self, identity: Identity) -> Optional[tuple[str, ...]]:
        """The roles that count instead of those that a token carries; ``None`` where its own do."""
        entry = self._roles.get(identity.user_id)
        if entry is not None and identity.issued_at * 1000 <= entry.at_ms and identity.roles != entry.roles:
            return entry.roles
        return None

    def is_token_ended(self, sha256: bytes) -> bool:
        """Whether this one credential ended."""
        return sha256 in self._tokens

    def told_of(self, user_id: int, since: int) -> bool:
        """Whether anything about this user came after version ``since``."""
        user, roles = self._users.get(user_id), self._roles.get(user_id)
        return (user is not None and user.version > since) or (roles is not None and roles.version > since)

    def counts(self) -> tuple[int, int, int, int]:
        """Ended sessions, tokens and users, and users whose roles changed."""
        return len(self._sessions), len(self._tokens), len(self._users), len(self._roles)

    def _take_in(self, item: Revocation, sequence: int, version: int) -> bool:
        """Returns whether anything changed."""
        if isinstance(item, SessionEnded):
            return _keep_longest(self._sessions, item.session_id, item.until)
        if isinstance(item, TokenEnded):
            return _keep_longest(self._tokens, item.sha256, item.until)
        if isinstance(item, UserEnded):
            return self._take_in_user(item, sequence, version)
        return self._take_in_roles(_Roles(item.roles, item.at_ms, sequence, item.until, version), item.user_id)

    def _take_in_user(self, item: UserEnded, sequence: int, version: int) -> bool:
        known = self._users.get(item.user_id)
        if known is None:
            self._users[item.user_id] = _User(item.valid_after_ms, sequence, item.until, version)
            return True
        # A later event with an earlier time (another replica's clock) ends no token, but stored rows changed by it.
        news = item.valid_after_ms > known.valid_after_ms or sequence > known.sequence
        self._users[item.user_id] = _User(
            max(known.valid_after_ms, item.valid_after_ms),
            max(known.sequence, sequence),
            max(known.until, item.until),
            version if news else known.version,
        )
        return news

    def _take_in_roles(self, news: _Roles, user_id: int) -> bool:
        known = self._roles.get(user_id)
        if known is None:
            self._roles[user_id] = news
            return True
        until = max(known.until, news.until)
        if news.sequence < known.sequence and news.at_ms <= known.at_ms:
            self._roles[user_id] = known._replace(until=until)
            return False
        if news.sequence >= known.sequence and news.at_ms >= known.at_ms:
            roles = news.roles
        else:
            # Sequence and clock disagree which of the two is later: only what both grant is safe.
            roles = tuple(role for role in known.roles if role in news.roles)
        same = roles == known.roles and news.at_ms <= known.at_ms and news.sequence <= known.sequence
        self._roles[user_id] = _Roles(
            roles,
            max(known.at_ms, news.at_ms),
            max(known.sequence, news.sequence),
            until,
            known.version if same else news.version,
        )
        return not same


def _keep_longest(ends: dict[bytes, int], key: bytes, until: int) -> bool:
    """Returns whether the key is new: a later end alone changes no verdict."""
    known = ends.get(key)
    if known is None or until > known:
        ends[key] = until
    return known is None
