use std::sync::LazyLock;

use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};
use unicode_security::{GeneralSecurityProfile, RestrictionLevel, RestrictionLevelDetection};

use sea_orm::ActiveValue::Set;

use super::{ActiveModel, address};
use crate::FieldProblem;

/// The width of the columns `username` and `email`, in characters.
pub(super) const COLUMN_WIDTH: usize = 64;

/// More marks than that on one letter are no spelling of any language.
const MOST_MARKS: usize = 3;

/// The form under which a user name is looked up: NFKC, case-folded, without marks that can't be seen
/// (Unicode's `NFKC_Casefold`, UAX #31), and without spaces around.
pub fn lookup_key(spelling: &str) -> String {
    if spelling.is_ascii() {
        return spelling.trim().to_ascii_lowercase();
    }
    lookup_key_of_any(spelling)
}

fn lookup_key_of_any(spelling: &str) -> String {
    let folded: String = caseless::default_case_fold_str(&spelling.nfkc().collect::<String>())
        .chars()
        .filter(|character| !is_invisible(*character))
        .nfkc()
        .collect();
    folded.trim().to_owned()
}

/// A user name as it is kept: as it was spelled, in the form NFC.
pub fn normal_username(username: &str) -> String {
    username.nfc().collect()
}

/// The name as a person reads it: what is the same here can be taken for one another. The skeleton of
/// UTS #39 §4, whatever the case, so that `I`, `l`, `1` and `i` are one, and `O`, `o` and `0`.
pub fn username_skeleton(spelling: &str) -> String {
    let name = lookup_key(spelling);
    if name.is_ascii() {
        // No letter of ASCII is another one beside its neighbours.
        return name.bytes().map(|letter| &*ASCII_SKELETONS[usize::from(letter)]).collect();
    }
    skeleton_of_any(name)
}

static ASCII_SKELETONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    // What is cut off at the ends of a name stays within it.
    let stays = |letter: char| letter == ' ' || letter.is_ascii_control();
    let skeleton = |letter: char| if stays(letter) { letter.into() } else { skeleton_of_any(letter.into()) };
    ('\0'..='\u{7f}').map(skeleton).collect()
});

fn skeleton_of_any(key: String) -> String {
    let mut name = key;
    // A prototype may be of the other case, which has a prototype of its own.
    for _ in 0..2 {
        let skeleton: String = unicode_security::skeleton(&name).collect();
        name = lookup_key(&skeleton);
    }
    // `İ` folds to an `i` with another dot above, which nobody sees.
    name.nfd()
        .filter(|character| *character != '\u{307}')
        .map(|character| if character == 'i' { 'l' } else { character })
        .nfc()
        .collect()
}

/// `Default_Ignorable_Code_Point` (Unicode Standard §5.21): characters without a picture of their own.
pub(super) fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Sets the user name of a row, and all that hangs on it.
pub(crate) fn give_username(row: &mut ActiveModel, username: &str) {
    row.username = Set(Some(username.into()));
    row.username_key = Set(Some(lookup_key(username).into()));
    row.username_skeleton = Set(Some(username_skeleton(username).into()));
}

/// Whether an operator can give `username` to a new user.
pub fn check_username(username: &str) -> Result<(), FieldProblem> {
    check_text(username)?;
    // An address in the place of a name would stand in for another user's address at sign-in.
    if username.contains('@') || username.chars().any(|c| is_invisible(c) || c.is_whitespace()) {
        return Err(FieldProblem::InvalidCharacters);
    }
    Ok(())
}

/// Whether a user of another system can keep `username`: as [`check_username`], and there may be spaces within.
pub(crate) fn check_foreign_username(username: &str) -> Result<(), FieldProblem> {
    check_text(username)?;
    let is_bad = |c: char| c == '@' || is_invisible(c) || (c.is_whitespace() && c != ' ');
    if username.chars().any(is_bad) { Err(FieldProblem::InvalidCharacters) } else { Ok(()) }
}

/// Whether people can choose `username` for themselves, in the form NFC: letters and digits of one
/// script, or of those that are written together (UTS #39 §5.2, "highly restrictive"), with `.`, `-`,
/// `_`, `'` within.
pub fn check_chosen_username(username: &str, reserved: &[String]) -> Result<(), FieldProblem> {
    check_username(username)?;
    let is_letter_or_digit = |c: char| c.is_alphanumeric() || canonical_combining_class(c) != 0;
    let well_formed = username.chars().all(|c| c.identifier_allowed() && c != ':')
        && username.check_restriction_level(RestrictionLevel::HighlyRestrictive)
        && username.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_')
        && username.chars().next_back().is_some_and(|c| is_letter_or_digit(c) || c == '_')
        // A number alone would be another user's id where operators name users.
        && username.chars().any(char::is_alphabetic)
        && !has_mixed_numbers(username)
        && !has_flood_of_marks(username);
    if !well_formed {
        return Err(FieldProblem::InvalidCharacters);
    }
    let skeleton = username_skeleton(username);
    if reserved.iter().any(|name| username_skeleton(name) == skeleton) {
        return Err(FieldProblem::Reserved);
    }
    Ok(())
}

