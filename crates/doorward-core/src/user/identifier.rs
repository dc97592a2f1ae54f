use unicode_normalization::UnicodeNormalization;

use crate::FieldProblem;

/// The width of the columns `username` and `email`, in characters.
const COLUMN_WIDTH: usize = 64;

/// The form under which a user name or address is looked up: NFKC, case-folded, without marks that
/// can't be seen (Unicode's `NFKC_Casefold`, UAX #31), and without spaces around.
pub fn lookup_key(spelling: &str) -> String {
    let folded: String = caseless::default_case_fold_str(&spelling.nfkc().collect::<String>())
        .chars()
        .filter(|character| !is_invisible(*character))
        .nfkc()
        .collect();
    folded.trim().to_owned()
}

/// `Default_Ignorable_Code_Point` (Unicode Standard §5.21): characters without a picture of their own.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether `username` can be a new user's name.
pub fn check_username(username: &str) -> Result<(), FieldProblem> {
    check_text(username)?;
    // An address in the place of a name would stand in for another user's address at sign-in.
    if username.contains('@') || username.chars().any(|c| is_invisible(c) || c.is_whitespace()) {
        return Err(FieldProblem::InvalidCharacters);
    }
    Ok(())
}

/// Whether `email` can be a new user's address: one `@`, something on both sides, nothing that could
/// begin another header line in a mail.
pub fn check_email(email: &str) -> Result<(), FieldProblem> {
    check_text(email)?;
    let Some((local, domain)) = email.rsplit_once('@') else {
        return Err(FieldProblem::NotAnAddress);
    };
    let domain_is_plausible = domain.len() <= 253
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
    let local_is_plausible =
        !local.is_empty() && !local.contains('@') && !local.chars().any(|c| c.is_whitespace() || is_invisible(c));
    if domain_is_plausible && local_is_plausible { Ok(()) } else { Err(FieldProblem::NotAnAddress) }
}

fn check_text(text: &str) -> Result<(), FieldProblem> {
    if lookup_key(text).is_empty() {
        return Err(FieldProblem::Empty);
    }
    if text.chars().count() > COLUMN_WIDTH {
        return Err(FieldProblem::TooLong { most: COLUMN_WIDTH, unit: "characters" });
    }
    if text.chars().any(char::is_control) {
        return Err(FieldProblem::InvalidCharacters);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_name_have_one_key() {
        for spelling in ["Admin", "ADMIN", "admin\u{200b}", " admin ", "ａｄｍｉｎ"] {
            assert_eq!(lookup_key(spelling), "admin", "{spelling:?}");
        }
        assert_eq!(lookup_key("caf\u{e9}"), lookup_key("CAFE\u{301}"));
        assert_eq!(lookup_key("Stra\u{df}e"), lookup_key("STRASSE"));
        assert_eq!(lookup_key("\u{fb01}sh"), "fish");
    }

    #[test]
    fn names_that_cannot_be_told_apart_or_shown_are_refused() {
        for name in ["", " ", "a\0b", "a b", "a\u{202e}b", "a@b", "a\nb", &"x".repeat(65)] {
            assert!(check_username(name).is_err(), "{name:?}");
        }
        for name in ["admin", "王小明", "p🔥", &"x".repeat(64)] {
            assert_eq!(check_username(name), Ok(()), "{name:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for email in ["a", "@b", "a@", "a@b@c", "a@b..c", "a@-b", "a b@c", "a@b\r\nBcc: c@d"] {
            assert!(check_email(email).is_err(), "{email:?}");
        }
        for email in ["p0@example.com", "a+b@sub.example.cn", "a@bücher.de"] {
            assert_eq!(check_email(email), Ok(()), "{email:?}");
        }
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(text in ".{0,40}") {
            let key = lookup_key(&text);
            prop_assert_eq!(lookup_key(&key), key);
        }
    }
}
