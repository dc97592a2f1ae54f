"""Where in a request the credential stands."""

import re
from collections.abc import Iterable
from typing import Optional

from ._denied import Denied, malformed

#: What every API key begins with. No token can: base64url with a ``d`` in front is no JSON object.
API_KEY_PREFIX = "dw_"

# Visible ASCII without what separates or quotes in headers: no credential holds such a character.
_VISIBLE = re.compile(r"[!#-+\--:<-\[\]-~]+")


def credential_from_headers(headers: Iterable[tuple[str, str]]) -> str:
    """The one credential that the headers hold: header ``token``, or ``Authorization: Bearer``. URLs are never searched.

    Raises ``Denied``: ``token_missing`` without any; ``token_ambiguous`` if two differ that may not (both headers, several lines of
    one); ``token_malformed`` if it is empty or holds characters that no credential has. Other schemes of ``Authorization`` are
    passed over: they are for someone else. So are cookies, which only Doorward can read.
    """
    tokens: list[Optional[str]] = []
    bearers: list[Optional[str]] = []
    for name, value in headers:
        lower = name.lower()
        if lower == "token":
            tokens.append(value)
        elif lower == "authorization":
            bearers.append(_bearer(value))
    return _one(_agreed(tokens), _agreed(bearers))


def credential_from_environ(token: Optional[str], authorization: Optional[str]) -> str:
    """The same from what WSGI has of both headers (``HTTP_TOKEN``, ``HTTP_AUTHORIZATION``).

    WSGI servers join several lines of one header by commas, which no credential holds: what came twice is then refused as
    ``token_malformed``, also where both lines agree.
    """
    return _one(token, None if authorization is None else _bearer(authorization))


def _one(token: Optional[str], bearer: Optional[str]) -> str:
    if token is not None and bearer is not None and token != bearer:
        raise _ambiguous()
    value = token if token is not None else bearer
    if value is None:
        raise Denied("token_missing", "no token header or bearer token")
    if not value:
        raise malformed("empty")
    if _VISIBLE.fullmatch(value) is None:
        raise malformed("a character that no credential has")
    return value


def _agreed(lines: list[Optional[str]]) -> Optional[str]:
    """What all lines of one header say alike."""
    if not lines:
        return None
    if any(line != lines[0] for line in lines):
        raise _ambiguous()
    return lines[0]


def _bearer(line: str) -> Optional[str]:
    """What follows the scheme ``Bearer`` (RFC 6750 §2.1; the scheme in any case). ``None`` for another scheme."""
    if not line:
        # Whoever sends the header without anything meant to show something.
        return line
    scheme, _, rest = line.partition(" ")
    return rest.lstrip(" \t\n\r\f") if scheme.lower() == "bearer" else None


def _ambiguous() -> Denied:
    return Denied("token_ambiguous", "several credentials that differ")
