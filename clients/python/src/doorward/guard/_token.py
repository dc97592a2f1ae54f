"""The two wire forms of a token, read strictly.

Which one a token has is read from its header's ``alg``, and from then on only the one algorithm that is configured for that form
counts, never the token's wish (RFC 8725 §3.1).
"""

import base64
import binascii
import hashlib
from typing import Any, Final, Optional

from ._denied import Denied, invalid, malformed
from ._identity import Identity, is_session_id
from ._keys import Key, Keys
from ._strict_json import parse, parse_object, seconds, string

#: The longest token that is looked at, in bytes. Doorward's own are shorter than 1 KiB.
MAX_TOKEN_BYTES: Final = 8 * 1024


class Expectations:
    """What a token must say, besides being well signed."""

    __slots__ = ("audience", "future_skew_seconds", "issuer")

    def __init__(self, issuer: str, audience: str, future_skew_seconds: int = 60) -> None:
        self.issuer = issuer
        self.audience = audience
        self.future_skew_seconds = future_skew_seconds


class _Compact:
    """JWS compact serialization (RFC 7515 §3.1), taken apart; nothing about it is verified yet."""

    __slots__ = ("header", "payload", "sha256", "signature", "signed")

    def __init__(self, token: str) -> None:
        if len(token) > MAX_TOKEN_BYTES:
            raise malformed("longer than a token may be")
        try:
            whole = token.encode("ascii")
        except UnicodeEncodeError:
            raise malformed("not ASCII") from None
        segments = whole.split(b".")
        if len(segments) != 3:
            raise malformed("not three segments")
        self.header = parse_object(decode(segments[0]))
        # What `crit` names must be understood (RFC 7515 §4.1.11), and nothing is: `zip` and `enc` belong to encryption.
        if any(name in self.header for name in ("crit", "zip", "enc")):
            raise malformed("crit, zip or enc in the header")
        self.payload = decode(segments[1])
        self.signature = decode(segments[2])
        self.signed = whole[: len(segments[0]) + 1 + len(segments[1])]
        self.sha256 = hashlib.sha256(whole).digest()


def decode(segment: bytes) -> bytes:
    """Base64url without padding, unused bits zero (RFC 7515 §2): one spelling for each sequence of bytes."""
    try:
        decoded = base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        raise malformed("not canonical base64url") from None
    # The decoder passes over what it does not know; only what it writes itself is canonical.
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != segment:
        raise malformed("not canonical base64url")
    return decoded


def verify(token: str, keys: Keys, expected: Expectations, now: float) -> tuple[Identity, Key]:
    """Who is named by a token of either form at ``now`` (unix seconds), and the key that verified it."""
    compact = _Compact(token)
    alg = string(compact.header, "alg")
    if alg is None:
        raise malformed("no alg in the header")
    if alg == "EdDSA":
        identity, key = _jwt(compact, keys, expected, now)
    elif keys.secrets and alg == keys.algorithm:
        identity, key = _flask(compact, keys)
    else:
        raise invalid("the algorithm in the token's header is not the one accepted")
    if identity.is_expired(now):
        raise Denied("token_expired", "expired")
    # An `iat` ahead of every clock would outlive a "log out everywhere" of today.
    if identity.issued_at > now + expected.future_skew_seconds:
        raise _not_yet_valid()
    return identity, key


class UnknownKey(Denied):
    """No key of this ``kid``: the set may have changed since it was fetched."""

    def __init__(self) -> None:
        super().__init__("token_invalid", "no key of that kid")


