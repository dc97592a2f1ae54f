"""JSON as tokens may hold it: no member twice, not deep, not wide, numbers as they are written.

``json`` alone keeps the last of two equal members, so that two readers of one token can see different things
(RFC 8725 §2.4, RFC 7519 §4), and takes ``NaN``, lone surrogates and integers of any length.
"""

import json
import math
import re
from typing import Any, Optional

from ._denied import malformed

#: How deep arrays and objects may stand in each other. Tokens need two.
MAX_DEPTH = 4

#: How many members an object may have. Tokens need ten.
MAX_MEMBERS = 64

_LEAST, _GREATEST = -(2**63), 2**63 - 1

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def integer(text: str) -> Optional[int]:
    """A number written as an integer; ``None`` for one that does not fit into 64 bits, as for any other number."""
    # "-0" is no integer to readers that know the sign of zero.
    if len(text) <= 20 and text != "-0":
        number = int(text)
        if _LEAST <= number <= _GREATEST:
            return number
    return fraction(text)


def fraction(text: str) -> Optional[int]:
    """A number that no rule asks for. One that is greater than any number can be is no JSON."""
    if math.isinf(float(text)):
        raise ValueError("number out of range")
    return None


def _constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    if len(members) > MAX_MEMBERS:
        raise ValueError("too many members")
    return members


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=integer, parse_float=fraction, parse_constant=_constant, strict=True
)


def parse(data: bytes) -> Any:
    """One JSON value. Integers of 64 bits are ``int``; other numbers, ``null`` and truth values are nothing that rules ask for."""
    try:
        text = data.decode("utf-8")
        _bound_depth(text)
        value = _DECODER.decode(text)
        if "\\u" in text:
            _refuse_lone_surrogates(value)
    except (ValueError, RecursionError):
        raise malformed("not JSON as a token may hold it") from None
    return value


def parse_object(data: bytes) -> dict[str, Any]:
    """One JSON object."""
    value = parse(data)
    if type(value) is not dict:
        raise malformed("not a JSON object")
    return value


def string(members: dict[str, Any], name: str) -> Optional[str]:
    """A member that must be a string if it is there."""
    if name not in members:
        return None
    value = members[name]
    if type(value) is not str:
        raise malformed("a member that must be a string is none")
    return value


def seconds(members: dict[str, Any], name: str) -> Optional[int]:
    """A time in unix seconds that must be an integer, written as one, and not before 1970, if it is there."""
    if name not in members:
        return None
    value = members[name]
    if type(value) is not int or value < 0:
        raise malformed("a time that is not an integer from 0 on")
    return value


def _bound_depth(text: str) -> None:
    # Most tokens hold fewer brackets than may stand in each other.
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        mark = found.group()
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError("nested too deep")
        elif mark in "]}":
            depth -= 1


def _refuse_lone_surrogates(value: Any) -> None:
    if type(value) is str:
        value.encode("utf-8")
    elif type(value) is list:
        for element in value:
            _refuse_lone_surrogates(element)
    elif type(value) is dict:
        for name, member in value.items():
            name.encode("utf-8")
            _refuse_lone_surrogates(member)
