//! C2: a token is good for what it was made for, and for nothing else.

use super::form::{Expect, Vector, session};
use super::making::{
    EXPIRES, ISSUED, claims, eddsa, flask, good_flask_header, hs512, jwt, jwt_header, jwt_with, signing_key,
};

pub(crate) fn vectors(out: &mut Vec<Vector>) {
    out.push(Vector::token("good-jwt", jwt(), Expect::jwt()));
    out.push(Vector::token("good-jwt-without-roles-and-name", jwt_with("", ""), Expect::bare_jwt(42)));
    out.push(Vector::token("good-flask", flask(None), Expect::flask(42, None)));
    out.push(Vector::token("good-flask-with-session", flask(Some(session())), Expect::flask(42, Some(session()))));
    let extra = hs512(&good_flask_header(), r#"{"id":42,"extra":{"a":[1,2]}}"#);
    out.push(Vector::token("good-flask-with-more", extra, Expect::flask(42, None)));
    let more = jwt_with("https://shop.example/cart", r#"{"items":[1,2]}"#);
    out.push(Vector::token("good-jwt-with-more", more, Expect::bare_jwt(42)));
    let roles = jwt_with("roles", r#"["admin","日本語 \"role\"",""]"#);
    let expect = Expect::bare_jwt(42).with_roles(&["admin", "日本語 \"role\"", ""]);
    out.push(Vector::token("good-jwt-with-odd-roles", roles, expect));
    let escaped = eddsa(&jwt_header(""), &claims("sub", r#""\u0034\u0032""#));
    out.push(Vector::token("good-jwt-with-escapes", escaped, Expect::bare_jwt(42)));

    formats(out);
    types(out);
    issuers(out);
    subjects(out);
    let odd = [
        ("jti-number", "jti", "1"),
        ("jti-empty", "jti", "\"\""),
        ("jti-missing", "jti", ""),
        ("sid-missing", "sid", ""),
        ("sid-empty", "sid", "\"\""),
        ("sid-capitals", "sid", "\"019AB9D3F4FB7A5AA5A5A5A5A5A5A5A5\""),
        ("sid-hyphens", "sid", "\"019ab9d3-f4fb-7a5a-a5a5-a5a5a5a5a5a5\""),
        ("sid-version-4", "sid", "\"019ab9d3f4fb4a5aa5a5a5a5a5a5a5a5\""),
        ("sid-variant", "sid", "\"019ab9d3f4fb7a5a25a5a5a5a5a5a5a5\""),
        ("sid-number", "sid", "7"),
        ("roles-string", "roles", "\"admin\""),
        ("roles-numbers", "roles", "[1]"),
        ("roles-null", "roles", "null"),
        ("roles-nested", "roles", "[[\"admin\"]]"),
        ("username-number", "preferred_username", "1"),
        ("username-null", "preferred_username", "null"),
    ];
    for (name, member, value) in odd {
        out.push(Vector::token(format!("c2-{name}"), jwt_with(member, value), Expect::malformed()));
    }
    for (name, sid) in [("number", "1"), ("null", "null"), ("empty", "\"\""), ("odd", "\"x\"")] {
        let token = hs512(&good_flask_header(), &format!(r#"{{"id":42,"sid":{sid}}}"#));
        out.push(Vector::token(format!("c2-flask-sid-{name}"), token, Expect::malformed()));
    }
}

fn formats(out: &mut Vec<Vector>) {
    let no_times = format!(r#"{{"alg":"HS512","typ":"at+jwt","kid":"{}"}}"#, signing_key().kid());
    let token = hs512(&no_times, &claims("", ""));
    out.push(Vector::token("c2-jwt-under-the-flask-secret-without-times", token, Expect::malformed()));
    let token = hs512(&good_flask_header(), &claims("", ""));
    out.push(Vector::token("c2-jwt-claims-in-a-flask-token", token, Expect::invalid()));
    let times = format!(r#","iat":{ISSUED},"exp":{EXPIRES}"#);
    let token = eddsa(&jwt_header(&times), r#"{"id":42}"#);
    out.push(Vector::token("c2-flask-payload-in-a-jwt", token, Expect::invalid()));

    let vector = Vector::token("c2-flask-where-only-jwt-is-accepted", flask(None), Expect::invalid());
    out.push(vector.config(|config| config.secret_keys.clear()));
    let vector = Vector::token("c2-jwt-where-only-flask-is-accepted", jwt(), Expect::invalid());
    out.push(vector.config(|config| config.ed25519.clear()));

    for (name, payload) in [
        ("confirm", r#"{"confirm":42}"#),
        ("reset", r#"{"reset":42}"#),
        ("change-email", r#"{"change_email":42,"new_email":"a@b.c"}"#),
    ] {
        let token = hs512(&good_flask_header(), payload);
        out.push(Vector::token(format!("c2-flask-link-{name}"), token, Expect::invalid()));
    }
    out.push(Vector::token("c2-api-key", "dw_0123456789abcdefghijklmnopqrstuvwxyz", Expect::invalid()));
    out.push(Vector::token("c2-api-key-prefix-alone", "dw_", Expect::invalid()));
}

fn types(out: &mut Vec<Vector>) {
    let header = |typ: &str| format!(r#"{{"alg":"EdDSA",{typ}"kid":"{}"}}"#, signing_key().kid());
    for (name, typ) in [
        ("missing", ""),
        ("jwt", r#""typ":"JWT","#),
        ("refresh", r#""typ":"rt+jwt","#),
        ("capitals", r#""typ":"AT+JWT","#),
        ("space", r#""typ":"at+jwt ","#),
        ("logout", r#""typ":"logout+jwt","#),
        ("assertion", r#""typ":"assertion+jwt","#),
    ] {
        let token = eddsa(&header(typ), &claims("", ""));
        out.push(Vector::token(format!("c2-typ-{name}"), token, Expect::invalid()));
    }
    let number = eddsa(&header(r#""typ":1,"#), &claims("", ""));
    out.push(Vector::token("c2-typ-number", number, Expect::malformed()));
    let long = eddsa(&header(r#""typ":"application/at+jwt","#), &claims("", ""));
    out.push(Vector::token("c2-typ-as-a-media-type", long, Expect::bare_jwt(42)));
}

fn issuers(out: &mut Vec<Vector>) {
    for (name, value) in [
        ("missing", ""),
        ("slash", "\"https://id.example/\""),
        ("capitals", "\"https://ID.example\""),
        ("empty", "\"\""),
    ] {
        out.push(Vector::token(format!("c2-iss-{name}"), jwt_with("iss", value), Expect::invalid()));
    }
    for (name, value) in [("number", "1"), ("null", "null"), ("array", "[\"https://id.example\"]")] {
        out.push(Vector::token(format!("c2-iss-{name}"), jwt_with("iss", value), Expect::malformed()));
    }
    for (name, value) in [
        ("missing", ""),
        ("capitals", "\"Doorward\""),
        ("none", "[]"),
        ("other", "\"other\""),
        ("others", r#"["other"]"#),
    ] {
        out.push(Vector::token(format!("c2-aud-{name}"), jwt_with("aud", value), Expect::invalid()));
    }
    for (name, value) in [("array", r#"["doorward"]"#), ("among-others", r#"["other","doorward"]"#)] {
        out.push(Vector::token(format!("c2-aud-{name}"), jwt_with("aud", value), Expect::bare_jwt(42)));
    }
    for (name, value) in [
        ("number", "1"),
        ("null", "null"),
        ("object", "{}"),
        ("numbers", "[1]"),
        ("mixed", r#"["doorward",1]"#),
        ("nested", r#"[["doorward"]]"#),
    ] {
        out.push(Vector::token(format!("c2-aud-{name}"), jwt_with("aud", value), Expect::malformed()));
    }
}

fn subjects(out: &mut Vec<Vector>) {
    for (name, sub) in [
        ("zero", "\"0\""),
        ("negative", "\"-1\""),
        ("plus", "\"+1\""),
        ("leading-zero", "\"01\""),
        ("space-before", "\" 1\""),
        ("space-after", "\"1 \""),
        ("decimal", "\"1.0\""),
        ("exponent", "\"1e3\""),
        ("underscore", "\"1_0\""),
        ("empty", "\"\""),
        ("word", "\"admin\""),
        ("past-64-bits", "\"9223372036854775808\""),
        ("arabic-digit", "\"١\""),
        ("missing", ""),
    ] {
        out.push(Vector::token(format!("c2-sub-{name}"), jwt_with("sub", sub), Expect::invalid()));
    }
    for (name, sub) in [("number", "42"), ("null", "null"), ("array", "[\"42\"]")] {
        out.push(Vector::token(format!("c2-sub-is-{name}"), jwt_with("sub", sub), Expect::malformed()));
    }
    let largest = jwt_with("sub", "\"9223372036854775807\"");
    out.push(Vector::token("c2-sub-largest", largest, Expect::bare_jwt(i64::MAX)));
    for (name, id) in [
        ("zero", "0"),
        ("negative", "-1"),
        ("decimal", "1.0"),
        ("exponent", "1e0"),
        ("true", "true"),
        ("null", "null"),
        ("array", "[1]"),
        ("object", "{\"id\":1}"),
        ("zero-text", "\"0\""),
        ("leading-zero", "\"01\""),
        ("negative-text", "\"-1\""),
        ("underscore", "\"1_0\""),
        ("past-64-bits", "9223372036854775808"),
    ] {
        let token = hs512(&good_flask_header(), &format!(r#"{{"id":{id}}}"#));
        out.push(Vector::token(format!("c2-flask-id-{name}"), token, Expect::invalid()));
    }
    for (name, payload) in [("array", "[42]"), ("number", "42"), ("text", "\"42\""), ("null", "null"), ("empty", "{}")]
    {
        let token = hs512(&good_flask_header(), payload);
        out.push(Vector::token(format!("c2-flask-payload-{name}"), token, Expect::invalid()));
    }
    let largest = hs512(&good_flask_header(), r#"{"id":9223372036854775807}"#);
    out.push(Vector::token("c2-flask-id-largest", largest, Expect::flask(i64::MAX, None)));
    let text = hs512(&good_flask_header(), r#"{"id":"42"}"#);
    out.push(Vector::token("c2-flask-id-as-text", text, Expect::flask(42, None)));
}