def _jwt(compact: _Compact, keys: Keys, expected: Expectations, now: float) -> tuple[Identity, Key]:
    # RFC 9068 §4 allows both spellings.
    if string(compact.header, "typ") not in ("at+jwt", "application/at+jwt"):
        raise invalid("typ is not at+jwt")
    kid = string(compact.header, "kid")
    if kid is None:
        raise invalid("no kid in the header")
    key = keys.named(kid)
    if key is None:
        raise UnknownKey
    if not key.verifies(compact.signed, compact.signature):
        raise _bad_signature()

    claims = parse_object(compact.payload)
    if string(claims, "iss") != expected.issuer:
        raise invalid("iss is another issuer")
    if not _names_audience(claims, expected.audience):
        raise invalid("aud does not name this audience")
    subject = string(claims, "sub")
    user_id = None if subject is None else decimal_id(subject)
    if user_id is None:
        raise _no_subject()
    issued_at = _required(seconds(claims, "iat"), "no iat")
    expires_at = _required(seconds(claims, "exp"), "no exp")
    not_before = seconds(claims, "nbf")
    if (issued_at if not_before is None else not_before) > now + expected.future_skew_seconds:
        raise _not_yet_valid()
    if not string(claims, "jti"):
        raise malformed("no jti")
    session_id = string(claims, "sid")
    if session_id is None or not is_session_id(session_id):
        raise malformed("no sid, or not a session id")
    identity = Identity(
        format="jwt",
        user_id=user_id,
        issued_at=issued_at,
        expires_at=expires_at,
        sha256=compact.sha256,
        session_id=session_id,
        roles=_roles(claims),
        username=string(claims, "preferred_username"),
    )
    return identity, key


def _flask(compact: _Compact, keys: Keys) -> tuple[Identity, Key]:
    """What itsdangerous 1.1's ``TimedJSONWebSignatureSerializer`` writes: the times in the header, ``{"id": n}`` as payload."""
    key = keys.signer_of(compact.signed, compact.signature)
    if key is None:
        raise _bad_signature()
    issued_at = _required(seconds(compact.header, "iat"), "no iat in the header")
    expires_at = _required(seconds(compact.header, "exp"), "no exp in the header")
    # The application signs any payload: one that is no object is well-formed, and for nobody.
    payload = parse(compact.payload)
    if type(payload) is not dict:
        raise _no_subject()
    subject: Any = payload.get("id")
    user_id: Optional[int] = None
    if type(subject) is int and subject >= 1:
        user_id = subject
    elif type(subject) is str:
        user_id = decimal_id(subject)
    if user_id is None:
        raise _no_subject()
    session_id = string(payload, "sid")
    if session_id is not None and not is_session_id(session_id):
        raise malformed("sid is not a session id")
    identity = Identity(
        format="flask",
        user_id=user_id,
        issued_at=issued_at,
        expires_at=expires_at,
        sha256=compact.sha256,
        session_id=session_id,
    )
    return identity, key


def decimal_id(text: str) -> Optional[int]:
    """A user id in decimal, as it would be written: no sign, no leading zero."""
    if not (text.isascii() and text.isdigit()) or text.startswith("0") or len(text) > 19:
        return None
    number = int(text)
    return number if number < 2**63 else None


def _names_audience(claims: dict[str, Any], audience: str) -> bool:
    """``aud`` is a string or an array of them (RFC 7519 §4.1.3)."""
    if "aud" not in claims:
        return False
    named = claims["aud"]
    if type(named) is str:
        return named == audience
    return audience in _strings(named, "aud is neither a string nor an array of strings")


def _roles(claims: dict[str, Any]) -> tuple[str, ...]:
    if "roles" not in claims:
        return ()
    return _strings(claims["roles"], "roles is not an array of strings")


def _strings(value: Any, otherwise: str) -> tuple[str, ...]:
    if type(value) is not list or any(type(element) is not str for element in value):
        raise malformed(otherwise)
    return tuple(value)


def _required(value: Optional[int], otherwise: str) -> int:
    if value is None:
        raise malformed(otherwise)
    return value


def _bad_signature() -> Denied:
    return invalid("the signature does not verify")


def _no_subject() -> Denied:
    return invalid("no valid user id in the token")


def _not_yet_valid() -> Denied:
    return Denied("token_not_yet_valid", "issued in the future")
