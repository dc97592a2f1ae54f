"""Tokens as attackers send them."""

import json
from typing import Optional

import pytest

from doorward.guard import Denied, Verifier
from signing import AUDIENCE, HOUR, ISSUER, SECRET, SigningKey, base64url, flask_token, session_id, sign_hmac

NOW = 1_584_244_200
KEY = SigningKey()


def verifier(**settings: object) -> Verifier:
    made = Verifier(**{"secret_keys": [SECRET], "max_staleness": None, **settings})  # type: ignore[arg-type]
    made.replace_ed25519({KEY.kid: KEY.public})
    return made


def verdict(token: str, by: Optional[Verifier] = None, now: float = NOW) -> str:
    try:
        (by or verifier()).verify(token, now)
    except Denied as denied:
        return denied.error
    return "good"


def payload(name: str = "", changed: str = "") -> str:
    """The claims of a good token, where ``changed`` stands in the place of a member."""
    members = {
        "iss": f'"{ISSUER}"',
        "aud": f'"{AUDIENCE}"',
        "sub": '"42"',
        "iat": str(NOW),
        "exp": str(NOW + HOUR),
        "jti": '"1"',
        "sid": f'"{session_id(NOW)}"',
    }
    if name:
        members.pop(name, None)
    if changed:
        members[name] = changed
    return "{" + ",".join(f'"{member}":{value}' for member, value in members.items()) + "}"


def with_claim(name: str, value: str) -> str:
    return verdict(KEY.sign(KEY.header(), payload(name, value)))


def flask(iat: object = NOW, exp: object = NOW + HOUR, content: str = '{"id":42}', more: str = "", alg: str = "HS512") -> str:
    return verdict(sign_hmac(SECRET, "sha512", f'{{"alg":"{alg}","iat":{iat},"exp":{exp}{more}}}', content))


def test_what_the_attacks_start_from_is_good() -> None:
    identity = verifier().verify(KEY.token(now=NOW, roles=["admin"]), NOW)
    assert (identity.user_id, identity.format, identity.roles, identity.username) == (42, "jwt", ("admin",), "susan")
    assert identity.session_id == session_id(NOW)
    identity = verifier().verify(flask_token(now=NOW), NOW)
    assert (identity.user_id, identity.format, identity.session_id) == (42, "flask", None)
    assert with_claim("x", "1") == flask() == "good"


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "", "RS256", "ES256", "HS256", "hs512", "eddsa", "Ed25519", "dir"])
def test_c1_foreign_algorithms(alg: str) -> None:
    header = f'{{"alg":"{alg}","typ":"at+jwt","kid":"{KEY.kid}","iat":{NOW},"exp":{NOW + HOUR}}}'
    for content in (payload(), '{"id":42}'):
        assert verdict(f"{base64url(header)}.{base64url(content)}.") == "token_invalid"
        assert verdict(KEY.sign(header, content)) == "token_invalid"
        assert verdict(sign_hmac(SECRET, "sha512", header, content)) == "token_invalid"


@pytest.mark.parametrize("alg", ["null", "1", '["EdDSA"]', "{}", "true"])
def test_c1_alg_must_be_a_string(alg: str) -> None:
    assert verdict(KEY.sign(f'{{"alg":{alg},"typ":"at+jwt"}}', "{}")) == "token_malformed"


def test_c1_hmac_under_the_public_key() -> None:
    header = f'{{"alg":"HS512","typ":"at+jwt","kid":"{KEY.kid}","iat":{NOW},"exp":{NOW + HOUR}}}'
    for secret in (KEY.public, base64url(KEY.public), KEY.kid, ""):
        assert verdict(sign_hmac(secret, "sha512", header, payload())) == "token_invalid"
    for secrets in ([], [""], [b""]):
        assert verdict(flask_token(now=NOW, secret=""), verifier(secret_keys=secrets)) == "token_invalid"