/// Whether digits of several scripts stand side by side (UTS #39 §5.3). The digits of a script share a row
/// of sixteen.
fn has_mixed_numbers(name: &str) -> bool {
    let mut rows = name.chars().filter(|c| c.is_numeric()).map(|c| u32::from(c) >> 4);
    let first = rows.next();
    rows.any(|row| Some(row) != first)
}

fn has_flood_of_marks(name: &str) -> bool {
    let mut marks = 0;
    name.nfd().any(|c| {
        marks = if canonical_combining_class(c) == 0 { 0 } else { marks + 1 };
        marks > MOST_MARKS
    })
}

/// Whether `email` can be a new user's address. It must be in the form of
/// [`normal_email`](super::normal_email) when it is stored.
pub fn check_email(email: &str) -> Result<(), FieldProblem> {
    check_text(email)?;
    if address::is_address(email) { Ok(()) } else { Err(FieldProblem::NotAnAddress) }
}

/// Whether people can give `email` as their own: the local part is ASCII, which every mail server delivers.
pub fn check_chosen_email(email: &str) -> Result<(), FieldProblem> {
    check_email(email)?;
    let local = email.rsplit_once('@').map_or(email, |(local, _)| local);
    if local.is_ascii() { Ok(()) } else { Err(FieldProblem::NotAnAddress) }
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
    fn f2_names_that_a_person_reads_as_one_have_one_skeleton() {
        for names in [
            ["admin", "Admin", "аdmin", "ADMİN", "admın", "adrnin"].as_slice(),
            &["bill", "bi11", "BILL", "bIlI", "biII", "b\u{456}ll"],
            &["zoo", "z00", "ZOO", "zoо"],
            &["fish", "\u{fb01}sh"],
            &["strasse", "straße"],
            &["paypal", "раураl", "PAYPAL", "pаypal"],
        ] {
            for name in names {
                assert_eq!(username_skeleton(name), username_skeleton(names[0]), "{name:?}");
            }
        }
        let apart = ["alice", "alicia", "bob", "bab", "café", "cafe", "王小明", "王晓明", "user1", "user2"];
        for (at, name) in apart.iter().enumerate() {
            for other in &apart[at + 1..] {
                assert_ne!(username_skeleton(name), username_skeleton(other), "{name} {other}");
            }
        }
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
    fn f2_names_that_people_choose_are_of_one_script_and_not_reserved() {
        let reserved = ["admin".to_owned(), "root".to_owned()];
        let check = |name: &str| check_chosen_username(name, &reserved);
        for name in ["alice", "Alice_99", "o'brien", "j.doe-2", "王小明", "王Wang", "たなか", "Ångström", "иван"]
        {
            assert_eq!(check(name), Ok(()), "{name:?}");
        }
        for name in [
            "аdmin1x",
            "alice.",
            "alice-",
            ".alice",
            "-alice",
            "al:ce",
            "p🔥",
            "12345",
            "a1١",
            "a\u{200d}b",
            "ａlice",
            "\u{fb01}sh",
            "=1+1a",
            "al ice",
            "a/b",
            "<b>a",
        ] {
            assert_eq!(check(name), Err(FieldProblem::InvalidCharacters), "{name:?}");
        }
        assert_eq!(check(&format!("a{}", "\u{301}".repeat(4))), Err(FieldProblem::InvalidCharacters));
        for name in ["admin", "Admin", "adrnin", "adm1n", "r00t", "Root"] {
            assert_eq!(check(name), Err(FieldProblem::Reserved), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(text in ".{0,40}") {
            let key = lookup_key(&text);
            prop_assert_eq!(lookup_key(&key), key);
        }

        #[test]
        fn the_short_way_of_ascii_leads_where_the_long_one_does(text in "[ -~]{0,20}", bytes in "[\x00-\x7f]{0,5}") {
            for text in [text, bytes] {
                let key = lookup_key_of_any(&text);
                prop_assert_eq!(lookup_key(&text), key.clone());
                prop_assert_eq!(username_skeleton(&text), skeleton_of_any(key));
            }
        }

        #[test]
        fn spellings_of_one_key_have_one_skeleton(text in ".{0,20}") {
            prop_assert_eq!(username_skeleton(&lookup_key(&text)), username_skeleton(&text));
        }
    }
}
