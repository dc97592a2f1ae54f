"""What is remembered, and what takes it back."""

import hashlib

import pytest

from doorward.guard import Denied, Identity, Verifier
from doorward.guard._revocations import CLOCK_MARGIN_SECONDS, RolesChanged, SessionEnded, TokenEnded, UserEnded
from signing import HOUR, SECRET, SigningKey, flask_token, session_id

NOW = 1_584_244_200
LATER = NOW + 2 * HOUR
KEY = SigningKey()


@pytest.fixture
def verifier() -> Verifier:
    made = Verifier(secret_keys=[SECRET])
    made.replace_ed25519({KEY.kid: KEY.public})
    made.confirm_fresh(NOW)
    return made


def refused(verifier: Verifier, token: str, now: float = NOW) -> str:
    with pytest.raises(Denied) as caught:
        verifier.verify(token, now)
    return caught.value.error


def test_a_token_is_verified_once(verifier: Verifier) -> None:
    token = KEY.token(now=NOW)
    first = verifier.verify(token, NOW)
    assert verifier.verify(token, NOW) is first
    assert verifier.remembered() == 1
    assert refused(verifier, token + "A") == "token_invalid"


def test_a_logout_ends_it_whether_seen_before_or_not(verifier: Verifier) -> None:
    seen, unseen, other = (KEY.token(now=NOW, number=n) for n in (1, 2, 3))
    verifier.verify(seen, NOW)
    for number in (1, 2):
        verifier.revocations.apply([(number, SessionEnded(bytes.fromhex(session_id(NOW, number)), LATER))])
    for _ in range(2):
        assert refused(verifier, seen) == refused(verifier, unseen) == "token_revoked"
    assert verifier.verify(other, NOW).user_id == 42


def test_single_tokens_and_all_of_a_user(verifier: Verifier) -> None:
    tokens = [flask_token(now=NOW), KEY.token(now=NOW), flask_token(now=NOW, sid=session_id(NOW))]
    late = [flask_token(now=NOW + 1), KEY.token(now=NOW + 0.002, iat=NOW), KEY.token(now=NOW, user_id=7)]
    late[1] = KEY.token(now=NOW, sid=session_id(NOW + 0.002))
    for token in [*tokens, *late]:
        verifier.verify(token, NOW)
    single = flask_token(now=NOW - 1)
    verifier.verify(single, NOW)
    verifier.revocations.apply([(1, TokenEnded(hashlib.sha256(single.encode()).digest(), LATER))])
    assert refused(verifier, single) == "token_revoked"
    verifier.revocations.apply([(2, UserEnded(42, NOW * 1000 + 1, LATER))])
    for token in tokens:
        assert refused(verifier, token) == "token_revoked"
    for token in late:
        verifier.verify(token, NOW)


def test_roles_are_those_of_the_feed_for_what_was_issued_before(verifier: Verifier) -> None:
    token = KEY.token(now=NOW, roles=["admin", "editor"])
    assert verifier.verify(token, NOW).roles == ("admin", "editor")
    verifier.revocations.apply([(1, RolesChanged(42, ("editor",), NOW * 1000, LATER))])
    assert verifier.verify(token, NOW).roles == ("editor",)
    assert verifier.verify(KEY.token(now=NOW + 1, roles=["admin"]), NOW).roles == ("admin",)
    verifier.revocations.apply([(0, RolesChanged(42, ("admin",), NOW * 1000, LATER))])
    assert verifier.verify(token, NOW).roles == ("editor",)
    # Sequence and clock disagree: what both grant.
    verifier.revocations.apply([(2, RolesChanged(42, ("admin", "editor"), NOW * 1000 - 5, LATER))])
    assert verifier.verify(token, NOW).roles == ("editor",)


def test_nothing_revoked_comes_back(verifier: Verifier) -> None:
    ended = SessionEnded(bytes.fromhex(session_id(NOW)), LATER)
    verifier.revocations.apply([(5, ended), (6, UserEnded(7, NOW * 1000, LATER))])
    version = verifier.revocations.version
    verifier.revocations.apply([(5, ended._replace(until=NOW)), (1, UserEnded(7, 0, NOW))])
    assert verifier.revocations.version == version
    verifier.prune(LATER + CLOCK_MARGIN_SECONDS)
    assert verifier.revocations.counts() == (1, 0, 1, 0)
    verifier.prune(LATER + CLOCK_MARGIN_SECONDS + 1)
    assert verifier.revocations.counts() == (0, 0, 0, 0)


def test_a_withdrawn_key_opens_nothing_also_when_it_comes_back(verifier: Verifier) -> None:
    token = KEY.token(now=NOW)
    verifier.verify(token, NOW)
    kept = SigningKey(2)
    verifier.replace_ed25519({KEY.kid: KEY.public, kept.kid: kept.public})
    verifier.verify(token, NOW)
    verifier.replace_ed25519({kept.kid: kept.public})
    assert refused(verifier, token) == "token_invalid"
    # The same name for another key.
    verifier.replace_ed25519({KEY.kid: kept.public})
    assert refused(verifier, token) == "token_invalid"


def test_expiry_is_seen_of_what_is_remembered(verifier: Verifier) -> None:
    token, flask = KEY.token(now=NOW, exp=NOW + 10), flask_token(now=NOW - HOUR)
    verifier.verify(token, NOW + 9)
    verifier.verify(flask, NOW)
    assert refused(verifier, token, NOW + 10) == "token_expired"
    assert refused(verifier, flask, NOW + 1) == "token_expired"
    assert verifier.remembered() == 0


def test_closed_when_nothing_was_heard_for_too_long_and_when_the_clock_was_set_back(verifier: Verifier) -> None:
    token = KEY.token(now=NOW)
    verifier.verify(token, NOW + 30)
    for now in (NOW + 31, NOW - 31):
        assert verifier.is_stale(now)
        assert refused(verifier, token, now) == "guard_stale"
        assert refused(verifier, "garbage", now) == "guard_stale"
    assert refused(Verifier(), token) == "guard_stale"
    open_for_ever = Verifier(max_staleness=None)
    open_for_ever.replace_ed25519({KEY.kid: KEY.public})
    assert open_for_ever.verify(token, NOW).user_id == 42


def test_thousands_of_tokens_take_a_bounded_place_and_the_one_in_use_stays() -> None:
    verifier = Verifier(secret_keys=[SECRET], cache_capacity=100, max_staleness=None)
    used = flask_token(now=NOW)
    identity = verifier.verify(used, NOW)
    for n in range(1000):
        verifier.verify(flask_token(now=NOW, user_id=n + 1), NOW)
        assert verifier.verify(used, NOW) is identity
    assert verifier.remembered() == 100


def test_what_is_shown_holds_no_secret(verifier: Verifier) -> None:
    token = KEY.token(now=NOW)
    identity = verifier.verify(token, NOW)
    assert isinstance(identity, Identity)
    shown = repr(identity) + repr(verifier) + repr(verifier.__dict__) + repr(vars(verifier.keys))
    assert SECRET not in shown
    assert token.split(".")[2] not in repr(identity)


@pytest.mark.parametrize(
    "settings",
    [
        {"flask_algorithm": "none"},
        {"secret_keys": "one"},
        {"cache_capacity": 0},
        {"max_staleness": 0},
        {"max_staleness": float("nan")},
    ],
)
def test_settings_that_can_not_be(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        Verifier(**settings)  # type: ignore[arg-type]
