//! E-mail addresses: `local@domain` of RFC 5321 §4.1.2, without quoting; domains by IDNA (UTS #46).

use sea_orm::ActiveValue::Set;

use super::{ActiveModel, avatar_hash, lookup_key};

/// RFC 5321 §4.5.3.1.1, in bytes.
const MOST_LOCAL: usize = 64;
/// RFC 5321 §4.5.3.1.3 less the two brackets, in bytes.
const MOST_IN_ALL: usize = 254;

/// The address as it is kept: the domain, which has no case, in lower case; the local part as it was
/// spelled.
pub fn normal_email(email: &str) -> String {
    match email.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
        None => email.to_owned(),
    }
}

/// The form under which an address is looked up: the local part as names are, the domain in its ASCII form.
pub fn email_key(spelling: &str) -> String {
    let trimmed = spelling.trim();
    let ascii = trimmed.rsplit_once('@').and_then(|(local, domain)| Some((local, ascii_domain(domain)?)));
    match ascii {
        Some((local, domain)) => lookup_key(&format!("{local}@{domain}")),
        None => lookup_key(spelling),
    }
}

/// Sets the address of a row, and all that hangs on it.
pub(crate) fn give_address(row: &mut ActiveModel, email: &str) {
    row.email = Set(Some(email.into()));
    row.email_key = Set(Some(email_key(email).into()));
    row.avatar_hash = Set(Some(avatar_hash(email).into()));
}

/// The domain of an address in its ASCII form (`xn--…`), in lower case.
pub fn email_domain(email: &str) -> Option<String> {
    ascii_domain(email.rsplit_once('@')?.1)
}

/// The domain in its ASCII form, where it is one.
fn ascii_domain(domain: &str) -> Option<String> {
    idna::domain_to_ascii_strict(domain).ok().filter(|ascii| !ascii.is_empty())
}

/// Whether a mail server would take it as it stands. Nothing in it can begin another header line.
pub(super) fn is_address(email: &str) -> bool {
    let Some((local, domain)) = email.rsplit_once('@') else { return false };
    let Some(ascii) = ascii_domain(domain) else { return false };
    is_dot_atom(local)
        && local.len() <= MOST_LOCAL
        && local.len() + 1 + ascii.len() <= MOST_IN_ALL
        && !ascii.ends_with('.')
        // An address of IPv4, however written, is no domain.
        && ascii.rsplit('.').next().is_some_and(|label| !label.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `Dot-string` of RFC 5321 §4.1.2, with the letters of other scripts of RFC 6531 §3.3.
fn is_dot_atom(local: &str) -> bool {
    let is_atext = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        FieldProblem,
        user::{check_chosen_email, check_email},
    };

    #[test]
    fn f2_what_is_no_address_is_refused() {
        for email in [
            "a",
            "@b",
            "a@",
            "a@b@c",
            "a@b..c",
            "a@-b",
            "a b@c",
            "a@b\r\nBcc: c@d",
            "a@b\n",
            "\"a b\"@c.de",
            "a.@b.de",
            ".a@b.de",
            "a..b@c.de",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@b.de.",
            "a@b_c.de",
            "<a@b.de>",
            "a,b@c.de",
            "a@b.de,c@d.de",
            "a\u{200b}@b.de",
            "a@xn--a.de",
        ] {
            assert!(check_email(email).is_err(), "{email:?}");
        }
        assert_eq!(check_email("а@b.de"), Ok(()), "an operator knows the mail server");
        assert_eq!(check_chosen_email("а@b.de"), Err(FieldProblem::NotAnAddress));
        for email in ["p0@example.com", "a+b@sub.example.cn", "a@bücher.de", "o'b@x.io", "a@xn--bcher-kva.de"] {
            assert_eq!(check_chosen_email(email), Ok(()), "{email:?}");
        }
    }

    #[test]
    fn f2_lengths_are_told_before_the_database_does() {
        let sixty_four = format!("a@{}.de", "b".repeat(59));
        assert_eq!(check_email(&sixty_four), Ok(()));
        let too_long = Err(FieldProblem::TooLong { most: 64, unit: "characters" });
        assert_eq!(check_email(&format!("a{sixty_four}")), too_long);
        assert_eq!(check_email(&format!("{}@b.de", "a".repeat(64))), too_long);
        // 55 characters, whose ASCII form is longer than a label can be.
        let label: String = (0..50).filter_map(|n| char::from_u32(0x4e00 + 97 * n)).collect();
        assert_eq!(check_email(&format!("a@{label}.de")), Err(FieldProblem::NotAnAddress));
    }

    #[test]
    fn f2_spellings_of_one_address_have_one_key() {
        let key = email_key("alice@bücher.de");
        for spelling in
            ["Alice@BÜCHER.de", "alice@xn--bcher-kva.de", "ALICE@XN--BCHER-KVA.DE", "alice@bu\u{308}cher.DE"]
        {
            assert_eq!(email_key(spelling), key, "{spelling}");
        }
        assert_eq!(normal_email("Alice@BÜCHER.De"), "Alice@bücher.de");
        assert_eq!(email_key(&key), key);
        assert_eq!(email_key("Alice@Example.com"), "alice@example.com");
        assert_ne!(email_key("a@strasse.de"), email_key("a@straße.de"));
        assert_eq!(email_key("Not an address"), "not an address");
    }
}