def test_c1_kid_that_names_no_key() -> None:
    for kid in ('"unknown"', '""', '"../../../../dev/null"', '"\' OR 1=1 --"', None):
        member = "" if kid is None else f',"kid":{kid}'
        assert verdict(KEY.sign(f'{{"alg":"EdDSA","typ":"at+jwt"{member}}}', payload())) == "token_invalid"
    for kid in ("1", "null", "[]", '"' + "k" * 10240 + '"'):
        assert verdict(KEY.sign(f'{{"alg":"EdDSA","typ":"at+jwt","kid":{kid}}}', payload())) == "token_malformed"


def test_c1_keys_in_the_header_are_not_used_and_crit_zip_and_enc_are_refused() -> None:
    other = SigningKey(9)
    for more in (f',"jwk":{json.dumps(other.jwk())}', ',"jku":"http://127.0.0.1:9/"', ',"x5c":["MIIB"]'):
        assert verdict(other.sign(KEY.header(more), payload())) == "token_invalid"
        assert verdict(KEY.sign(KEY.header(more), payload())) == "good"
    for more in (',"crit":["exp"]', ',"crit":[]', ',"zip":"DEF"', ',"enc":"A256GCM"'):
        assert verdict(KEY.sign(KEY.header(more), payload())) == "token_malformed"
        assert flask(more=more) == "token_malformed"


def test_c2_formats_and_types_do_not_stand_in_for_each_other() -> None:
    assert flask(content=payload()) == "token_invalid"
    assert verdict(KEY.sign(KEY.header(), '{"id":42}')) == "token_invalid"
    assert verdict(flask_token(now=NOW), verifier(secret_keys=[])) == "token_invalid"
    assert verdict(flask_token(now=NOW), verifier(flask_algorithm="HS256")) == "token_invalid"
    for typ in ('"JWT"', '"rt+jwt"', '"AT+JWT"', '"logout+jwt"'):
        assert verdict(KEY.sign(f'{{"alg":"EdDSA","typ":{typ},"kid":"{KEY.kid}"}}', payload())) == "token_invalid"
    assert verdict(KEY.sign(f'{{"alg":"EdDSA","typ":1,"kid":"{KEY.kid}"}}', payload())) == "token_malformed"
    for content in (
        '{"confirm":42}',
        '{"id":0}',
        '{"id":-1}',
        '{"id":"042"}',
        '{"id":1.0}',
        '{"id":true}',
        "42",
        "[]",
        '{"id":null}',
    ):
        assert flask(content=content) == "token_invalid", content


def test_c2_only_this_issuer_audience_and_subject() -> None:
    for value in ("", '"doorward/"', '""'):
        assert with_claim("iss", value) == with_claim("aud", value) == "token_invalid"
    assert with_claim("aud", '["other","doorward"]') == "good"
    assert with_claim("aud", '["other"]') == with_claim("aud", "[]") == "token_invalid"
    for value in ("1", "null", "{}", "[1]", '["doorward",1]'):
        assert with_claim("aud", value) == "token_malformed"
    for value in ('"0"', '"-1"', '"007"', '""', '"9223372036854775808"', '"٤"', '" 1"'):
        assert with_claim("sub", value) == "token_invalid", value
    assert with_claim("sub", '"9223372036854775807"') == "good"
    assert with_claim("sub", "42") == "token_malformed"
    for name in ("jti", "sid", "iat", "exp"):
        assert with_claim(name, "") == "token_malformed"
    for value in ('"x"', '""', '"0170DC25DAFB7FFFBFFFFFFFFFFFFFFF"', '"0170dc25dafb4fffbfffffffffffffff"'):
        assert with_claim("sid", value) == "token_malformed"
    for value in ("null", "1", '"admin"', "[1]", '{"admin":1}'):
        assert with_claim("roles", value) == "token_malformed"


