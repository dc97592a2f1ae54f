"""What only Doorward knows: API keys, and the roles of Flask tokens."""

import time
from typing import Any, Callable

import pytest

from doorward.guard import Denied, Guard
from fake_doorward import FakeDoorward
from signing import flask_token
from waiting import until

MakeGuard = Callable[..., Guard]
API_KEY = "dw_key_of_somebody"
ACTIVE: dict[str, Any] = {
    "active": True, "token_type": "Bearer", "sub": "42", "username": "susan", "iat": 1, "scope": "read write",
    "roles": ["admin"], "permissions": ["users.read"], "doorward_kind": "api_key",
}  # fmt: skip


def error_of(guard: Guard, token: str) -> str:
    with pytest.raises(Denied) as caught:
        guard.verify(token)
    return caught.value.error


def test_api_keys_are_refused_without_introspection(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    doorward.introspected[API_KEY] = ACTIVE
    assert error_of(make_guard(), API_KEY) == "token_invalid"
    assert doorward.requests["/introspect"] == 0


def test_an_api_key_is_asked_for_once(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    doorward.introspected[API_KEY] = ACTIVE
    guard = make_guard(introspect=True)
    for _ in range(5):
        identity = guard.verify(API_KEY)
    assert (identity.user_id, identity.format, identity.username) == (42, "api_key", "susan")
    assert (identity.roles, identity.scopes, identity.permissions) == (("admin",), ("read", "write"), ("users.read",))
    assert identity.has_scope("read")
    assert not identity.has_scope("admin")
    assert error_of(guard, "dw_unknown") == "token_invalid"
    assert doorward.requests["/introspect"] == 2


def test_it_is_asked_again_after_its_time_and_when_the_feed_tells_of_the_user(
    doorward: FakeDoorward, make_guard: MakeGuard
) -> None:
    doorward.introspected[API_KEY] = ACTIVE
    guard = make_guard(introspect=True, introspection_ttl=1000)
    guard.verify(API_KEY)
    doorward.introspected.clear()
    guard.verify(API_KEY)
    doorward.publish(kind="user", user_id=7, valid_after_ms=0)
    until(lambda: guard.status().sequence == 1)
    guard.verify(API_KEY)
    doorward.publish(kind="user", user_id=42, valid_after_ms=0)
    until(lambda: guard.status().sequence == 2)
    assert error_of(guard, API_KEY) == "token_invalid"
    doorward.introspected[API_KEY] = ACTIVE
    doorward.publish(kind="permissions")
    until(lambda: guard.status().sequence == 3)
    identity = guard.verify(API_KEY)
    doorward.introspected[API_KEY] = {**ACTIVE, "permissions": []}
    doorward.publish(kind="permissions")
    until(lambda: guard.status().sequence == 4)
    assert guard.verify(API_KEY).permissions == ()
    doorward.publish(kind="token", sha256=identity.sha256.hex())
    until(lambda: guard.status().sequence == 5)
    assert error_of(guard, API_KEY) == "token_invalid"
    impatient = make_guard(introspect=True, introspection_ttl=0)
    asked = doorward.requests["/introspect"]
    for _ in range(3):
        with pytest.raises(Denied):
            impatient.verify(API_KEY)
    assert doorward.requests["/introspect"] == asked  # ended by the feed: not asked for at all
    doorward.introspected["dw_other"] = ACTIVE
    for _ in range(3):
        impatient.verify("dw_other")
    assert doorward.requests["/introspect"] == asked + 3


def test_roles_of_a_flask_token(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    token = flask_token()
    doorward.introspected[token] = {**ACTIVE, "doorward_kind": "flask", "iat": int(time.time()), "exp": int(time.time()) + 60}
    del doorward.introspected[token]["scope"]
    plain, asking = make_guard(), make_guard(introspect=True)
    assert plain.with_roles(plain.verify(token), token).roles == ()
    identity = asking.verify(token)
    assert doorward.requests["/introspect"] == 0
    assert asking.with_roles(identity, token).roles == ("admin",)
    assert asking.with_roles(identity, token).scopes is None
    assert doorward.requests["/introspect"] == 1
    doorward.introspected[token] = {**doorward.introspected[token], "roles": []}
    doorward.publish(kind="roles", user_id=42, roles=[], at_ms=0)
    until(lambda: asking.status().sequence == 1)
    assert asking.with_roles(identity, token).roles == ()


BAD: list[Any] = [
    {}, {"active": 1}, {"active": "true"}, [], b"<html>", {**ACTIVE, "sub": 42}, {**ACTIVE, "sub": "0"}, {**ACTIVE, "exp": "x"},
    {**ACTIVE, "roles": "admin"}, {**ACTIVE, "permissions": [1]}, {**ACTIVE, "doorward_kind": "refresh"}, b" " * 70_000,
]  # fmt: skip


@pytest.mark.parametrize("answer", BAD)
def test_a_bad_answer_lets_nobody_in(doorward: FakeDoorward, make_guard: MakeGuard, answer: Any) -> None:
    doorward.instead["/introspect"] = lambda handler: handler.say(answer)
    assert error_of(make_guard(introspect=True), API_KEY) == "guard_stale"


@pytest.mark.parametrize("status", [302, 401, 403, 500, 503])
def test_no_answer_lets_nobody_in(doorward: FakeDoorward, make_guard: MakeGuard, status: int) -> None:
    doorward.instead["/introspect"] = lambda handler: handler.say(ACTIVE, status, Location="/elsewhere")
    guard = make_guard(introspect=True)
    assert error_of(guard, API_KEY) == "guard_stale"
    assert doorward.requests["/elsewhere"] == 0
    doorward.stop()
    assert error_of(guard, API_KEY) == "guard_stale"


def test_one_that_is_over_is_not_let_in(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    doorward.introspected[API_KEY] = {**ACTIVE, "exp": int(time.time()) - 1}
    assert error_of(make_guard(introspect=True), API_KEY) == "token_invalid"


def test_thousands_of_keys_take_a_bounded_place(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    guard = make_guard(introspect=True, cache_capacity=10)
    for number in range(50):
        error_of(guard, f"dw_{number}")
    assert guard._introspection is not None
    assert len(guard._introspection._known) == 10
