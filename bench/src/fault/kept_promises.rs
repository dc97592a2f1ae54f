//! After a restart: whether everything acknowledged holds and nothing is half done.

use std::net::SocketAddr;

use anyhow::Result;

use super::Findings;
use super::ledger::{Account, Ledger, Session};
use crate::http_client::{Answer, Connection};
use crate::population::number;
use crate::server::doorward::Doorward;
use crate::wire::{Tokens, guarded_request, login_request, refresh_request};

/// How many sessions go on into the next round.
const KEPT_SESSIONS: usize = 40;
/// How many sessions are given up to see what becomes of one whose used refresh token turns up.
const GIVEN_UP: usize = 10;
/// How many old logouts and passwords are looked at again each time.
const LOOKED_AT_AGAIN: usize = 60;

/// What must be true of the tables, whatever was cut short: a name, and a count that must be 0.
const NOTHING_HALF_DONE: [(&str, &str); 4] = [
    (
        "refresh tokens without a session",
        "SELECT count(*) FROM refresh_tokens r LEFT JOIN sessions s ON s.id = r.session_id WHERE s.id IS NULL",
    ),
    (
        "sessions with two unused refresh tokens",
        "SELECT count(*) FROM (SELECT session_id FROM refresh_tokens WHERE used_at IS NULL GROUP BY session_id \
         HAVING count(*) > 1) doubled",
    ),
    (
        "open sessions whose refresh token was used and not replaced",
        "SELECT count(*) FROM sessions s WHERE s.ended_at IS NULL \
         AND EXISTS (SELECT 1 FROM refresh_tokens r WHERE r.session_id = s.id) \
         AND NOT EXISTS (SELECT 1 FROM refresh_tokens r WHERE r.session_id = s.id AND r.used_at IS NULL)",
    ),
    (
        // The first administrator has no address.
        "users without a password, an address or the keys they are looked up by",
        "SELECT count(*) FROM users WHERE username IS NULL OR (username <> 'admin' AND (password_hash IS NULL OR email IS NULL \
         OR username_key IS NULL OR email_key IS NULL OR member_since IS NULL))",
    ),
];

/// Looks at everything in the ledger, and settles in it what was begun without an answer.
pub(crate) async fn verify(
    engine: &str,
    doorward: &Doorward,
    address: SocketAddr,
    ledger: &mut Ledger,
    findings: &mut Findings,
) -> Result<()> {
    for (what, query) in NOTHING_HALF_DONE {
        let found = number(doorward.database(), query).await?;
        findings.check(&format!("{engine}: no {what}"), found == 0, || format!("{found} of them"));
    }
    if doorward.database().starts_with("sqlite:") {
        let query = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'";
        let found = number(doorward.database(), query).await?;
        findings.check("SQLite: the file is whole", found == 0, || format!("{found} faults"));
    }
    let mut asking = Asking { engine, connection: Connection::new(address), findings };
    asking.ended_sessions(ledger).await?;
    asking.live_sessions(ledger).await?;
    asking.used_refresh_tokens(ledger).await?;
    asking.users(ledger, doorward).await?;
    asking.passwords(ledger).await
}

struct Asking<'a> {
    engine: &'a str,
    connection: Connection,
    findings: &'a mut Findings,
}