def test_c3_one_spelling_only() -> None:
    for token in (KEY.token(now=NOW), flask_token(now=NOW)):
        header, content, signature = token.split(".")
        for other in (
            f"{token}=", f"{header}=.{content}.{signature}", f" {token}", f"{token}\n", f"{header}. {content}.{signature}",
            f"{token}\0", f"Bearer {token}", f"\ufeff{token}", token[:-1], f"{token}A", f"{header}.{content}",
            f"{header}.{content}.",
            f".{content}.{signature}", f"{header}..{signature}", f"{token}.AAAA", f"{token}é", "", "...", "..", token * 40,
        ):  # fmt: skip
            assert verdict(other) != "good", other
        for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
            if last != token[-1]:
                assert verdict(token[:-1] + last) != "good", last
    for n in range(1000):
        token = flask_token(now=NOW - n)
        if "-" in token and "_" in token:
            break
    assert verdict(token) == "good"
    assert (
        verdict(token.replace("-", "+"))
        == verdict(token.replace("_", "/"))
        == verdict(token.replace("-", "%2D"))
        == "token_malformed"
    )


def test_c3_members_twice_deep_wide_and_odd() -> None:
    for more in (
        ',"alg":"none"',
        ',"\\u0061lg":"none"',
        ',"x":{"y":1,"y":2}',
        ',"x":1,"x":1',
        ',"x":NaN',
        ',"x":Infinity',
        ',"x":01',
    ):
        assert verdict(KEY.sign(KEY.header(more), payload())) == "token_malformed", more
    for value in ('"\\ud800"', '"\\udc00"', '{"\\ud800":1}', "1e400", "9" * 400, "-", "[1,]", "'x'", '"\t"'):
        assert with_claim("x", value) == "token_malformed", value
    for value in ('"\\ud83d\\ude00"', "1e-400", "9" * 200, "[[]]", '"[[[[[[["', '"\\"[[[[[[["', "null", "-0"):
        assert with_claim("x", value) == "good", value
    for depth in (5, 128, 2000):
        assert with_claim("x", "[" * depth + "]" * depth) == "token_malformed"
        assert verdict(KEY.sign("[" * depth, "{}")) == "token_malformed"
        assert with_claim("x", '{"a":' * min(depth, 1000) + "1" + "}" * min(depth, 1000)) == "token_malformed"
    for members, expected in ((64, "good"), (65, "token_malformed")):
        wide = "{" + ",".join(f'"{n}":0' for n in range(members)) + "}"
        assert with_claim("x", wide) == expected
    for content in (b"", b"{}{}", b"\xff", b'{"a":"\xff"}', b"\xef\xbb\xbf{}", b"{"):
        assert verdict(f"{base64url(content)}.{base64url(payload())}.AAAA") == "token_malformed"
    assert verdict("a." * 500_000) == verdict("x" * 1_000_000) == "token_malformed"


NO_TIMES = [
    '"1584247800"', "1584247800.0", "1.5842478e9", "1e400", "-1", "-0", "9223372036854775808", "18446744073709551616", "9" * 80,
    "null", "true", "[1584247800]", "{}", "NaN", "Infinity", "01584247800", "0x5e6da138",
]  # fmt: skip


@pytest.mark.parametrize("time", NO_TIMES)
def test_c3_times_that_are_no_integers(time: str) -> None:
    for name in ("exp", "iat", "nbf"):
        assert with_claim(name, time) == "token_malformed"
    assert flask(iat=time) == flask(exp=time) == "token_malformed"


def test_c3_times() -> None:
    assert with_claim("exp", "9223372036854775807") == "good"
    assert with_claim("exp", "0") == with_claim("exp", str(NOW)) == "token_expired"
    assert flask(exp=NOW) == "good"
    assert flask(exp=NOW - 1) == "token_expired"
    for ahead, expected in ((0, "good"), (60, "good"), (61, "token_not_yet_valid"), (HOUR, "token_not_yet_valid")):
        assert with_claim("iat", str(NOW + ahead)) == with_claim("nbf", str(NOW + ahead)) == expected
        assert flask(iat=NOW + ahead, exp=NOW + 2 * HOUR) == expected
