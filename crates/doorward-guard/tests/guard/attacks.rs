//! Tokens as attackers send them. Named after the rows C1, C2, C3 of the project's list of attacks; C7 stands beside the code
//! that reads headers.

use aws_lc_rs::hmac::{HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};
use doorward_guard::{Denied, FlaskAlgorithm, Guard, KeySet, MAX_TOKEN_BYTES, SessionId, sign_flask, sign_jwt};

use super::{
    AUDIENCE, HOUR, ISSUER, NOW, SECRET, base64url, claims, config, eddsa, guard, hmac, jwt, session, signing_key,
};

fn verdict(token: &str) -> Result<(), Denied> {
    guard().verify_token(token, NOW).map(|_| ())
}

fn malformed(token: &str) -> bool {
    matches!(verdict(token), Err(Denied::Malformed(_)))
}

fn jwt_header(more: &str) -> String {
    format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{}"{more}}}"#, signing_key().kid())
}

/// The claims of a good token, where `changed` says what stands in the place of a member.
fn payload(name: &str, changed: &str) -> String {
    let sid = session(NOW);
    let members = [
        ("iss", format!("\"{ISSUER}\"")),
        ("aud", format!("\"{AUDIENCE}\"")),
        ("sub", "\"42\"".to_owned()),
        ("iat", NOW.to_string()),
        ("exp", (NOW + HOUR).to_string()),
        ("jti", "\"1\"".to_owned()),
        ("sid", format!("\"{sid}\"")),
    ];
    let mut written: Vec<_> = members
        .iter()
        .filter(|(member, _)| *member != name)
        .map(|(member, value)| format!("\"{member}\":{value}"))
        .collect();
    if !changed.is_empty() {
        written.push(format!("\"{name}\":{changed}"));
    }
    format!("{{{}}}", written.join(","))
}

fn with_claim(name: &str, value: &str) -> Result<(), Denied> {
    verdict(&eddsa(&jwt_header(""), &payload(name, value)))
}

