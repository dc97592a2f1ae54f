"""A guard beside a Doorward that is down, slow, lying, or begun anew."""

import json
import time
from typing import Any, Callable

import pytest

from doorward.guard import Denied, Guard
from doorward.guard import _follower as following
from doorward.guard import _guard as guarding
from fake_doorward import SERVICE_KEY, FakeDoorward, Handler
from signing import SECRET, SigningKey, flask_token, session_id
from waiting import until

MakeGuard = Callable[..., Guard]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for in vain is waited for shortly."""
    monkeypatch.setattr(following, "WAIT", 1)
    monkeypatch.setattr(following, "WAIT_WITHOUT_KEYS", 0)
    monkeypatch.setattr(following, "PATIENCE", 0.5)
    monkeypatch.setattr(following, "SNAPSHOT_PATIENCE", 0.5)
    monkeypatch.setattr(following, "LAST_DELAY", 0.2)


def error_of(guard: Guard, token: str) -> str:
    try:
        guard.verify(token)
    except Denied as denied:
        return denied.error
    return "good"


def heard_of(guard: Guard, sequence: int) -> None:
    until(lambda: guard.status().sequence == sequence)


def test_the_first_request_is_answered_though_nothing_was_known_before(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    ended = session_id(time.time(), 2)
    doorward.end_session(ended)
    guard = make_guard()
    assert guard.status().sequence is None
    assert guard.status().stale
    assert doorward.requests == {}
    key = doorward.keys[0]
    assert guard.verify(key.token()).user_id == 42
    assert error_of(guard, key.token(sid=ended)) == "token_revoked"
    status = guard.status()
    assert (status.sequence, status.stale, status.keys, status.last_error, status.revoked_sessions) == (
        1,
        False,
        (key.kid,),
        None,
        1,
    )
    assert doorward.questions[0] == "/revocations"
    assert status.seconds_since_fresh is not None
    assert status.seconds_since_fresh < 30


def test_every_kind_of_event(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    guard = make_guard()
    key = doorward.keys[0]
    token, mine, single = key.token(roles=["admin"]), flask_token(user_id=7), flask_token(user_id=8)
    for each in (token, mine, single):
        guard.verify(each)
    doorward.publish(kind="roles", user_id=42, roles=["editor"], at_ms=int(time.time() * 1000) + 1000)
    doorward.publish(kind="user", user_id=7, valid_after_ms=int(time.time() * 1000) + 1000)
    doorward.publish(kind="token", sha256=guard.verify(single).sha256.hex())
    doorward.publish(kind="unheard-of", detail=[1, {"a": None}])
    heard_of(guard, 4)
    assert guard.verify(token).roles == ("editor",)
    assert error_of(guard, mine) == error_of(guard, single) == "token_revoked"
    assert guard.status().unknown_events == 1
    doorward.end_session(session_id(int(time.time()) - 1))
    heard_of(guard, 5)
    # A second guard learns the same from a snapshot.
    other = make_guard()
    assert other.verify(token).roles == ("editor",)
    assert error_of(other, mine) == error_of(other, single) == "token_revoked"


def test_more_than_one_answer_full(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    guard = make_guard()
    guard.start()
    with doorward.changed:
        for number in range(2500):
            doorward.end_session(session_id(time.time(), number + 5))
    heard_of(guard, 2500)
    assert guard.status().revoked_sessions == 2500
    assert guard.status().snapshots == 1


def test_keys_turn_and_are_withdrawn_by_the_feed(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    guard = make_guard()
    old, new = doorward.keys[0], SigningKey(2)
    before = old.token()
    guard.verify(before)
    doorward.keys = [new, old]
    doorward.publish(kind="keys")
    until(lambda: guard.status().keys == (new.kid, old.kid))
    assert guard.verify(new.token()).user_id == guard.verify(before).user_id == 42
    doorward.keys = [new]
    doorward.publish(kind="keys")
    until(lambda: guard.status().keys == (new.kid,))
    assert error_of(guard, before) == "token_invalid"


def test_an_unknown_kid_fetches_the_keys_once_a_minute(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    guard = make_guard()
    guard.start()
    fetched = doorward.requests["/.well-known/jwks.json"]
    new = SigningKey(2)
    doorward.keys.append(new)
    assert guard.verify(new.token()).user_id == 42
    for number in range(3, 20):
        assert error_of(guard, SigningKey(number).token()) == "token_invalid"
    assert doorward.requests["/.well-known/jwks.json"] == fetched + 1


def test_doorward_down_from_the_start_and_then_there(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    doorward.stop()
    guard = make_guard()
    token = doorward.keys[0].token()
    assert error_of(guard, token) == error_of(guard, flask_token()) == "guard_stale"
    until(lambda: guard.status().failures > 2)
    assert "refused" in str(guard.status().last_error)
    doorward.start()
    until(lambda: error_of(guard, token) == "good")
    until(lambda: guard.status().last_error is None)


def test_doorward_away_and_begun_anew(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    guard = make_guard()
    token = doorward.keys[0].token()
    guard.verify(token)
    doorward.stop()
    until(lambda: guard.status().failures)
    assert error_of(guard, token) == "good"
    # What happened meanwhile is no longer among its events.
    doorward.end_session(guard.verify(token).session_id or "")
    doorward.events.clear()
    doorward.start()
    until(lambda: error_of(guard, token) == "token_revoked")
    assert guard.status().snapshots == 2


def test_closed_in_time_or_open_by_choice(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    closed, open_for_ever = make_guard(max_staleness=2), make_guard(max_staleness=2, when_stale="fail-open")
    token = doorward.keys[0].token()
    closed.verify(token)
    open_for_ever.verify(token)
    # Doorward answers, and has itself not heard of anything.
    doorward.age_ms = 3_000
    doorward.publish(kind="unheard-of")
    until(lambda: error_of(closed, token) == "guard_stale")
    assert closed.status().stale
    until(lambda: open_for_ever.status().sequence == 1)
    assert error_of(open_for_ever, token) == "good"
    doorward.age_ms = 0
    doorward.publish(kind="unheard-of")
    until(lambda: error_of(closed, token) == "good")


def test_a_restored_database(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    doorward.sequence = 100
    guard = make_guard()
    token, ended = doorward.keys[0].token(), session_id(time.time(), 9)
    doorward.end_session(ended)
    guard.start()
    heard_of(guard, 101)
    doorward.stop()
    doorward.sequence, doorward.events, doorward.revoked = 7, [], []
    doorward.start()
    heard_of(guard, 7)
    assert error_of(guard, doorward.keys[0].token(sid=ended)) == "token_revoked"
    assert error_of(guard, token) == "good"
    doorward.end_session(guard.verify(token).session_id or "")
    until(lambda: error_of(guard, token) == "token_revoked")


def answer(body: Any, status: int = 200, **headers: str) -> Callable[[Handler], None]:
    return lambda handler: handler.say(body, status, **headers)


def huge(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(10 * 1024**3))
    handler.end_headers()
    for _ in range(100_000):
        handler.wfile.write(b" " * 100_000)


def endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for _ in range(100_000):
        handler.wfile.write(b"186A0\r\n" + b" " * 100_000 + b"\r\n")


def dripping(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(100_000):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def dripping_headers(handler: Handler) -> None:
    for letter in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000:
        handler.wfile.write(bytes([letter]))
        handler.wfile.flush()
        time.sleep(0.05)


def silent(handler: Handler) -> None:
    time.sleep(3)
    handler.close_connection = True


def cut_off(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"sequence":')
    handler.close_connection = True


def no_http(handler: Handler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9\r\n")
    handler.close_connection = True


GOOD = {"sequence": 5, "age_ms": 0, "events": []}
SNAPSHOT = {"sessions": "", "tokens": "", "users": [], "roles": []}


def event(**members: Any) -> dict[str, Any]:
    return {**GOOD, "events": [{"sequence": 5, "until": 9, **members}]}


BAD_ANSWERS: dict[str, Callable[[Handler], None]] = {
    "huge": huge,
    "endless": endless,
    "dripping": dripping,
    "dripping headers": dripping_headers,
    "silent": silent,
    "cut off": cut_off,
    "no http": no_http,
    "redirect": answer(b"", 302, Location="http://169.254.169.254/latest/meta-data/"),
    "moved": answer(b"", 308, Location="/elsewhere"),
    "unauthorized": answer({"code": 401}, 401),
    "forbidden": answer({"code": 403}, 403),
    "unavailable": answer({"code": 503}, 503),
    "no content": answer(b"", 204),
    "html": answer(b"<html>"),
    "nothing": answer(b""),
    "list": answer([]),
    "null": answer(b"null"),
    "deep": answer(b"[" * 100_000),
    "long number": answer(b'{"sequence":' + b"9" * 900_000 + b"}"),
    "nan": answer(b'{"sequence":NaN,"age_ms":0,"events":[]}'),
    "latin": answer(b'{"sequence":5,"age_ms":0,"events":[],"x":"\xe9"}'),
    "no sequence": answer({"age_ms": 0, "events": []}),
    "sequence of text": answer({**GOOD, "sequence": "5"}),
    "sequence of truth": answer({**GOOD, "sequence": True}),
    "negative age": answer({**GOOD, "age_ms": -1}),
    "no events": answer({"sequence": 5, "age_ms": 0}),
    "events of numbers": answer({**GOOD, "events": [5]}),
    "event without kind": answer(event()),
    "event of another time": answer({**GOOD, "events": [{"sequence": 6, "kind": "keys"}]}),
    "event twice": answer({**GOOD, "events": [{"sequence": 5, "kind": "keys"}] * 2}),
    "session of text": answer(event(kind="session", session_id="everybody")),
    "session forever": answer(event(kind="session", session_id=session_id(0), until=None)),
    "token of text": answer(event(kind="token", sha256="zz" * 32)),
    "user of text": answer(event(kind="user", user_id="42", valid_after_ms=0)),
    "user of huge": answer(event(kind="user", user_id=2**63, valid_after_ms=0)),
    "roles of numbers": answer(event(kind="roles", user_id=42, roles=[1], at_ms=0)),
    "roles of text": answer(event(kind="roles", user_id=42, roles="admin", at_ms=0)),
    "snapshot of text": answer({**GOOD, "snapshot": "x"}),
    "snapshot cut off": answer({**GOOD, "snapshot": {**SNAPSHOT, "sessions": "AAAA"}}),
    "snapshot of no base64": answer({**GOOD, "snapshot": {**SNAPSHOT, "tokens": "$"}}),
    "snapshot of a part": answer({**GOOD, "snapshot": {"sessions": "", "tokens": "", "users": []}}),
    "snapshot of wrong users": answer({**GOOD, "snapshot": {**SNAPSHOT, "users": [{"user_id": 1}]}}),
    "cursor that goes back": answer({"sequence": 1, "age_ms": 0, "events": []}),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_a_bad_answer_changes_nothing(doorward: FakeDoorward, make_guard: MakeGuard, name: str) -> None:
    doorward.sequence = 4
    guard = make_guard()
    token, ended = doorward.keys[0].token(), session_id(time.time(), 2)
    guard.verify(token)
    doorward.end_session(ended)
    heard_of(guard, 5)
    before = guard.status()
    doorward.instead["/revocations"] = BAD_ANSWERS[name]
    doorward.publish(kind="unheard-of")
    until(lambda: guard.status().failures > before.failures)
    status = guard.status()
    assert status.last_error
    assert status.last_error.startswith("/revocations: ")
    assert (status.revoked_sessions, status.revoked_tokens, status.revoked_users, status.changed_roles) == (1, 0, 0, 0)
    assert status.keys == before.keys
    assert error_of(guard, token) == "good"
    assert error_of(guard, doorward.keys[0].token(sid=ended)) == "token_revoked"
    assert not [question for question in doorward.questions if "meta-data" in question or "elsewhere" in question]
    # And it goes on as soon as the answers are good again.
    del doorward.instead["/revocations"]
    doorward.end_session(guard.verify(token).session_id or "")
    until(lambda: error_of(guard, token) == "token_revoked")
    until(lambda: guard.status().last_error is None)


PUBLIC = SigningKey(3).jwk()

BAD_KEYS: dict[str, Callable[[Handler], None]] = {
    "huge": huge,
    "endless": endless,
    "dripping": dripping,
    "redirect": answer(b"", 302, Location="/elsewhere"),
    "not found": answer(b"", 404),
    "html": answer(b"<html>"),
    "no keys": answer({}),
    "keys of text": answer({"keys": "x"}),
    "key of text": answer({"keys": ["x"]}),
    "key without kid": answer({"keys": [{**PUBLIC, "kid": None}]}),
    "short key": answer({"keys": [{**PUBLIC, "x": "AAAA"}]}),
    "long key": answer({"keys": [{**PUBLIC, "x": PUBLIC["x"] + "AAAA"}]}),
    "key of other letters": answer({"keys": [{**PUBLIC, "x": "é" * 43}]}),
    "kid twice": answer({"keys": [PUBLIC, PUBLIC]}),
    "more than is read": answer(json.dumps({"keys": [PUBLIC], "x": "x" * 70_000}).encode()),
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_bad_keys_change_nothing_and_the_revocations_go_on(doorward: FakeDoorward, make_guard: MakeGuard, name: str) -> None:
    guard = make_guard()
    token, other = doorward.keys[0].token(), doorward.keys[0].token(number=2)
    guard.verify(token)
    doorward.instead["/.well-known/jwks.json"] = BAD_KEYS[name]
    doorward.publish(kind="keys")
    until(lambda: guard.status().failures)
    assert str(guard.status().last_error).startswith("/.well-known/jwks.json: ")
    assert guard.status().keys == (doorward.keys[0].kid,)
    assert error_of(guard, other) == "good"
    doorward.end_session(guard.verify(token).session_id or "")
    until(lambda: error_of(guard, token) == "token_revoked")
    doorward.keys = [SigningKey(2)]
    del doorward.instead["/.well-known/jwks.json"]
    until(lambda: error_of(guard, other) == "token_invalid")


def test_keys_that_are_not_for_this_are_passed_over(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    keys = [{"kty": "RSA", "n": "x"}, {"kty": "OKP", "crv": "X25519"}, {**PUBLIC, "use": "enc"}, doorward.keys[0].jwk()]
    doorward.instead["/.well-known/jwks.json"] = answer({"keys": keys, "x": 1})
    guard = make_guard()
    guard.start()
    assert guard.status().keys == (doorward.keys[0].kid,)


def test_without_keys_a_jwt_is_not_bad_but_unknown(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    doorward.instead["/.well-known/jwks.json"] = answer(b"", 500)
    guard = make_guard()
    assert error_of(guard, doorward.keys[0].token()) == "guard_stale"
    assert error_of(guard, flask_token()) == "good"


def test_too_far_behind_for_one_answer_asks_for_a_snapshot(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    guard = make_guard()
    guard.start()
    for number in range(1, 41):
        roles = ["x" * 30_000]
        doorward.revoked.append({"kind": "roles", "user_id": number, "roles": roles, "at_ms": 1, "until": int(time.time()) + 60})
    with doorward.changed:
        doorward.sequence = 50
        doorward.changed.notify_all()
    heard_of(guard, 50)
    assert guard.status().changed_roles == 40
    assert guard.status().snapshots == 2
    assert "/revocations" in doorward.questions[1:]


def test_a_slow_doorward_does_not_hold_requests_for_long(
    doorward: FakeDoorward, make_guard: MakeGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarding, "FIRST_ANSWER_PATIENCE", 0.2)
    monkeypatch.setattr(following, "SNAPSHOT_PATIENCE", 3)
    doorward.instead["/revocations"] = silent
    guard = make_guard()
    begun = time.monotonic()
    for _ in range(20):
        assert error_of(guard, flask_token()) == "guard_stale"
    assert time.monotonic() - begun < 2.5


def test_a_guard_that_is_closed_follows_no_more(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    guard = make_guard()
    guard.start()
    guard.close()
    assert guard.status().sequence is None
    guard.start()
    assert guard.status().sequence == 0


@pytest.mark.parametrize(
    ("url", "key", "settings", "said"),
    [
        ("doorward", SERVICE_KEY, {}, "url"),
        ("ftp://x", SERVICE_KEY, {}, "url"),
        ("http://user:pw@x", SERVICE_KEY, {}, "url"),
        ("http://x/?a=b", SERVICE_KEY, {}, "url"),
        ("http://x", "secret", {}, "service_key"),
        ("http://x", "dw_a\nb", {}, "service_key"),
        ("http://x", SERVICE_KEY, {"when_stale": "perhaps"}, "when_stale"),
    ],
)
def test_settings_that_can_not_be(url: str, key: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        Guard(url, key, **settings)
    assert "pw" not in str(caught.value) or url not in str(caught.value)
    assert key not in str(caught.value)


def test_nothing_shown_holds_the_service_key(doorward: FakeDoorward, make_guard: MakeGuard) -> None:
    guard = make_guard()
    guard.start()
    shown = repr(guard) + repr(guard.status())
    assert SERVICE_KEY not in shown
    assert SECRET not in shown
