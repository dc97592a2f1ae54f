//! C7: where a token stands, and what happens when several come.

use super::form::{Expect, Text, Vector};
use super::making::{flask, jwt};

pub(crate) fn vectors(out: &mut Vec<Vector>) {
    let jwt = jwt();
    let bearer = |token: &str| Text::from(format!("Bearer {token}"));
    let token = || Text::from(jwt.as_str());
    let basic = || Text::from("Basic dTpw");
    let ambiguous = || Expect::error("token_ambiguous");
    let missing = || Expect::error("token_missing");
    let mut add = |name: &str, headers: Vec<(&'static str, Text)>, expect| {
        out.push(Vector::headers(format!("c7-{name}"), headers, expect));
    };

    add("nothing", vec![], missing());
    add("bearer", vec![("authorization", bearer(&jwt))], Expect::jwt());
    add("bearer-flask", vec![("authorization", bearer(&flask(None)))], Expect::flask(42, None));
    for (name, scheme) in [("lower", "bearer "), ("upper", "BEARER "), ("mixed", "bEaReR "), ("spaces", "Bearer   ")] {
        add(&format!("bearer-{name}"), vec![("authorization", format!("{scheme}{jwt}").into())], Expect::jwt());
    }
    for (name, value) in [
        ("basic", "Basic dTpw".to_owned()),
        ("digest", "Digest username=x".to_owned()),
        ("bearerx", format!("Bearerx {jwt}")),
        ("no-scheme", jwt.clone()),
        ("tab", format!("Bearer\t{jwt}")),
    ] {
        add(&format!("other-scheme-{name}"), vec![("authorization", value.clone().into())], missing());
        add(&format!("token-beside-{name}"), vec![("authorization", value.into()), ("token", token())], Expect::jwt());
    }
    add("token-empty", vec![("token", "".into())], Expect::malformed());
    add("authorization-empty", vec![("authorization", "".into())], Expect::malformed());
    add("bearer-empty", vec![("authorization", "Bearer".into())], Expect::malformed());
    add("token-empty-beside-basic", vec![("token", "".into()), ("authorization", basic())], Expect::malformed());

    add("both-alike", vec![("token", token()), ("authorization", bearer(&jwt))], Expect::jwt());
    add("both-differ", vec![("token", token()), ("authorization", bearer(&flask(None)))], ambiguous());
    add("both-differ-turned", vec![("authorization", bearer(&jwt)), ("token", flask(None).into())], ambiguous());
    add("token-beside-empty-bearer", vec![("token", token()), ("authorization", "Bearer".into())], ambiguous());
    add("empty-token-beside-bearer", vec![("token", "".into()), ("authorization", bearer(&jwt))], ambiguous());
    add("token-twice-alike", vec![("token", token()), ("token", token())], Expect::jwt());
    add("token-twice", vec![("token", token()), ("token", flask(None).into())], ambiguous());
    add("token-and-empty", vec![("token", token()), ("token", "".into())], ambiguous());
    add("bearer-twice-alike", vec![("authorization", bearer(&jwt)), ("authorization", bearer(&jwt))], Expect::jwt());
    add("bearer-twice", vec![("authorization", bearer(&jwt)), ("authorization", bearer("a.b.c"))], ambiguous());
    add("bearer-and-basic", vec![("authorization", bearer(&jwt)), ("authorization", basic())], ambiguous());
    add("basic-and-bearer", vec![("authorization", basic()), ("authorization", bearer(&jwt))], ambiguous());
    add("api-key-beside-token", vec![("authorization", bearer("dw_0123")), ("token", token())], ambiguous());

    for (name, value) in [
        ("space", "a b"),
        ("comma", "a,b"),
        ("semicolon", "a;b"),
        ("quotes", "\"a\""),
        ("backslash", "a\\b"),
        ("accent", "é"),
        ("tab", "a\tb"),
    ] {
        add(&format!("character-{name}"), vec![("token", value.into())], Expect::malformed());
    }
    let list = format!("Bearer {jwt}, Bearer {jwt}");
    add("bearer-list", vec![("authorization", list.into())], Expect::malformed());
    let joined = format!("{jwt}, {jwt}");
    add("token-list", vec![("token", joined.into())], Expect::malformed());

    // Cookies are a browser's session with Doorward itself; other headers are nobody's.
    add("cookie", vec![("cookie", format!("doorward={jwt}; token={jwt}").into())], missing());
    add("other-headers", vec![("x-token", token()), ("x-authorization", bearer(&jwt))], missing());
    add("proxy-authorization", vec![("proxy-authorization", bearer(&jwt))], missing());
    add("identity-headers", vec![("x-doorward-user", "susan".into()), ("x-doorward-id", "42".into())], missing());
}
