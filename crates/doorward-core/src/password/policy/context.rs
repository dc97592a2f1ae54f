use crate::settings::Settings;

/// Shorter ones stand in too many other words, in characters.
const SHORTEST_WORD: usize = 3;

/// What an attacker knows of this user and this service (ASVS 5.0 V6.2.11), in lower case, longest first.
pub(super) fn words(settings: &Settings, about: &[&str]) -> Vec<String> {
    let mut words = Vec::new();
    for text in about.iter().copied().chain([settings.api.title.as_str(), "doorward", settings.mail_domain()]) {
        let lower = text.to_lowercase();
        words.extend(lower.split(|c: char| !c.is_alphanumeric()).map(str::to_owned));
        words.push(lower);
    }
    words.retain(|word| word.chars().count() >= SHORTEST_WORD);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    words
}

/// Whether little is left of `password` without those words: fewer characters than the shortest password has.
pub(super) fn hangs_on(words: &[String], password: &str) -> bool {
    let whole = password.to_lowercase();
    let mut left = whole.clone();
    for word in words {
        left = left.replace(word.as_str(), "");
    }
    left.len() < whole.len() && left.chars().filter(|c| c.is_alphanumeric()).count() < super::common_key::SHORTEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_made_of_what_is_known_is_refused_and_one_that_only_names_it_is_not() {
        let mut settings = Settings::default();
        settings.api.title = "Tree House".into();
        let words = words(&settings, &["alice", "a.liddell@example.com"]);
        for password in
            ["Alice2026!", "alice-alice", "TreeHouse#1", "liddell99", "example.com1", "a.liddell@example.com"]
        {
            assert!(hangs_on(&words, password), "{password}");
        }
        for password in ["alice walks by the river", "unrelated words"] {
            assert!(!hangs_on(&words, password), "{password}");
        }
    }
}
