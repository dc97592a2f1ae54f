//! C3: one spelling and one meaning; times.

use doorward_guard::{FlaskAlgorithm, sign_flask};

use super::form::{Expect, Text, Vector};
use super::making::{
    EXPIRES, ISSUED, NOW, SECRET, base64url, claims, eddsa, flask, flask_header, good_flask_header, hs512, jwt,
    jwt_header, jwt_with,
};

pub(crate) fn vectors(out: &mut Vec<Vector>) {
    base64(out);
    alphabet(out);
    twice(out);
    json(out);
    depth(out);
    times(out);
    skew(out);
    ends(out);
    size(out);
}

fn base64(out: &mut Vec<Vector>) {
    for (form, token) in [("jwt", jwt()), ("flask", flask(None))] {
        let segments: Vec<_> = token.split('.').collect();
        let (header, payload, signature) = (segments[0], segments[1], segments[2]);
        for (name, other) in [
            ("padded", format!("{token}=")),
            ("padded-twice", format!("{token}==")),
            ("header-padded", format!("{header}=.{payload}.{signature}")),
            ("payload-padded", format!("{header}.{payload}=.{signature}")),
            ("space-inside", format!("{header}. {payload}.{signature}")),
            ("tab-inside", format!("{header}.\t{payload}.{signature}")),
            ("space-before-the-dot", format!("{header} .{payload}.{signature}")),
            ("scheme-in-the-token-header", format!("Bearer {token}")),
            ("byte-order-mark", format!("\u{feff}{token}")),
            ("quoted", format!("\"{token}\"")),
            ("two-segments", format!("{header}.{payload}")),
            ("first-empty", format!(".{payload}.{signature}")),
            ("dot-too-many", format!("{token}.")),
            ("dot-in-front", format!(".{token}")),
            ("percent", token.replace('.', "%2E")),
        ] {
            out.push(Vector::token(format!("c3-{form}-{name}"), other, Expect::malformed()));
        }
        // Six bits a character: 64 bytes leave four unused bits in the last one, 32 bytes two.
        let (front, last) = token.split_at(token.len() - 1);
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let place = alphabet.find(last).unwrap();
        for (name, other) in [("one", place | 1), ("all", place | 15)] {
            let other = &alphabet[other..=other];
            out.push(Vector::token(
                format!("c3-{form}-unused-bits-{name}"),
                format!("{front}{other}"),
                Expect::malformed(),
            ));
        }
        let shorter = front.to_owned();
        out.push(Vector::token(format!("c3-{form}-cut"), shorter, Expect::malformed()));
    }
    // The same claims with whitespace in the JSON are another spelling of the payload, well signed: good.
    let spaced = eddsa(&jwt_header(""), &claims("", "").replace(',', " ,\n "));
    out.push(Vector::token("c3-whitespace-in-json", spaced, Expect::bare_jwt(42)));
}

fn alphabet(out: &mut Vec<Vector>) {
    // A token with both of the characters in which the alphabets differ.
    let token = (0..1000)
        .map(|n| sign_flask(SECRET.as_bytes(), FlaskAlgorithm::Hs512, 42, None, ISSUED, EXPIRES + n))
        .find(|token| token.contains('-') && token.contains('_'))
        .unwrap();
    out.push(Vector::token("c3-url-alphabet", token.as_str(), Expect::flask(42, None)));
    for (name, other) in [
        ("plus", token.replace('-', "+")),
        ("slash", token.replace('_', "/")),
        ("both", token.replace('-', "+").replace('_', "/")),
        ("percent", token.replace('-', "%2D")),
    ] {
        out.push(Vector::token(format!("c3-standard-alphabet-{name}"), other, Expect::malformed()));
    }
}

