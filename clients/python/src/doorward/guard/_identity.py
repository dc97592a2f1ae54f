"""Who is asking."""

import re
from typing import Optional

_SESSION_ID = re.compile(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}")


class Identity:
    """Who is asking, as far as the credential says. Do not change one: it is shared by all requests with the same credential."""

    __slots__ = (
        "expires_at",
        "format",
        "issued_at",
        "permissions",
        "roles",
        "scopes",
        "session_id",
        "sha256",
        "user_id",
        "username",
    )

    def __init__(
        self,
        *,
        format: str,
        user_id: int,
        issued_at: int,
        expires_at: int,
        sha256: bytes,
        session_id: Optional[str] = None,
        roles: tuple[str, ...] = (),
        username: Optional[str] = None,
        scopes: Optional[tuple[str, ...]] = None,
        permissions: tuple[str, ...] = (),
    ) -> None:
        #: ``jwt``, ``flask`` or ``api_key``.
        self.format = format
        #: The user's id, at least 1.
        self.user_id = user_id
        #: Unix seconds.
        self.issued_at = issued_at
        #: Unix seconds. A JWT is over at this second (RFC 7519 §4.1.4), a Flask token after it.
        self.expires_at = expires_at
        #: SHA-256 of the credential's bytes: names it in logs without being it.
        self.sha256 = sha256
        #: The session this credential belongs to, 32 hexadecimal digits. Tokens of a Flask application and API keys have none.
        self.session_id = session_id
        #: The user's roles, as far as they are known.
        self.roles = roles
        #: The user's name, if it is known.
        self.username = username
        #: What an API key is narrowed to; ``None`` where the credential may do all that its user may.
        self.scopes = scopes
        #: What the user's roles permit; only known of what was introspected.
        self.permissions = permissions

    def has_role(self, role: str) -> bool:
        """Whether one of the roles is ``role``, letter for letter."""
        return role in self.roles

    def has_scope(self, scope: str) -> bool:
        """Whether the credential reaches so far: it is not narrowed, or ``scope`` is among its scopes."""
        return self.scopes is None or scope in self.scopes

    def is_expired(self, now: float) -> bool:
        """Whether it is over at ``now`` (unix seconds)."""
        # The Flask application still accepts a token in the very second of its `exp`.
        return now >= self.expires_at + (self.format == "flask")

    def with_roles(self, roles: tuple[str, ...]) -> "Identity":
        """The same with other roles."""
        return Identity(
            format=self.format,
            user_id=self.user_id,
            issued_at=self.issued_at,
            expires_at=self.expires_at,
            sha256=self.sha256,
            session_id=self.session_id,
            roles=roles,
            username=self.username,
            scopes=self.scopes,
            permissions=self.permissions,
        )

    def __repr__(self) -> str:
        return (
            f"Identity(user_id={self.user_id}, format={self.format!r}, session_id={self.session_id!r}, "
            f"roles={self.roles!r}, expires_at={self.expires_at})"
        )


def is_session_id(text: str) -> bool:
    """Whether it is a UUID of version 7 as 32 lower-case hexadecimal digits."""
    return _SESSION_ID.fullmatch(text) is not None


def session_created_ms(session_id: str) -> int:
    """When the session began, in milliseconds since 1970: a UUID of version 7 says so itself."""
    return int(session_id[:12], 16)