fn flask_header(iat: &str, exp: &str) -> String {
    format!(r#"{{"alg":"HS512","iat":{iat},"exp":{exp}}}"#)
}

fn flask(header: &str, payload: &str) -> Result<(), Denied> {
    verdict(&hmac(HMAC_SHA512, SECRET, header, payload))
}

#[test]
fn what_the_attacks_start_from_is_good() {
    assert_eq!(verdict(&jwt()), Ok(()));
    assert_eq!(verdict(&eddsa(&jwt_header(""), &payload("", ""))), Ok(()));
    assert_eq!(flask(&flask_header(&NOW.to_string(), &(NOW + HOUR).to_string()), r#"{"id":42}"#), Ok(()));
}

#[test]
fn c1_alg_none_in_any_case() {
    for alg in ["none", "None", "nOnE", "NONE", ""] {
        for payload in [payload("", ""), r#"{"id":1}"#.to_owned()] {
            for typ in ["at+jwt", "JWT"] {
                let header = format!(r#"{{"alg":"{alg}","typ":"{typ}","iat":{NOW},"exp":{}}}"#, NOW + HOUR);
                let unsigned = format!("{}.{}.", base64url(&header), base64url(&payload));
                assert_eq!(verdict(&unsigned), Err(Denied::WrongAlgorithm), "{alg}");
                assert_eq!(verdict(&eddsa(&header, &payload)), Err(Denied::WrongAlgorithm), "{alg}");
                assert_eq!(
                    verdict(&hmac(HMAC_SHA512, SECRET, &header, &payload)),
                    Err(Denied::WrongAlgorithm),
                    "{alg}"
                );
            }
        }
    }
}

#[test]
fn c1_alg_must_be_a_string_and_in_its_own_spelling() {
    for alg in ["null", "1", "[\"EdDSA\"]", "{}", "true"] {
        assert!(malformed(&eddsa(&format!(r#"{{"alg":{alg},"typ":"at+jwt"}}"#), "{}")), "{alg}");
    }
    assert!(malformed(&eddsa(r#"{"typ":"at+jwt"}"#, "{}")));
    for alg in ["eddsa", "EDDSA", "hs512", "Hs512", "HS512 ", "Ed25519", "Ed448"] {
        let header = format!(r#"{{"alg":"{alg}","iat":{NOW},"exp":{}}}"#, NOW + HOUR);
        assert_eq!(flask(&header, r#"{"id":1}"#), Err(Denied::WrongAlgorithm), "{alg}");
    }
}

#[test]
fn c1_hmac_under_the_bytes_of_the_public_key() {
    let key = signing_key();
    let public = key.public().public;
    let as_text = base64url(public);
    for (name, algorithm) in [("HS256", HMAC_SHA256), ("HS384", HMAC_SHA384), ("HS512", HMAC_SHA512)] {
        for secret in [&public[..], as_text.as_bytes(), key.kid().as_bytes()] {
            let as_jwt = format!(r#"{{"alg":"{name}","typ":"at+jwt","kid":"{}"}}"#, key.kid());
            let as_flask = format!(r#"{{"alg":"{name}","iat":{NOW},"exp":{}}}"#, NOW + HOUR);
            let expected = if name == "HS512" { Denied::BadSignature } else { Denied::WrongAlgorithm };
            assert_eq!(verdict(&hmac(algorithm, secret, &as_jwt, &payload("", ""))), Err(expected));
            assert_eq!(verdict(&hmac(algorithm, secret, &as_flask, r#"{"id":1}"#)), Err(expected));
        }
    }
}

#[test]
fn c1_hmac_under_an_empty_key() {
    for secrets in [Vec::new(), vec![Vec::new()]] {
        let guard = Guard::new(config());
        guard.replace_keys(KeySet { flask_secrets: secrets, ..KeySet::default() });
        let token = sign_flask(b"", FlaskAlgorithm::Hs512, 1, None, NOW, NOW + HOUR);
        assert_eq!(guard.verify_token(&token, NOW).map(|_| ()), Err(Denied::WrongAlgorithm));
    }
}

#[test]
fn c1_foreign_algorithms() {
    for alg in ["RS256", "RS512", "PS256", "ES256", "ES256K", "ES512", "HS256", "HS384", "A128KW", "dir"] {
        let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{}"}}"#, signing_key().kid());
        assert_eq!(verdict(&eddsa(&header, &payload("", ""))), Err(Denied::WrongAlgorithm), "{alg}");
        assert_eq!(
            verdict(&hmac(HMAC_SHA256, SECRET, &header, &payload("", ""))),
            Err(Denied::WrongAlgorithm),
            "{alg}"
        );
    }
}

#[test]
fn c1_kid_that_names_no_key() {
    for kid in
        ["unknown", "", "../../../../dev/null", "/etc/passwd", "' OR 1=1 --", "x' UNION SELECT 'key' --", "%00", "*"]
    {
        let header = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{kid}"}}"#);
        assert_eq!(verdict(&eddsa(&header, &payload("", ""))), Err(Denied::UnknownKey), "{kid}");
    }
    let without = r#"{"alg":"EdDSA","typ":"at+jwt"}"#;
    assert_eq!(verdict(&eddsa(without, &payload("", ""))), Err(Denied::UnknownKey));
    for kid in ["1", "null", "[]", "{\"a\":1}"] {
        let header = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":{kid}}}"#);
        assert!(malformed(&eddsa(&header, &payload("", ""))), "{kid}");
    }
    let long = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{}"}}"#, "k".repeat(10 * 1024));
    assert!(malformed(&eddsa(&long, &payload("", ""))));
}

#[test]
fn c1_keys_in_the_header_are_not_used() {
    let other = [9; 32];
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&other).unwrap();
    let x = base64url(aws_lc_rs::signature::KeyPair::public_key(&pair));
    let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
    for more in [
        format!(r#","jwk":{jwk}"#),
        r#","jku":"http://127.0.0.1:9/jwks.json""#.to_owned(),
        r#","x5u":"http://127.0.0.1:9/cert.pem""#.to_owned(),
        r#","x5c":["MIIB"]"#.to_owned(),
    ] {
        let header = jwt_header(&more);
        let signed = format!("{}.{}", base64url(&header), base64url(payload("", "")));
        let forged = format!("{signed}.{}", base64url(pair.sign(signed.as_bytes())));
        assert_eq!(verdict(&forged), Err(Denied::BadSignature), "{more}");
        // Ignored, so a token that our own key signed stays what it is.
        assert_eq!(verdict(&eddsa(&header, &payload("", ""))), Ok(()), "{more}");
    }
}

#[test]
fn c1_crit_zip_and_enc_are_refused_in_both_formats() {
    for more in [
        r#","crit":["exp"]"#,
        r#","crit":[]"#,
        r#","zip":"DEF""#,
        r#","enc":"A256GCM""#,
        r#","b64":false,"crit":["b64"]"#,
    ] {
        assert!(malformed(&eddsa(&jwt_header(more), &payload("", ""))), "{more}");
        let header = format!(r#"{{"alg":"HS512","iat":{NOW},"exp":{}{more}}}"#, NOW + HOUR);
        assert!(malformed(&hmac(HMAC_SHA512, SECRET, &header, r#"{"id":1}"#)), "{more}");
    }
}

#[test]
fn c1_jwe_is_refused() {
    let header = base64url(r#"{"alg":"dir","enc":"A256GCM"}"#);
    assert!(malformed(&format!("{header}..{0}.{0}.{0}", base64url([1; 16]))));
    assert!(malformed(&format!("{}.{}", jwt(), "AAAA.AAAA")));
}

#[test]
fn c2_formats_do_not_stand_in_for_each_other() {
    // Claims of one format under the header and key of the other.
    assert!(matches!(
        flask(&format!(r#"{{"alg":"HS512","typ":"at+jwt","kid":"{}"}}"#, signing_key().kid()), &payload("", "")),
        Err(Denied::Malformed(_))
    ));
    assert_eq!(
        flask(&flask_header(&NOW.to_string(), &(NOW + HOUR).to_string()), &payload("", "")),
        Err(Denied::NoSubject)
    );
    let times = format!(r#","iat":{NOW},"exp":{}"#, NOW + HOUR);
    assert_eq!(verdict(&eddsa(&jwt_header(&times), r#"{"id":42}"#)), Err(Denied::WrongIssuer));

    // Where no secrets are configured, Flask tokens are refused whatever they hold, and the other way round.
    let token = sign_flask(SECRET, FlaskAlgorithm::Hs512, 42, None, NOW, NOW + HOUR);
    let only_jwt = Guard::new(config());
    only_jwt.replace_keys(KeySet { ed25519: vec![signing_key().public().clone()], ..KeySet::default() });
    assert_eq!(only_jwt.verify_token(&token, NOW), Err(Denied::WrongAlgorithm));
    let only_flask = Guard::new(config());
    only_flask.replace_keys(KeySet { flask_secrets: vec![SECRET.to_vec()], ..KeySet::default() });
    assert_eq!(only_flask.verify_token(&jwt(), NOW), Err(Denied::UnknownKey));
}

#[test]
fn c2_only_the_type_of_an_access_token() {
    let header = |typ: &str| format!(r#"{{"alg":"EdDSA",{typ}"kid":"{}"}}"#, signing_key().kid());
    for typ in [
        "",
        r#""typ":"JWT","#,
        r#""typ":"rt+jwt","#,
        r#""typ":"AT+JWT","#,
        r#""typ":"at+jwt ","#,
        r#""typ":"logout+jwt","#,
    ] {
        assert_eq!(verdict(&eddsa(&header(typ), &payload("", ""))), Err(Denied::WrongType), "{typ}");
    }
    assert!(malformed(&eddsa(&header(r#""typ":1,"#), &payload("", ""))));
    assert_eq!(verdict(&eddsa(&header(r#""typ":"application/at+jwt","#), &payload("", ""))), Ok(()));
}

#[test]
fn c2_only_this_issuer_and_audience() {
    for value in ["", "\"https://id.example/\"", "\"https://ID.example\"", "\"\""] {
        assert_eq!(with_claim("iss", value), Err(Denied::WrongIssuer), "{value}");
        assert_eq!(with_claim("aud", value), Err(Denied::WrongAudience), "{value}");
    }
    assert_eq!(with_claim("aud", "[]"), Err(Denied::WrongAudience));
    assert_eq!(with_claim("aud", r#"["other"]"#), Err(Denied::WrongAudience));
    assert_eq!(with_claim("aud", r#"["other","doorward"]"#), Ok(()));
    for value in ["1", "null", "{}", "[1]", r#"["doorward",1]"#, r#"[["doorward"]]"#] {
        assert!(matches!(with_claim("aud", value), Err(Denied::Malformed(_))), "{value}");
    }
    for value in ["1", "null", "[\"https://id.example\"]"] {
        assert!(matches!(with_claim("iss", value), Err(Denied::Malformed(_))), "{value}");
    }
}

#[test]
fn c2_a_link_of_the_flask_application_signed_with_the_same_key() {
    let header = flask_header(&NOW.to_string(), &(NOW + HOUR).to_string());
    for payload in [r#"{"confirm":42}"#, r#"{"reset":42}"#, r#"{"change_email":42,"new_email":"a@b.c"}"#] {
        assert_eq!(flask(&header, payload), Err(Denied::NoSubject), "{payload}");
    }
}

#[test]
fn c3_one_spelling_only() {
    for token in [jwt(), sign_flask(SECRET, FlaskAlgorithm::Hs512, 42, None, NOW, NOW + HOUR)] {
        let segments: Vec<_> = token.split('.').collect();
        let (header, payload, signature) = (segments[0], segments[1], segments[2]);
        for other in [
            format!("{token}="),
            format!("{token}=="),
            format!("{header}=.{payload}.{signature}"),
            format!("{header}.{payload}=.{signature}"),
            format!(" {token}"),
            format!("{token} "),
            format!("{token}\n"),
            format!("{token}\r\n"),
            format!("\t{token}"),
            format!("{header}. {payload}.{signature}"),
            format!("{header}.{payload}.{signature}\0"),
            format!("{header} .{payload}.{signature}"),
            format!("Bearer {token}"),
            format!("\u{feff}{token}"),
            format!("\"{token}\""),
            token[..token.len() - 1].to_owned(),
            format!("{token}A"),
            format!("{header}.{payload}"),
            format!("{header}.{payload}."),
            format!(".{payload}.{signature}"),
            format!("{header}..{signature}"),
        ] {
            assert!(verdict(&other).is_err(), "{other}");
        }
        // Two of the last character's six bits count in 64 bytes: the other sixteenfold spellings set the unused four.
        let (front, last) = token.split_at(token.len() - 1);
        let mut refused = 0;
        for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
            if other.to_string() != last {
                assert!(verdict(&format!("{front}{other}")).is_err(), "{other}");
                refused += 1;
            }
        }
        assert_eq!(refused, 63);
    }
}

#[test]
fn c3_standard_alphabet() {
    // A signature with both of the characters in which the alphabets differ.
    let token = (0..1000)
        .map(|n| sign_flask(SECRET, FlaskAlgorithm::Hs512, 42, None, NOW, NOW + HOUR + n))
        .find(|token| token.contains('-') && token.contains('_'))
        .unwrap();
    assert_eq!(verdict(&token), Ok(()));
    assert!(malformed(&token.replace('-', "+")));
    assert!(malformed(&token.replace('_', "/")));
    assert!(malformed(&token.replace('-', "%2D")));
}

#[test]
fn c3_members_twice() {
    for more in [
        r#","alg":"EdDSA""#,
        r#","alg":"none""#,
        r#","kid":"x""#,
        r#","\u0061lg":"none""#,
        r#","x":1,"x":1"#,
        r#","x":{"y":1,"y":2}"#,
    ] {
        assert!(malformed(&eddsa(&jwt_header(more), &payload("", ""))), "{more}");
    }
    for more in [r#""sub":"1""#, r#""exp":1"#, r#""s\u0075b":"1""#, r#""x":[{"y":1,"y":1}]"#] {
        let twice = payload("", "").replacen('{', &format!("{{{more},"), 1);
        assert!(malformed(&eddsa(&jwt_header(""), &twice)), "{more}");
    }
    let header = flask_header(&NOW.to_string(), &(NOW + HOUR).to_string());
    assert!(matches!(flask(&header, r#"{"id":1,"id":2}"#), Err(Denied::Malformed(_))));
    let twice = format!(r#"{{"alg":"HS512","iat":{NOW},"exp":{NOW},"exp":{}}}"#, NOW + HOUR);
    assert!(matches!(flask(&twice, r#"{"id":1}"#), Err(Denied::Malformed(_))));
}

#[test]
fn c3_deep_nesting() {
    for depth in [5, 127, 128, 129, 2000] {
        let nest = |open: &str, close: &str| format!("{}{}", open.repeat(depth), close.repeat(depth));
        assert!(malformed(&eddsa(&jwt_header(&format!(r#","x":{}"#, nest("[", "]"))), &payload("", ""))));
        assert!(malformed(&eddsa(&jwt_header(""), &payload("x", &nest("[", "]")))));
        assert!(malformed(&eddsa(&nest("[", "]"), "{}")));
        let objects = format!("{}1{}", r#"{"a":"#.repeat(depth.min(1000)), "}".repeat(depth.min(1000)));
        assert!(malformed(&eddsa(&jwt_header(""), &payload("x", &objects))));
    }
}

/// Everything that is no plain integer from 0 to 2^63 − 1.
const NO_TIMES: &[&str] = &[
    "\"1584247800\"",
    "1584247800.0",
    "1584247800.5",
    "1.5842478e9",
    "1e400",
    "-1",
    "-0",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551616",
    "1180591620717411303424",
    "99999999999999999999999999999999999999999999999999999999999999999999999999999999",
    "null",
    "true",
    "[1584247800]",
    "{}",
    "NaN",
    "Infinity",
    "01584247800",
    "0x5e6da138",
];

#[test]
fn c3_times_that_are_no_integers() {
    for time in NO_TIMES {
        for name in ["exp", "iat", "nbf"] {
            assert!(matches!(with_claim(name, time), Err(Denied::Malformed(_))), "{name} {time}");
        }
        let (iat, exp) = (NOW.to_string(), (NOW + HOUR).to_string());
        assert!(matches!(flask(&flask_header(&iat, time), r#"{"id":1}"#), Err(Denied::Malformed(_))), "{time}");
        assert!(matches!(flask(&flask_header(time, &exp), r#"{"id":1}"#), Err(Denied::Malformed(_))), "{time}");
    }
    assert_eq!(with_claim("exp", "9223372036854775807"), Ok(()));
    assert_eq!(with_claim("exp", "0"), Err(Denied::Expired));
    for name in ["exp", "iat", "jti", "sid"] {
        assert!(matches!(with_claim(name, ""), Err(Denied::Malformed(_))), "without {name}");
    }
}

#[test]
fn c3_issued_in_the_future() {
    for (ahead, expected) in
        [(0, Ok(())), (60, Ok(())), (61, Err(Denied::NotYetValid)), (HOUR, Err(Denied::NotYetValid))]
    {
        let iat = NOW + ahead;
        assert_eq!(with_claim("iat", &iat.to_string()), expected, "{ahead}");
        assert_eq!(with_claim("nbf", &iat.to_string()), expected, "{ahead}");
        let header = flask_header(&iat.to_string(), &(iat + HOUR).to_string());
        assert_eq!(flask(&header, r#"{"id":1}"#), expected, "{ahead}");
    }
    let far = flask_header(&i64::MAX.to_string(), &i64::MAX.to_string());
    assert_eq!(flask(&far, r#"{"id":1}"#), Err(Denied::NotYetValid));
}

#[test]
fn c3_a_jwt_is_over_in_the_second_of_its_exp() {
    let token = sign_jwt(&signing_key(), &claims());
    let end = NOW + HOUR;
    assert!(guard().verify_token(&token, end - 1).is_ok());
    assert_eq!(guard().verify_token(&token, end), Err(Denied::Expired));
    let remembering = guard();
    assert!(remembering.verify(&token, end - 1).is_ok());
    assert_eq!(remembering.verify(&token, end), Err(Denied::Expired));
}

#[test]
fn c3_subjects_that_are_no_user() {
    for sub in [
        "\"0\"",
        "\"-1\"",
        "\"+1\"",
        "\"01\"",
        "\" 1\"",
        "\"1 \"",
        "\"1.0\"",
        "\"1e3\"",
        "\"\"",
        "\"admin\"",
        "\"9223372036854775808\"",
        "\"١\"",
        "",
    ] {
        assert_eq!(with_claim("sub", sub), Err(Denied::NoSubject), "{sub}");
    }
    for sub in ["42", "null", "[\"42\"]"] {
        assert!(matches!(with_claim("sub", sub), Err(Denied::Malformed(_))), "{sub}");
    }
    assert_eq!(with_claim("sub", "\"9223372036854775807\""), Ok(()));
    let header = flask_header(&NOW.to_string(), &(NOW + HOUR).to_string());
    for id in
        ["0", "-1", "1.0", "true", "null", "[1]", "{\"id\":1}", "\"0\"", "\"01\"", "\"-1\"", "9223372036854775808"]
    {
        assert_eq!(flask(&header, &format!(r#"{{"id":{id}}}"#)), Err(Denied::NoSubject), "{id}");
    }
}

#[test]
fn c3_claims_of_the_wrong_kind() {
    for (name, value) in [
        ("jti", "1"),
        ("jti", "\"\""),
        ("sid", "\"\""),
        ("sid", "\"0170DC25DAFB7FFFBFFFFFFFFFFFFFFF\""),
        ("sid", "7"),
        ("roles", "\"admin\""),
        ("roles", "[1]"),
        ("roles", "null"),
        ("preferred_username", "1"),
    ] {
        assert!(matches!(with_claim(name, value), Err(Denied::Malformed(_))), "{name} {value}");
    }
    let header = flask_header(&NOW.to_string(), &(NOW + HOUR).to_string());
    for sid in ["1", "null", "\"\"", "\"x\""] {
        assert!(matches!(flask(&header, &format!(r#"{{"id":1,"sid":{sid}}}"#)), Err(Denied::Malformed(_))), "{sid}");
    }
}

#[test]
fn c3_dots_and_nothing() {
    for token in ["", ".", "..", "...", "a.b.c", "....", "e30.e30.", "e30.e30.e30"] {
        assert!(malformed(token), "{token}");
    }
    assert!(malformed(&".".repeat(MAX_TOKEN_BYTES)));
    assert!(malformed(&"x".repeat(4000)));
}

#[test]
fn c3_a_megabyte_is_refused_before_it_is_read() {
    let huge = "x".repeat(1 << 20);
    let too_long = Err(Denied::Malformed("longer than a token may be"));
    for token in [
        huge.clone(),
        ".".repeat(1 << 20),
        format!("{}.{huge}", jwt()),
        eddsa(&jwt_header(""), &payload("x", &format!("\"{huge}\""))),
    ] {
        assert_eq!(verdict(&token), too_long);
        // Not looked up and not remembered either.
        let guard = guard();
        assert_eq!(guard.verify(&token, NOW).map(|_| ()), too_long);
        assert_eq!(guard.stats().entries, 0);
    }
    let longest = "x".repeat(MAX_TOKEN_BYTES);
    assert_eq!(verdict(&longest), Err(Denied::Malformed("not three segments")));
}

#[test]
fn a_client_does_not_learn_which_check_failed() {
    for denied in [
        Denied::WrongAlgorithm,
        Denied::UnknownKey,
        Denied::BadSignature,
        Denied::WrongIssuer,
        Denied::WrongAudience,
        Denied::WrongType,
        Denied::NoSubject,
    ] {
        assert_eq!(denied.error_name(), "token_invalid");
        assert_eq!(denied.to_string(), denied.reason());
    }
    assert_eq!(Denied::Malformed("x").error_name(), "token_malformed");
}

#[test]
fn debug_of_an_identity_shows_no_token() {
    let token = jwt();
    let guard = guard();
    let shown = format!("{:?} {guard:?}", guard.verify(&token, NOW).unwrap());
    let signature = token.rsplit('.').next().unwrap();
    assert!(!shown.contains(signature) && !shown.contains(&token), "{shown}");
    assert!(shown.contains("42") && shown.contains(&claims().session_id.to_string()), "{shown}");
}

#[test]
fn a_token_says_what_was_signed() {
    let roles = ["admin".to_owned(), "日本語 \"role\"".to_owned()];
    let token = sign_jwt(&signing_key(), &doorward_guard::Claims { roles: &roles, ..claims() });
    let identity = guard().verify_token(&token, NOW).unwrap();
    assert_eq!((identity.user_id, identity.issued_at, identity.expires_at), (42, NOW, NOW + HOUR));
    assert_eq!(identity.session_id, Some(session(NOW)));
    assert_eq!(identity.username.as_deref(), Some("susan"));
    assert!(identity.has_role("admin") && identity.has_role(&roles[1]) && !identity.has_role("Admin"));

    let sid = SessionId::new(1_584_244_200_999, [1; 10]);
    let token = sign_flask(SECRET, FlaskAlgorithm::Hs512, 7, Some(sid), NOW, NOW + HOUR);
    let identity = guard().verify_token(&token, NOW).unwrap();
    assert_eq!((identity.user_id, identity.session_id), (7, Some(sid)));
}
