"""What Doorward tells guards, read with distrust: an answer that is not as agreed changes nothing."""

import base64
import binascii
import itertools
import json
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple, Optional

from ._denied import Denied
from ._identity import is_session_id
from ._revocations import Revocation, RolesChanged, SessionEnded, TokenEnded, UserEnded
from ._strict_json import fraction, integer
from ._token import decode

#: More events than an answer may hold; as many say that there is more to ask for at once.
FULL_ANSWER = 1_000

_SESSION = struct.Struct(">16sI")
_TOKEN = struct.Struct(">32sI")


class Malformed(Exception):
    """The answer is not in the agreed form."""


class FeedAnswer(NamedTuple):
    """An answer of ``/revocations``."""

    sequence: int
    age_ms: int
    is_snapshot: bool
    items: Iterable[tuple[int, Revocation]]
    keys_changed: bool
    permissions_changed: bool
    #: Events of kinds that this guard does not know.
    unknown: int
    #: Whether the feed was read to its end.
    complete: bool


def read_json(body: bytes) -> dict[str, Any]:
    """A JSON object."""

    def refuse(text: str) -> None:
        raise ValueError(f"{text} is no JSON")

    try:
        value = json.loads(body.decode("utf-8"), parse_int=integer, parse_float=fraction, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    if type(value) is not dict:
        raise Malformed("not a JSON object")
    return value


def read_feed(body: bytes, after: Optional[int]) -> FeedAnswer:
    """An answer to the question for what came after ``after``; without it, for a snapshot."""
    answer = read_json(body)
    sequence = _natural(answer, "sequence")
    age_ms = _natural(answer, "age_ms")
    events = _list(answer, "events")
    if "snapshot" in answer:
        snapshot = answer["snapshot"]
        if type(snapshot) is not dict or events:
            raise Malformed("a snapshot that is none, or with events")
        items = zip(itertools.repeat(sequence), _snapshot(snapshot))
        return FeedAnswer(sequence, age_ms, True, items, True, True, 0, True)
    if after is None:
        raise Malformed("no snapshot, though one was asked for")
    if sequence < after:
        raise Malformed("a sequence that goes back")
    return _events(events, sequence, age_ms, after)


def read_keys(body: bytes) -> dict[str, bytes]:
    """The Ed25519 keys of a JWK set (RFC 7517 §5, RFC 8037 §2) by their names. Keys of other kinds are passed over."""
    found: dict[str, bytes] = {}
    for key in _list(read_json(body), "keys"):
        if type(key) is not dict:
            raise Malformed("a key that is no object")
        if key.get("kty") != "OKP" or key.get("crv") != "Ed25519" or key.get("use", "sig") != "sig":
            continue
        kid, x = key.get("kid"), key.get("x")
        if type(kid) is not str or type(x) is not str or not x.isascii():
            raise Malformed("a key without kid or x")
        try:
            public = decode(x.encode("ascii"))
        except Denied:
            raise Malformed("a key whose x is not base64url") from None
        if len(public) != 32 or kid in found:
            raise Malformed("a key that is not 32 bytes long, or a kid twice")
        found[kid] = public
    return found


def _events(events: list[Any], sequence: int, age_ms: int, after: int) -> FeedAnswer:
    items: list[tuple[int, Revocation]] = []
    keys_changed = permissions_changed = False
    unknown = 0
    last = after
    for event in events:
        if type(event) is not dict:
            raise Malformed("an event that is no object")
        number = _natural(event, "sequence")
        if not last < number <= sequence:
            raise Malformed("events out of their order")
        last = number
        kind = event.get("kind")
        if kind == "keys":
            keys_changed = True
        elif kind == "permissions":
            permissions_changed = True
        elif kind in _KINDS:
            items.append((number, _KINDS[kind](event)))
        elif type(kind) is str:
            unknown += 1
        else:
            raise Malformed("an event without a kind")
    complete = len(events) < FULL_ANSWER
    return FeedAnswer(sequence, age_ms, False, items, keys_changed, permissions_changed, unknown, complete)


def _session(event: dict[str, Any]) -> Revocation:
    session_id = event.get("session_id")
    if type(session_id) is not str or not is_session_id(session_id):
        raise Malformed("a session_id that is none")
    return SessionEnded(bytes.fromhex(session_id), _natural(event, "until"))


def _token(event: dict[str, Any]) -> Revocation:
    text = event.get("sha256")
    try:
        sha256 = bytes.fromhex(text) if type(text) is str and len(text) == 64 else b""
    except ValueError:
        sha256 = b""
    if len(sha256) != 32:
        raise Malformed("a sha256 that is none")
    return TokenEnded(sha256, _natural(event, "until"))


def _user(event: dict[str, Any]) -> Revocation:
    return UserEnded(_natural(event, "user_id"), _natural(event, "valid_after_ms"), _natural(event, "until"))


def _roles(event: dict[str, Any]) -> Revocation:
    roles = _list(event, "roles")
    if any(type(role) is not str for role in roles):
        raise Malformed("roles that are not strings")
    return RolesChanged(_natural(event, "user_id"), tuple(roles), _natural(event, "at_ms"), _natural(event, "until"))


_KINDS = {"session": _session, "token": _token, "user": _user, "roles": _roles}


def _snapshot(snapshot: dict[str, Any]) -> Iterable[Revocation]:
    """All of it is judged before any of it counts; the many are unpacked one by one, as they are taken in."""
    sessions = _packed(snapshot, "sessions", _SESSION)
    tokens = _packed(snapshot, "tokens", _TOKEN)
    others: list[Revocation] = []
    for name, read in (("users", _user), ("roles", _roles)):
        for entry in _list(snapshot, name):
            if type(entry) is not dict:
                raise Malformed(f"{name} holds something other than objects")
            others.append(read(entry))
    return itertools.chain(
        itertools.starmap(SessionEnded, _SESSION.iter_unpack(sessions)),
        itertools.starmap(TokenEnded, _TOKEN.iter_unpack(tokens)),
        others,
    )


def _packed(snapshot: dict[str, Any], name: str, form: struct.Struct) -> bytes:
    text = snapshot.get(name)
    if type(text) is not str:
        raise Malformed(f"no {name} in the snapshot")
    try:
        packed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(f"{name} is not base64") from None
    if len(packed) % form.size:
        raise Malformed(f"{name} is cut off")
    return packed


def _natural(members: dict[str, Any], name: str) -> int:
    value = members.get(name)
    if type(value) is not int or value < 0:
        raise Malformed(f"{name} is not an integer from 0 on")
    return value


def _list(members: dict[str, Any], name: str) -> list[Any]:
    value = members.get(name)
    if type(value) is not list:
        raise Malformed(f"{name} is not a list")
    return value
