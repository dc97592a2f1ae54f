use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::user::User;

/// The strong validator (RFC 9110 §8.8.1) of a user as shown to themselves and to administrators, in its quotes: a
/// hash of every column that is shown, and of the roles. `last_seen` is left out, which changes by reading: with it
/// no change that was bound to what was read could ever succeed.
pub fn etag(user: &User, roles: &[String]) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: Option<&str>| {
        // With the length in front no two rows are the same bytes.
        hash.update(text.map_or(0, |text| text.len() as u64 + 1).to_be_bytes());
        hash.update(text.unwrap_or_default());
    };
    add(Some(&user.id.to_string()));
    for column in [
        &user.username,
        &user.email,
        &user.name,
        &user.location,
        &user.about_me,
        &user.avatar_hash,
        &user.language,
        &user.extra,
        &user.pending_email,
        &user.disabled_reason,
    ] {
        add(column.as_deref());
    }
    for flag in [user.confirmed, user.must_change_password, user.service] {
        add(flag.map(|flag| if flag { "1" } else { "0" }));
    }
    for time in [user.member_since, user.disabled_at, user.disabled_until, user.delete_after] {
        add(time.map(|time| time.utc().timestamp_micros().to_string()).as_deref());
    }
    roles.iter().for_each(|role| add(Some(role)));
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash.finalize()[..18]))
}
