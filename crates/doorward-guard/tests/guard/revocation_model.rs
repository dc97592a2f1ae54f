//! A random history of a guard beside a naive model of it, which keeps every revocation in a list and remembers nothing.

use doorward_guard::{
    Claims, CredentialKind, Denied, FlaskAlgorithm, Guard, GuardConfig, KeySet, Revocation, SessionId, SigningKey,
    sign_flask, sign_jwt,
};
use proptest::prelude::*;

use super::{AUDIENCE, HOUR, ISSUER, NOW, SECRET, SEED, config};

/// What the model knows of a token that the guard is shown as text.
#[derive(Debug, Clone)]
struct Token {
    text: String,
    sha256: [u8; 32],
    user_id: i64,
    session: Option<SessionId>,
    issued_at: i64,
    /// The last second in which it is good.
    last: i64,
    /// Which of the two Ed25519 keys signed it; Flask's secret always stays.
    key: Option<u8>,
    roles: Vec<String>,
}

#[derive(Debug, Clone)]
enum Step {
    Show(usize),
    /// Only asks memory.
    Recall(usize),
    Revoke(Vec<Revocation>),
    /// Repeats what was revoked in an earlier step.
    Repeat(usize),
    Wait(i64),
    Prune,
    Forget(usize),
    /// Which of the two keys are in the set.
    Keys(bool, bool),
}

fn session(user_id: i64, second: i64) -> SessionId {
    SessionId::new(((NOW + second) * 1000 + 500).cast_unsigned(), [u8::try_from(user_id).unwrap(); 10])
}

/// A small world, so that steps meet: three users, four seconds in which things begin, both formats, two keys.
fn tokens() -> Vec<Token> {
    let keys = [SigningKey::from_seed(&SEED).unwrap(), SigningKey::from_seed(&[8; 32]).unwrap()];
    let mut tokens = Vec::new();
    for user_id in 1..=3_i64 {
        for second in 0..4_i64 {
            let issued_at = NOW + second;
            let key = u8::try_from(second % 2).unwrap();
            let roles = vec!["first".to_owned()];
            let expires_at = issued_at + 20;
            let text = sign_jwt(
                &keys[usize::from(key)],
                &Claims {
                    issuer: ISSUER,
                    audience: AUDIENCE,
                    user_id,
                    session_id: session(user_id, second),
                    token_id: "t",
                    issued_at,
                    expires_at,
                    roles: &roles,
                    username: None,
                },
            );
            let common = Token {
                sha256: sha256(&text),
                text,
                user_id,
                session: Some(session(user_id, second)),
                issued_at,
                last: expires_at - 1,
                key: Some(key),
                roles,
            };
            let text = sign_flask(SECRET, FlaskAlgorithm::Hs512, user_id, None, issued_at, expires_at);
            tokens.push(Token {
                sha256: sha256(&text),
                text,
                session: None,
                last: expires_at,
                key: None,
                roles: Vec::new(),
                ..common.clone()
            });
            tokens.push(common);
        }
    }
    tokens
}

fn sha256(text: &str) -> [u8; 32] {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()).as_ref().try_into().unwrap()
}

struct Model {
    now: i64,
    revoked: Vec<Revocation>,
    keys: [bool; 2],
}

impl Model {
    fn verdict(&self, token: &Token) -> Result<Vec<String>, Denied> {
        if token.key.is_some_and(|key| !self.keys[usize::from(key)]) {
            return Err(Denied::UnknownKey);
        }
        if self.now > token.last {
            return Err(Denied::Expired);
        }
        let mut roles = token.roles.clone();
        for item in &self.revoked {
            let over = match item {
                Revocation::Session { id, .. } => token.session == Some(*id),
                Revocation::Token { sha256, .. } => token.sha256 == *sha256,
                Revocation::User { id, valid_after_ms, .. } => {
                    let began = token.session.map_or(token.issued_at * 1000, |session| session.created_ms());
                    *id == token.user_id && began <= *valid_after_ms
                }
                Revocation::Roles { user_id, roles: new, at_ms, .. } => {
                    if *user_id == token.user_id && token.issued_at * 1000 <= *at_ms {
                        roles.clone_from(new);
                    }
                    false
                }
            };
            if over {
                return Err(Denied::Revoked);
            }
        }
        Ok(roles)
    }
}

