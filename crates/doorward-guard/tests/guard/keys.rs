//! Keys come and go (row C4): rotation hurts nobody, a withdrawn key is dead at once.

use doorward_guard::{CredentialKind, Denied, FlaskAlgorithm, Identity, KeySet, SigningKey, sign_flask, sign_jwt};

use super::{HOUR, NOW, SECRET, claims, guard, jwt, key_set, signing_key};

#[test]
fn c4_a_new_key_leaves_old_tokens_good_and_remembered() {
    let guard = guard();
    let old = jwt();
    guard.verify(&old, NOW).unwrap();
    let new_key = SigningKey::from_seed(&[8; 32]).unwrap();
    let mut keys = key_set();
    keys.ed25519.insert(0, new_key.public().clone());
    keys.flask_secrets.insert(0, b"the newer secret".to_vec());
    guard.replace_keys(keys);

    assert!(guard.recall(CredentialKind::AccessToken, old.as_bytes(), NOW).is_some());
    assert!(guard.verify(&sign_jwt(&new_key, &claims()), NOW).is_ok());
    for secret in [SECRET, b"the newer secret"] {
        let token = sign_flask(secret, FlaskAlgorithm::Hs512, 1, None, NOW, NOW + HOUR);
        assert!(guard.verify(&token, NOW).is_ok());
    }
}

#[test]
fn c4_a_withdrawn_key_takes_its_tokens_with_it() {
    let guard = guard();
    let ours = jwt();
    let flask = sign_flask(SECRET, FlaskAlgorithm::Hs512, 1, None, NOW, NOW + HOUR);
    guard.verify(&ours, NOW).unwrap();
    guard.verify(&flask, NOW).unwrap();

    guard.replace_keys(KeySet { ed25519: Vec::new(), ..key_set() });
    assert_eq!(guard.verify(&ours, NOW), Err(Denied::UnknownKey));
    assert!(guard.verify(&flask, NOW).is_ok());

    guard.replace_keys(KeySet { flask_secrets: vec![b"another".to_vec()], ..key_set() });
    assert_eq!(guard.verify(&flask, NOW), Err(Denied::BadSignature));
    assert!(guard.verify(&ours, NOW).is_ok());
}

#[test]
fn c4_a_key_withdrawn_during_a_verification_admits_nobody() {
    let guard = guard();
    let token = jwt();
    let seen = guard.revocations().mark();
    let identity = guard.verify_token(&token, NOW).unwrap();
    guard.replace_keys(KeySet::default());
    let kind = CredentialKind::AccessToken;
    assert_eq!(guard.admit(kind, token.as_bytes(), identity.clone(), NOW, seen), Err(Denied::UnknownKey));
    // Not even when the key is back: what it verified before is not taken for verified now.
    guard.replace_keys(key_set());
    assert_eq!(guard.admit(kind, token.as_bytes(), identity, NOW, seen), Err(Denied::UnknownKey));
    assert_eq!(guard.stats().entries, 0);
    assert!(guard.verify(&token, NOW).is_ok());
}

#[test]
fn c4_another_key_under_the_same_name_is_another_key() {
    let guard = guard();
    let token = jwt();
    guard.verify(&token, NOW).unwrap();
    let mut impostor = SigningKey::from_seed(&[9; 32]).unwrap().public().clone();
    impostor.kid = signing_key().kid().to_owned();
    guard.replace_keys(KeySet { ed25519: vec![impostor], ..KeySet::default() });
    assert_eq!(guard.verify(&token, NOW), Err(Denied::BadSignature));
}

#[test]
fn cookies_and_api_keys_outlive_every_key() {
    let guard = guard();
    let kind = CredentialKind::SessionCookie;
    let identity = Identity::new(kind, b"cookie", 42, NOW, NOW + HOUR);
    guard.admit(kind, b"cookie", identity, NOW, guard.revocations().mark()).unwrap();
    guard.replace_keys(KeySet::default());
    assert!(guard.recall(kind, b"cookie", NOW).is_some());
}