fn twice(out: &mut Vec<Vector>) {
    for (name, more) in [
        ("alg", r#","alg":"EdDSA""#),
        ("alg-none", r#","alg":"none""#),
        ("kid", r#","kid":"x""#),
        ("alg-escaped", r#","\u0061lg":"none""#),
        ("unknown", r#","x":1,"x":1"#),
        ("nested", r#","x":{"y":1,"y":2}"#),
    ] {
        let token = eddsa(&jwt_header(more), &claims("", ""));
        out.push(Vector::token(format!("c3-twice-in-header-{name}"), token, Expect::malformed()));
    }
    for (name, more) in [
        ("sub", r#""sub":"1""#),
        ("exp", r#""exp":1"#),
        ("sub-escaped", r#""s\u0075b":"1""#),
        ("nested", r#""x":[{"y":1,"y":1}]"#),
    ] {
        let token = eddsa(&jwt_header(""), &claims("", "").replacen('{', &format!("{{{more},"), 1));
        out.push(Vector::token(format!("c3-twice-in-claims-{name}"), token, Expect::malformed()));
    }
    let flask = hs512(&good_flask_header(), r#"{"id":1,"id":42}"#);
    out.push(Vector::token("c3-twice-flask-id", flask, Expect::malformed()));
    let header = format!(r#"{{"alg":"HS512","iat":{ISSUED},"exp":{ISSUED},"exp":{EXPIRES}}}"#);
    out.push(Vector::token("c3-twice-flask-exp", hs512(&header, r#"{"id":42}"#), Expect::malformed()));
}

fn json(out: &mut Vec<Vector>) {
    for (name, header) in [
        ("empty", ""),
        ("array", "[]"),
        ("text", "\"EdDSA\""),
        ("null", "null"),
        ("open", "{"),
        ("comma", r#"{"alg":"EdDSA",}"#),
        ("quotes", "{'alg':'EdDSA'}"),
        ("unquoted", "{alg:\"EdDSA\"}"),
        ("two", r#"{"alg":"EdDSA"}{}"#),
        ("surrogate", r#"{"alg":"EdDSA","x":"\ud800"}"#),
        ("nan", r#"{"alg":"EdDSA","x":NaN}"#),
        ("infinity", r#"{"alg":"EdDSA","x":-Infinity}"#),
        ("comment", r#"{"alg":"EdDSA"/**/}"#),
        ("byte-order-mark", "\u{feff}{\"alg\":\"EdDSA\"}"),
    ] {
        let token = eddsa(header, &claims("", ""));
        out.push(Vector::token(format!("c3-header-json-{name}"), token, Expect::malformed()));
    }
    for (name, payload) in
        [("empty", ""), ("array", "[]"), ("open", "{"), ("two", "{}{}"), ("surrogate", r#"{"x":"\ud800"}"#)]
    {
        let token = eddsa(&jwt_header(""), payload);
        out.push(Vector::token(format!("c3-claims-json-{name}"), token, Expect::malformed()));
    }
    let header = base64url(b"{\"alg\":\"EdDSA\",\"x\":\"\xff\"}");
    out.push(Vector::token("c3-header-not-utf-8", format!("{header}.e30.{}", base64url([1; 64])), Expect::malformed()));
    // Nothing is signed by the right key here: what can't be read stops before the signature.
    for token in [".", "..", "...", "a.b.c", "....", "e30.e30.", "e30.e30.e30", "null.null.null"] {
        out.push(Vector::token(format!("c3-no-token-{token}"), token, Expect::malformed()));
    }
    let many = |members: usize| {
        let members: Vec<_> = (0..members).map(|n| format!(r#""m{n}":0"#)).collect();
        jwt_with("x", &format!("{{{}}}", members.join(",")))
    };
    out.push(Vector::token("c3-64-members", many(64), Expect::bare_jwt(42)));
    out.push(Vector::token("c3-65-members", many(65), Expect::malformed()));
}

fn depth(out: &mut Vec<Vector>) {
    // The claims themselves are one level.
    for (depth, good) in [(3, true), (4, false), (127, false), (2000, false)] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let expect = || if good { Expect::bare_jwt(42) } else { Expect::malformed() };
        out.push(Vector::token(format!("c3-arrays-{depth}-deep-in-claims"), jwt_with("x", &nested), expect()));
        let header = eddsa(&jwt_header(&format!(r#","x":{nested}"#)), &claims("", ""));
        out.push(Vector::token(format!("c3-arrays-{depth}-deep-in-header"), header, expect()));
    }
    let objects = format!("{}1{}", r#"{"a":"#.repeat(500), "}".repeat(500));
    out.push(Vector::token("c3-objects-500-deep", jwt_with("x", &objects), Expect::malformed()));
    let open = eddsa(&"[".repeat(4000), "{}");
    out.push(Vector::token("c3-arrays-4000-open", open, Expect::malformed()));
}

/// Everything that is no plain integer from 0 to 2^63 − 1.
const NO_TIMES: &[(&str, &str)] = &[
    ("text", "\"1764043600\""),
    ("point-zero", "1764043600.0"),
    ("fraction", "1764043600.5"),
    ("exponent", "1.7640436e9"),
    ("1e400", "1e400"),
    ("minus-one", "-1"),
    ("minus-zero", "-0"),
    ("least", "-9223372036854775808"),
    ("past-63-bits", "9223372036854775808"),
    ("past-64-bits", "18446744073709551616"),
    ("80-digits", "99999999999999999999999999999999999999999999999999999999999999999999999999999999"),
    ("null", "null"),
    ("true", "true"),
    ("array", "[1764043600]"),
    ("object", "{}"),
    ("nan", "NaN"),
    ("infinity", "Infinity"),
    ("leading-zero", "01764043600"),
    ("hexadecimal", "0x69254000"),
];

fn times(out: &mut Vec<Vector>) {
    for (name, time) in NO_TIMES {
        for claim in ["exp", "iat", "nbf"] {
            out.push(Vector::token(format!("c3-{claim}-{name}"), jwt_with(claim, time), Expect::malformed()));
        }
        let exp = hs512(&flask_header(&ISSUED.to_string(), time), r#"{"id":42}"#);
        out.push(Vector::token(format!("c3-flask-exp-{name}"), exp, Expect::malformed()));
        let iat = hs512(&flask_header(time, &EXPIRES.to_string()), r#"{"id":42}"#);
        out.push(Vector::token(format!("c3-flask-iat-{name}"), iat, Expect::malformed()));
    }
    for claim in ["exp", "iat"] {
        out.push(Vector::token(format!("c3-{claim}-missing"), jwt_with(claim, ""), Expect::malformed()));
    }
    let no_exp = hs512(&format!(r#"{{"alg":"HS512","iat":{ISSUED}}}"#), r#"{"id":42}"#);
    out.push(Vector::token("c3-flask-exp-missing", no_exp, Expect::malformed()));
    let no_iat = hs512(&format!(r#"{{"alg":"HS512","exp":{EXPIRES}}}"#), r#"{"id":42}"#);
    out.push(Vector::token("c3-flask-iat-missing", no_iat, Expect::malformed()));
    let largest = i64::MAX.to_string();
    out.push(Vector::token("c3-exp-largest", jwt_with("exp", &largest), Expect::bare_jwt(42)));
    out.push(Vector::token("c3-exp-zero", jwt_with("exp", "0"), Expect::error("token_expired")));
    out.push(Vector::token("c3-iat-zero", jwt_with("iat", "0"), Expect::bare_jwt(42)));
    out.push(Vector::token("c3-nbf-past", jwt_with("nbf", "0"), Expect::bare_jwt(42)));
    let flask = hs512(&flask_header(&ISSUED.to_string(), &largest), r#"{"id":42}"#);
    out.push(Vector::token("c3-flask-exp-largest", flask, Expect::flask(42, None)));
}

fn skew(out: &mut Vec<Vector>) {
    let early = || Expect::error("token_not_yet_valid");
    for (ahead, good) in [(0, true), (60, true), (61, false), (3600, false)] {
        let time = (NOW + ahead).to_string();
        for claim in ["iat", "nbf"] {
            let expect = if good { Expect::bare_jwt(42) } else { early() };
            out.push(Vector::token(format!("c3-{claim}-{ahead}-ahead"), jwt_with(claim, &time), expect));
        }
        let token = hs512(&flask_header(&time, &(NOW + 7200).to_string()), r#"{"id":42}"#);
        let expect = if good { Expect::flask(42, None) } else { early() };
        out.push(Vector::token(format!("c3-flask-iat-{ahead}-ahead"), token, expect));
    }
    let far = hs512(&flask_header(&i64::MAX.to_string(), &i64::MAX.to_string()), r#"{"id":42}"#);
    out.push(Vector::token("c3-flask-iat-largest", far, early()));
    out.push(Vector::token("c3-nbf-largest", jwt_with("nbf", &i64::MAX.to_string()), early()));
    for (name, skew, good) in [("none", 0, false), ("one", 1, true)] {
        let expect = if good { Expect::bare_jwt(42) } else { early() };
        let vector = Vector::token(
            format!("c3-one-second-ahead-where-{name}-is-allowed"),
            jwt_with("iat", &(NOW + 1).to_string()),
            expect,
        );
        out.push(vector.config(|config| config.future_skew_seconds = skew));
    }
    // Over and not yet begun: told as over by both formats.
    let token = eddsa(
        &jwt_header(""),
        &claims("exp", &ISSUED.to_string()).replace(&format!("\"iat\":{ISSUED}"), &format!("\"iat\":{}", NOW + 50)),
    );
    out.push(Vector::token("c3-over-before-it-began", token, Expect::error("token_expired")));
}

fn ends(out: &mut Vec<Vector>) {
    let over = || Expect::error("token_expired");
    out.push(Vector::token("c3-jwt-in-its-last-second", jwt(), Expect::jwt()).at(EXPIRES - 1));
    out.push(Vector::token("c3-jwt-in-the-second-of-exp", jwt(), over()).at(EXPIRES));
    out.push(Vector::token("c3-jwt-a-year-later", jwt(), over()).at(EXPIRES + 31_536_000));
    out.push(Vector::token("c3-flask-in-the-second-of-exp", flask(None), Expect::flask(42, None)).at(EXPIRES));
    out.push(Vector::token("c3-flask-a-second-after-exp", flask(None), over()).at(EXPIRES + 1));
    out.push(Vector::token("c3-jwt-before-it-was-issued", jwt(), Expect::error("token_not_yet_valid")).at(ISSUED - 61));
    out.push(Vector::token("c3-jwt-within-the-skew", jwt(), Expect::jwt()).at(ISSUED - 60));
    // A signature that does not hold says nothing of its time.
    let forged = eddsa(&jwt_header(""), &claims("exp", "0"));
    let (signed, _) = forged.rsplit_once('.').unwrap();
    out.push(Vector::token("c3-forged-and-over", format!("{signed}.{}", base64url([1; 64])), Expect::invalid()));
}

fn size(out: &mut Vec<Vector>) {
    let million = 1 << 20;
    out.push(Vector::token("c3-megabyte-of-letters", Text::repeat("a", million), Expect::malformed()));
    out.push(Vector::token("c3-megabyte-of-dots", Text::repeat(".", million), Expect::malformed()));
    let parts = |parts: Vec<Text>| Text::Parts(parts);
    let behind = parts(vec![jwt().into(), ".".into(), Text::repeat("a", million)]);
    out.push(Vector::token("c3-megabyte-behind-a-token", behind, Expect::malformed()));
    let middle = parts(vec!["e30.".into(), Text::repeat("AAAA", million / 4), ".".into(), base64url([1; 64]).into()]);
    out.push(Vector::token("c3-megabyte-of-claims", middle, Expect::malformed()));
    let bearer = parts(vec!["Bearer ".into(), Text::repeat("a", million)]);
    out.push(Vector::headers("c3-megabyte-as-bearer", vec![("authorization", bearer)], Expect::malformed()));
    // The longest that is looked at has 8,192 bytes.
    let filled = |fill: usize| jwt_with("x", &format!("\"{}\"", "x".repeat(fill)));
    let longest = (5000..6200).map(filled).find(|token| token.len() == 8192).unwrap();
    out.push(Vector::token("c3-8192-bytes", longest, Expect::bare_jwt(42)));
    let longer = (5000..6200).map(filled).find(|token| token.len() > 8192).unwrap();
    out.push(Vector::token("c3-more-than-8192-bytes", longer, Expect::malformed()));
}