fn revocation(count: usize) -> impl Strategy<Value = Revocation> {
    let until = NOW + HOUR;
    prop_oneof![
        (1..=3_i64, 0..4_i64).prop_map(move |(user, second)| Revocation::Session { id: session(user, second), until }),
        (0..count).prop_map(move |which| Revocation::Token { sha256: tokens()[which].sha256, until }),
        (1..=3_i64, 0..4000_i64).prop_map(move |(id, ms)| Revocation::User {
            id,
            valid_after_ms: NOW * 1000 - 1000 + ms,
            until
        }),
        (1..=3_i64, "[a-c]{0,2}").prop_map(move |(user_id, name)| Revocation::Roles {
            user_id,
            roles: vec![name],
            // Set to the order of the history when it is applied.
            at_ms: 0,
            until
        }),
    ]
}

fn step(count: usize) -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..count).prop_map(Step::Show),
        4 => (0..count).prop_map(Step::Recall),
        2 => prop::collection::vec(revocation(count), 1..3).prop_map(Step::Revoke),
        1 => (0..8_usize).prop_map(Step::Repeat),
        1 => (0..8_i64).prop_map(Step::Wait),
        1 => Just(Step::Prune),
        1 => (0..count).prop_map(Step::Forget),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(first, second)| Step::Keys(first, second)),
    ]
}

fn key_set(held: [bool; 2]) -> KeySet {
    let seeds = [SEED, [8; 32]];
    let ed25519 = seeds
        .iter()
        .zip(held)
        .filter(|(_, held)| *held)
        .map(|(seed, _)| SigningKey::from_seed(seed).unwrap().public().clone())
        .collect();
    KeySet { ed25519, flask_secrets: vec![SECRET.to_vec()] }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn c6_no_history_lets_a_revoked_token_in(steps in prop::collection::vec(step(24), 1..80), capacity in prop_oneof![Just(4_usize), Just(1000)]) {
        let tokens = tokens();
        let guard = Guard::new(GuardConfig { cache_capacity: capacity, future_skew_seconds: 60, ..config() });
        guard.replace_keys(key_set([true, true]));
        let mut model = Model { now: NOW, revoked: Vec::new(), keys: [true, true] };
        let mut batches: Vec<(i64, Vec<Revocation>)> = Vec::new();
        for step in steps {
            match step {
                Step::Show(which) => {
                    let token = &tokens[which];
                    let shown = guard.verify(&token.text, model.now);
                    let shown = shown.map(|identity| identity.roles.iter().map(ToString::to_string).collect::<Vec<_>>());
                    prop_assert_eq!(shown, model.verdict(token), "{:?}", token);
                }
                Step::Recall(which) => {
                    let token = &tokens[which];
                    if let Some(recalled) = guard.recall(CredentialKind::AccessToken, token.text.as_bytes(), model.now) {
                        let recalled = recalled.map(|identity| identity.roles.iter().map(ToString::to_string).collect::<Vec<_>>());
                        prop_assert_eq!(recalled, model.verdict(token), "{:?}", token);
                    }
                }
                Step::Revoke(mut items) => {
                    let sequence = i64::try_from(batches.len()).unwrap() + 1;
                    for (place, item) in (0..).zip(&mut items) {
                        if let Revocation::Roles { at_ms, .. } = item {
                            *at_ms = NOW * 1000 + sequence * 40 + place;
                        }
                    }
                    guard.revocations().apply(sequence, &items);
                    model.revoked.extend(items.iter().cloned());
                    batches.push((sequence, items));
                }
                Step::Repeat(which) => {
                    if let Some((sequence, items)) = batches.get(which) {
                        guard.revocations().apply(*sequence, items);
                    }
                }
                Step::Wait(seconds) => model.now += seconds,
                Step::Prune => guard.prune(model.now),
                Step::Forget(which) => guard.forget(CredentialKind::AccessToken, tokens[which].text.as_bytes()),
                Step::Keys(first, second) => {
                    model.keys = [first, second];
                    guard.replace_keys(key_set(model.keys));
                }
            }
        }
        prop_assert_eq!(guard.revocations().sequence(), i64::try_from(batches.len()).unwrap());
    }
}
