//! For every input of a kind.

use doorward_guard::{
    Claims, CredentialKind, Credentials, Denied, FlaskAlgorithm, Format, SessionId, sign_flask, sign_jwt,
};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::{AUDIENCE, HOUR, ISSUER, NOW, SECRET, base64url, eddsa, guard, hmac, signing_key};

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";

/// Text that looks like JSON of a token often enough to get past the first checks.
fn json_like() -> impl Strategy<Value = String> {
    let member = prop_oneof![
        Just("\"alg\":\"EdDSA\"".to_owned()),
        Just("\"alg\":\"HS512\"".to_owned()),
        Just("\"typ\":\"at+jwt\"".to_owned()),
        Just(format!("\"kid\":\"{}\"", signing_key().kid())),
        Just(format!("\"iss\":\"{ISSUER}\"")),
        Just(format!("\"aud\":[\"{AUDIENCE}\"]")),
        Just("\"sub\":\"1\"".to_owned()),
        Just("\"id\":1".to_owned()),
        any::<i64>().prop_map(|number| format!("\"exp\":{number}")),
        any::<f64>().prop_map(|number| format!("\"iat\":{number}")),
        "\"[a-z]{1,3}\":(null|true|\\[\\]|\\{\\}|[0-9]{1,30}|\"[^\"\\\\]{0,5}\")",
        ".{0,8}",
    ];
    prop::collection::vec(member, 0..8).prop_map(|members| format!("{{{}}}", members.join(",")))
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_or_gets_in(text in any::<String>()) {
        prop_assert!(guard().verify(&text, NOW).is_err());
    }

    #[test]
    fn nothing_of_a_tokens_characters_gets_in(text in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,5}") {
        prop_assert!(guard().verify(&text, NOW).is_err());
    }

    #[test]
    fn no_well_signed_nonsense_makes_it_panic(header in json_like(), payload in json_like(), now in any::<i64>()) {
        let guard = guard();
        let _ = guard.verify(&eddsa(&header, &payload), now);
        let _ = guard.verify(&hmac(aws_lc_rs::hmac::HMAC_SHA512, SECRET, &header, &payload), now);
        let unsigned = format!("{}.{}.", base64url(header), base64url(payload));
        prop_assert!(guard.verify(&unsigned, now).is_err());
    }

    #[test]
    fn no_bytes_as_json_make_it_panic(header in any::<Vec<u8>>(), payload in any::<Vec<u8>>()) {
        let text = format!("{}.{}.{}", base64url(&header), base64url(&payload), base64url(&header));
        prop_assert!(guard().verify(&text, NOW).is_err());
        let behind = format!("{}.{}.", base64url(br#"{"alg":"EdDSA"}"#), base64url(&payload));
        prop_assert!(guard().verify(&behind, NOW).is_err());
    }

    #[test]
    fn what_is_signed_is_accepted_as_it_was_meant(
        user_id in 1..=i64::MAX,
        session_ms in 0..1_u64 << 48,
        random in any::<[u8; 10]>(),
        issued_at in 0..=NOW,
        life in 1..10 * HOUR,
        roles in prop::collection::vec(any::<String>(), 0..4),
        username in prop::option::of(any::<String>()),
    ) {
        let guard = guard();
        let session_id = SessionId::new(session_ms, random);
        let expires_at = NOW + life;
        let token = sign_jwt(&signing_key(), &Claims {
            issuer: ISSUER, audience: AUDIENCE, user_id, session_id, token_id: "jti", issued_at, expires_at,
            roles: &roles, username: username.as_deref(),
        });
        let identity = guard.verify(&token, NOW).unwrap();
        prop_assert_eq!(identity.user_id, user_id);
        prop_assert_eq!(identity.session_id, Some(session_id));
        prop_assert_eq!((identity.issued_at, identity.expires_at), (issued_at, expires_at));
        prop_assert!(identity.roles.iter().map(|role| &**role).eq(roles.iter().map(String::as_str)));
        prop_assert_eq!(identity.username.as_deref(), username.as_deref());
        prop_assert_eq!(identity.format, Some(Format::Jwt));

        for session_id in [None, Some(session_id)] {
            let token = sign_flask(SECRET, FlaskAlgorithm::Hs512, user_id, session_id, issued_at, expires_at);
            let identity = guard.verify(&token, NOW).unwrap();
            prop_assert_eq!((identity.user_id, identity.session_id), (user_id, session_id));
            prop_assert_eq!((identity.issued_at, identity.expires_at), (issued_at, expires_at));
            prop_assert_eq!(identity.format, Some(Format::Flask));
        }
    }

    #[test]
    fn any_one_changed_character_is_refused(place in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
        let other = other.get(ALPHABET.as_bytes());
        for token in [super::jwt(), sign_flask(SECRET, FlaskAlgorithm::Hs512, 1, None, NOW, NOW + HOUR)] {
            let mut changed = token.clone().into_bytes();
            let place = place.index(changed.len());
            prop_assume!(changed[place] != *other);
            changed[place] = *other;
            let changed = String::from_utf8(changed).unwrap();
            let guard = guard();
            // The good one is remembered: the changed one must not be taken for it.
            prop_assert!(guard.verify(&token, NOW).is_ok());
            prop_assert!(guard.verify(&changed, NOW).is_err(), "{}", changed);
            prop_assert!(guard.recall(CredentialKind::AccessToken, changed.as_bytes(), NOW).is_none());
        }
    }

    #[test]
    fn any_missing_or_added_character_is_refused(place in any::<prop::sample::Index>(), added in any::<prop::sample::Index>()) {
        let added = char::from(*added.get(ALPHABET.as_bytes()));
        for token in [super::jwt(), sign_flask(SECRET, FlaskAlgorithm::Hs512, 1, None, NOW, NOW + HOUR)] {
            let place = place.index(token.len());
            let mut shorter = token.clone();
            shorter.remove(place);
            prop_assert!(guard().verify(&shorter, NOW).is_err(), "{}", shorter);
            let mut longer = token.clone();
            longer.insert(place, added);
            prop_assert!(guard().verify(&longer, NOW).is_err(), "{}", longer);
        }
    }

    #[test]
    fn no_headers_make_it_panic(
        lines in prop::collection::vec(
            (prop::sample::select(vec!["token", "authorization", "cookie"]), prop_oneof![
                any::<Vec<u8>>(),
                "(Bearer|bearer|Basic|doorward=|x=|;|=| |,|\"|[a-c.]){0,8}".prop_map(String::into_bytes),
            ]),
            0..5,
        ),
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(name, value);
            }
        }
        match Credentials::from_headers(&headers, &["doorward"]) {
            Ok(credential) => {
                prop_assert!(!credential.value.is_empty());
                prop_assert!(credential.value.bytes().all(|byte| byte.is_ascii_graphic()));
            }
            Err(denied) => prop_assert!(matches!(denied, Denied::Missing | Denied::Ambiguous | Denied::Malformed(_))),
        }
    }

    #[test]
    fn a_session_id_comes_back_from_its_text(ms in 0..1_u64 << 48, random in any::<[u8; 10]>()) {
        let id = SessionId::new(ms, random);
        prop_assert_eq!(id.to_string().parse(), Ok(id));
        prop_assert_eq!(id.created_ms().cast_unsigned(), ms);
    }

    #[test]
    fn no_text_makes_session_ids_panic(text in any::<String>()) {
        prop_assert!(text.parse::<SessionId>().is_err() || text.len() == 32);
    }
}
