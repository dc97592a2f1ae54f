//! What clients were promised: kept in memory, so that it outlives the server that promised it.

use std::collections::BTreeMap;

use rand::RngExt;
use rand::seq::IndexedRandom;

use crate::wire::Tokens;

/// A user and a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) username: String,
    pub(crate) password: String,
}

/// A session by its newest tokens, and the refresh tokens it had before, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) tokens: Tokens,
    pub(crate) used: Vec<String>,
}

impl Session {
    /// As a login gave it.
    pub(crate) fn new(tokens: Tokens) -> Self {
        Self { tokens, used: Vec::new() }
    }

    /// A refresh was acknowledged.
    pub(crate) fn renew(&mut self, tokens: Tokens) {
        let before = std::mem::replace(&mut self.tokens, tokens);
        self.used.extend(before.refresh);
    }

    /// Whether this refresh token was ever the session's.
    pub(crate) fn had(&self, refresh: &str) -> bool {
        self.tokens.refresh.as_deref() == Some(refresh) || self.used.iter().any(|used| used == refresh)
    }
}

/// Everything acknowledged, and what was begun without an answer.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Users that sign in; their passwords stay, so that no session ends but by a logout.
    pub(crate) residents: Vec<Account>,
    /// Acknowledged users with their passwords, which may change.
    pub(crate) made: BTreeMap<String, String>,
    /// Asked for, not acknowledged.
    pub(crate) begun_users: Vec<Account>,
    /// Acknowledged password changes: what must no longer work.
    pub(crate) old_passwords: Vec<Account>,
    /// A change asked for, not acknowledged: the new password; the old one stands in `made`.
    pub(crate) begun_passwords: Vec<Account>,
    /// Sessions signed in.
    pub(crate) live: Vec<Session>,
    /// Acknowledged logouts.
    pub(crate) ended: Vec<Session>,
    /// Their refresh token was sent, and no answer came.
    pub(crate) begun_refreshes: Vec<Session>,
    serial: u64,
}

impl Ledger {
    /// A name that no user had before.
    pub(crate) fn new_account(&mut self) -> Account {
        self.serial += 1;
        Account { username: format!("made{}", self.serial), password: format!("first password {}", self.serial) }
    }

    /// Takes a live session out: until its fate is known it is promised nothing.
    pub(crate) fn take_session(&mut self) -> Option<Session> {
        if self.live.is_empty() {
            return None;
        }
        let index = rand::rng().random_range(0..self.live.len());
        Some(self.live.swap_remove(index))
    }

    /// Someone to sign in.
    pub(crate) fn resident(&self) -> Option<Account> {
        self.residents.choose(&mut rand::rng()).cloned()
    }

    /// Notes that a user's password is about to be changed; returns the new one.
    pub(crate) fn begin_password(&mut self) -> Option<Account> {
        let settled: Vec<_> = self.made.keys().filter(|name| !self.is_changing(name)).collect();
        let username = (*settled.choose(&mut rand::rng())?).clone();
        self.serial += 1;
        let changed = Account { username, password: format!("changed password {}", self.serial) };
        self.begun_passwords.push(changed.clone());
        Some(changed)
    }

    /// The change was acknowledged.
    pub(crate) fn finish_password(&mut self, changed: &Account) {
        self.begun_passwords.retain(|begun| begun != changed);
        let old = self.made.insert(changed.username.clone(), changed.password.clone());
        if let Some(password) = old {
            self.old_passwords.push(Account { username: changed.username.clone(), password });
        }
    }

    /// The user was acknowledged.
    pub(crate) fn finish_user(&mut self, account: &Account) {
        self.begun_users.retain(|begun| begun != account);
        self.made.insert(account.username.clone(), account.password.clone());
    }

    fn is_changing(&self, username: &str) -> bool {
        self.begun_passwords.iter().any(|begun| begun.username == username)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_is_changing_is_left_alone_until_the_answer() {
        let mut ledger = Ledger::default();
        let account = ledger.new_account();
        ledger.finish_user(&account);
        let changed = ledger.begin_password().expect("one user");
        assert!(ledger.begin_password().is_none());
        ledger.finish_password(&changed);
        assert_eq!(ledger.made.get(&account.username), Some(&changed.password));
        assert_eq!(ledger.old_passwords, vec![account]);
        assert!(ledger.begin_password().is_some());
    }
}