impl Asking<'_> {
    async fn ended_sessions(&mut self, ledger: &mut Ledger) -> Result<()> {
        keep_last(&mut ledger.ended, LOOKED_AT_AGAIN);
        for session in &ledger.ended {
            let answer = self.me(session).await?;
            self.check("a logged-out token stays refused", answer.code() == 401, &answer);
            if let Some(refresh) = &session.tokens.refresh {
                let answer = self.connection.send(&refresh_request(refresh)).await?;
                self.check("a logged-out session's refresh token stays refused", answer.code() == 401, &answer);
            }
        }
        Ok(())
    }

    async fn live_sessions(&mut self, ledger: &mut Ledger) -> Result<()> {
        for session in &mut ledger.live {
            let answer = self.me(session).await?;
            self.check("a token is still good", answer.code() == 200, &answer);
            let refresh = session.tokens.refresh.clone().unwrap_or_default();
            let answer = self.connection.send(&refresh_request(&refresh)).await?;
            let renewed = Tokens::read(&answer);
            self.check("the newest refresh token works", renewed.is_some(), &answer);
            if let Some(tokens) = renewed {
                session.renew(tokens);
            }
        }
        while ledger.live.len() > KEPT_SESSIONS {
            let Some(session) = ledger.take_session() else { break };
            let answer = self.connection.send(&guarded_request("/logout", &session.tokens.access)).await?;
            self.check("a session can be ended", answer.code() == 200, &answer);
            ledger.ended.push(session);
        }
        // The server died before it answered: whether it had made the exchange or not, the client can ask again.
        for session in ledger.begun_refreshes.drain(..) {
            let refresh = session.tokens.refresh.unwrap_or_default();
            let answer = self.connection.send(&refresh_request(&refresh)).await?;
            let again = Tokens::read(&answer);
            self.check("a refresh without an answer can be sent again", again.is_some(), &answer);
        }
        Ok(())
    }

    /// A used token may, for a few seconds, get the answer again that it got; it never gets a new one. Past those seconds
    /// its session ends, so the sessions tried are given up.
    async fn used_refresh_tokens(&mut self, ledger: &mut Ledger) -> Result<()> {
        let mut tried = 0;
        let mut kept = Vec::new();
        for session in ledger.live.drain(..) {
            if tried == GIVEN_UP || session.used.len() < 2 {
                kept.push(session);
                continue;
            }
            tried += 1;
            let answer = self.connection.send(&refresh_request(&session.used[0])).await?;
            let given = Tokens::read(&answer).and_then(|tokens| tokens.refresh);
            let fresh = given.as_deref().is_some_and(|refresh| !session.had(refresh));
            self.check("a used refresh token stays used", !fresh, &answer);
            if given.is_none() {
                let answer = self.me(&session).await?;
                self.check("a used refresh token ends its session", answer.code() == 401, &answer);
            }
        }
        ledger.live = kept;
        Ok(())
    }

    async fn me(&mut self, session: &Session) -> Result<Answer> {
        Ok(self.connection.send(&guarded_request("/me", &session.tokens.access)).await?)
    }

    async fn users(&mut self, ledger: &mut Ledger, doorward: &Doorward) -> Result<()> {
        let begun: Vec<Account> = ledger.begun_users.drain(..).collect();
        for account in begun {
            let answer = self.sign_in(&account).await?;
            let query = format!("SELECT count(*) FROM users WHERE username = '{}'", account.username);
            let rows = number(doorward.database(), &query).await?;
            let whole = rows == i64::from(answer.code() == 200);
            self.check("an unacknowledged user is whole or absent", whole, &answer);
            if answer.code() == 200 {
                ledger.made.insert(account.username, account.password);
            }
        }
        Ok(())
    }

    async fn passwords(&mut self, ledger: &mut Ledger) -> Result<()> {
        let begun: Vec<Account> = ledger.begun_passwords.drain(..).collect();
        for changed in begun {
            let old = ledger.made.get(&changed.username).cloned().unwrap_or_default();
            let old = Account { username: changed.username.clone(), password: old };
            let (before, after) = (self.sign_in(&old).await?, self.sign_in(&changed).await?);
            let one = (before.code() == 200) != (after.code() == 200);
            self.check("of an unacknowledged password change exactly one password works", one, &after);
            if after.code() == 200 {
                ledger.finish_password(&changed);
            }
        }
        let recent: Vec<Account> = ledger
            .made
            .iter()
            .rev()
            .take(LOOKED_AT_AGAIN)
            .map(|(username, password)| Account { username: username.clone(), password: password.clone() })
            .collect();
        for account in recent {
            let answer = self.sign_in(&account).await?;
            self.check("an acknowledged user signs in with the acknowledged password", answer.code() == 200, &answer);
        }
        keep_last(&mut ledger.old_passwords, LOOKED_AT_AGAIN);
        for account in &ledger.old_passwords {
            let answer = self.sign_in(account).await?;
            self.check("a replaced password stays refused", answer.code() == 401, &answer);
        }
        Ok(())
    }

    async fn sign_in(&mut self, account: &Account) -> Result<Answer> {
        Ok(self.connection.send(&login_request(&account.username, &account.password)).await?)
    }

    fn check(&mut self, what: &str, holds: bool, answer: &Answer) {
        self.findings.check(&format!("{}: {what}", self.engine), holds, || answer.in_short());
    }
}

fn keep_last<T>(list: &mut Vec<T>, most: usize) {
    list.drain(..list.len().saturating_sub(most));
}
