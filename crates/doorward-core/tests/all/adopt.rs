use doorward_core::{
    Error, adopt,
    database::{self, Origin, UserId},
    doctor::{self, Finding, Verdict},
    password, role,
    session::Client,
    token, user,
};
use doorward_guard::{Credential, CredentialKind, CredentialSource, FlaskAlgorithm, sign_flask};

use crate::application::{Application, LARGE_USERS, SMALL_USERS, TROUBLES, people, sign_in};

#[tokio::test]
async fn an_adopted_database_keeps_every_row_and_its_users_sign_in() {
    for application in [Application::sqlite("small.db"), Application::postgres("keeps").await] {
        let before = application.content().await;
        let doorward = application.start().await.unwrap();
        assert_eq!(doorward.origin(), Origin::Adopted);
        assert_eq!(application.content().await, before);
        for (id, username, email, password) in people(SMALL_USERS) {
            for name in [username.unwrap(), email.unwrap().to_uppercase()] {
                let logged_in = sign_in(&doorward, &name, &password).await.unwrap();
                assert_eq!(logged_in.user.id, UserId(id));
            }
        }
        // Strong enough for the application to go on reading: nothing was rewritten.
        assert_eq!(application.content().await, before);
        assert!(matches!(sign_in(&doorward, "admin", "wrong").await, Err(Error::InvalidCredentials)));
        assert!(user::ensure_first_administrator(&doorward, None).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn not_a_byte_of_a_troublesome_table_is_changed_by_adopting_it() {
    let application = Application::sqlite("large.db");
    let before = application.content().await;
    assert!(before.len() > 2020);
    let doorward = application.start().await.unwrap();
    let scheme = password::write_scheme(doorward.settings(), doorward.origin());
    assert_eq!(scheme.name(), "werkzeug-pbkdf2");
    assert_eq!(application.content().await, before);
}

#[tokio::test]
async fn times_are_written_as_sqlalchemy_reads_them() {
    let application = Application::sqlite("small.db");
    let doorward = application.start().await.unwrap();
    let tokens = sign_in(&doorward, "alice", "p-pass-1-密").await.unwrap().tokens;
    let credential =
        Credential { kind: CredentialKind::AccessToken, source: CredentialSource::TokenHeader, value: &tokens.access };
    token::authenticate(&doorward, &credential, &Client::default()).await.unwrap();
    doorward.flush_activity().await.unwrap();
    let frank = user::NewUser {
        username: "frank",
        email: None,
        password: Some(password::NewPassword::new("a password of frank's")),
        confirmed: true,
        roles: Vec::new(),
    };
    user::create(&doorward, frank).await.unwrap();
    let seen = application.lines("SELECT last_seen FROM users WHERE username = 'alice'").await;
    let made = application.lines("SELECT member_since FROM users WHERE username = 'frank'").await;
    assert_eq!(made, ["2020-09-13 12:26:40.000000"]);
    assert_eq!(seen, made);
}

#[tokio::test]
async fn weak_hashes_are_renewed_to_what_the_application_reads() {
    let application = Application::sqlite("large.db");
    let doorward = application.start().await.unwrap();
    let mut signed_in = 0;
    for (id, username, email, password) in people(LARGE_USERS).into_iter().filter(|it| it.0 % 97 == 0 || it.0 > 2000) {
        let Some(name) = username.filter(|name| !name.is_empty() && !name.contains('\0')).or(email) else { continue };
        let stored = user::find_by_id(doorward.database().reads(), UserId(id)).await.unwrap().unwrap();
        let readable = stored.password_hash.as_deref().is_some_and(|hash| !hash.starts_with("md6"));
        if !readable || password.is_empty() {
            continue;
        }
        let logged_in =
            sign_in(&doorward, &name, &password).await.unwrap_or_else(|error| panic!("{id} {name:?}: {error}"));
        assert_eq!(logged_in.user.id, UserId(id), "{name:?}");
        let hash = user::find_by_id(doorward.database().reads(), UserId(id)).await.unwrap().unwrap().password_hash;
        assert!(hash.unwrap().starts_with("pbkdf2:"), "{id}");
        signed_in += 1;
    }
    assert!(signed_in > 20, "{signed_in}");
}

#[tokio::test]
async fn doctor_names_every_troublesome_row() {
    let troubles: Vec<serde_json::Value> = serde_json::from_str(TROUBLES).unwrap();
    let on_sqlite = Application::sqlite("large.db");
    let on_postgres = Application::postgres("troubles").await;
    for (application, all) in [(on_sqlite, true), (on_postgres, false)] {
        let doorward = application.start().await.unwrap();
        let findings = doctor::examine(&doorward).await.unwrap();
        assert!(findings.iter().all(|finding| finding.verdict != Verdict::Fail), "{findings:#?}");
        for trouble in &troubles {
            let id = trouble["id"].as_i64().unwrap();
            if id == 2014 {
                // "confirmed is NULL": SQLAlchemy wrote its default, 0, into the file after all. Others have the NULL.
                continue;
            }
            let named = findings.iter().any(|finding| finding.user_ids.contains(&id));
            // The file for PostgreSQL holds fewer of them, under other ids.
            let row = user::find_by_id(doorward.database().reads(), UserId(id)).await.unwrap();
            let same = row.is_some_and(|row| {
                trouble["username"].as_str() == row.username.as_deref()
                    && trouble["email"].as_str() == row.email.as_deref()
            });
            assert!(named || (!all && !same), "{trouble} is not named");
        }
    }
}

fn finding<'a>(findings: &'a [Finding], check: &str) -> Option<&'a Finding> {
    findings.iter().find(|finding| finding.check == check)
}

#[tokio::test]
async fn doctor_says_of_each_troublesome_row_what_is_wrong() {
    let application = Application::sqlite("large.db");
    let doorward = application.start().await.unwrap();
    let findings = doctor::examine(&doorward).await.unwrap();
    for (id, check) in [
        (2001, "same_user_name"),
        (2002, "same_email"),
        (2003, "no_email"),
        (2004, "no_user_name"),
        (2005, "no_name_at_all"),
        (2006, "no_password"),
        (2007, "unreadable_password"),
        (2008, "not_an_address"),
        (2009, "spaces_around"),
        (2010, "mixed_direction"),
        (2011, "has_a_twin"),
        (2012, "same_user_name"),
        (2013, "no_user_name"),
        (2015, "too_long"),
        (2016, "time_form"),
        (2017, "time_form"),
        (8_589_934_593, "id_past_32_bits"),
        (8_589_934_594, "control_characters"),
        (8_589_934_595, "bytes_in_text"),
    ] {
        assert!(finding(&findings, check).is_some_and(|found| found.user_ids.contains(&id)), "{id} {check}");
    }
    assert_eq!(finding(&findings, "time_form").unwrap().count, Some(2));
    let long = finding(&findings, "long_password_hash").unwrap();
    assert_eq!((long.count, long.user_ids.len()), (Some(500), 100));
    assert_eq!(finding(&findings, "write_scheme").unwrap().verdict, Verdict::Warn);
}

#[tokio::test]
async fn doctor_finds_nothing_wrong_with_sound_users_and_sees_what_breaks() {
    let application = Application::sqlite("small.db");
    let doorward = application.start().await.unwrap();
    let findings = doctor::examine(&doorward).await.unwrap();
    assert!(findings.iter().all(|finding| finding.user_ids.is_empty()), "{findings:#?}");
    assert_eq!(finding(&findings, "database").unwrap().verdict, Verdict::Ok);
    assert_eq!(finding(&findings, "administrators").unwrap().verdict, Verdict::Warn);

    role::grant(&doorward, UserId(1), "admin").await.unwrap();
    application
        .sql(
            "DROP TRIGGER doorward_user_deleted;
             UPDATE users SET last_seen = '2021-02-31 10:00:00.000000' WHERE id = 2;
             UPDATE users SET password_hash = 'pbkdf2:sha256:4000000000$salt$' || hex(zeroblob(32)) WHERE id = 3;",
        )
        .await;
    let findings = doctor::examine(&doorward).await.unwrap();
    assert_eq!(finding(&findings, "administrators").unwrap().verdict, Verdict::Ok);
    assert_eq!(finding(&findings, "triggers").unwrap().verdict, Verdict::Fail);
    assert_eq!(finding(&findings, "time_form").unwrap().user_ids, [2]);
    assert_eq!(finding(&findings, "too_expensive_password").unwrap().user_ids, [3]);
}

#[tokio::test]
async fn what_the_application_inserts_is_found_at_once_and_by_any_case_soon() {
    for application in [Application::sqlite("small.db"), Application::postgres("inserts").await] {
        let doorward = application.start().await.unwrap();
        application
            .sql("INSERT INTO users (username, email, password_hash) VALUES ('Dora', 'Dora@Example.com', 'plain$$x-pass-x')")
            .await;
        assert!(sign_in(&doorward, "Dora", "x-pass-x").await.is_ok());
        assert!(sign_in(&doorward, "dora", "x-pass-x").await.is_err());
        user::fill_lookup_keys(&doorward).await.unwrap();
        assert!(sign_in(&doorward, "dora", "x-pass-x").await.is_ok());
        assert!(sign_in(&doorward, "DORA@example.COM", "x-pass-x").await.is_ok());

        // Renamed by the application: the old name opens nothing, the new one does.
        application.sql("UPDATE users SET username = 'Theodora' WHERE username = 'Dora'").await;
        assert!(sign_in(&doorward, "dora", "x-pass-x").await.is_err());
        assert!(sign_in(&doorward, "Theodora", "x-pass-x").await.is_ok());
    }
}

#[tokio::test]
async fn a_rename_by_the_application_drops_the_old_names_key_and_no_other() {
    for application in [Application::sqlite("small.db"), Application::postgres("renames").await] {
        let doorward = application.start().await.unwrap();
        let keys = async || {
            let keys = "coalesce(username_key, '-') || ' ' || coalesce(email_key, '-')";
            application.lines(&format!("SELECT {keys} FROM users WHERE id = 1")).await.remove(0)
        };
        application.sql("UPDATE users SET username = 'One', email = 'one@example.com' WHERE id = 1").await;
        assert_eq!(keys().await, "- -");
        let one = user::find_for_login(doorward.database().reads(), "One").await.unwrap();
        assert_eq!(one.map(|user| user.id), Some(UserId(1)), "found by its spelling meanwhile");
        user::fill_lookup_keys(&doorward).await.unwrap();
        assert_eq!(keys().await, "one one@example.com");

        // What renames nobody drops nothing.
        application.sql("UPDATE users SET username = 'One', email = email, name = 'One' WHERE id = 1").await;
        assert_eq!(keys().await, "one one@example.com");
        application.sql("UPDATE users SET email = NULL WHERE id = 1").await;
        assert_eq!(keys().await, "one -");
        // Who gives the new key along knows what they do.
        application.sql("UPDATE users SET username = 'Uno', username_key = 'uno' WHERE id = 1").await;
        assert_eq!(keys().await, "uno -");

        // The old name is free at once, and it is another's from then on.
        application.sql("UPDATE users SET username = 'Eins' WHERE id = 1").await;
        let new = user::NewUser { username: "UNO", email: None, password: None, confirmed: false, roles: Vec::new() };
        let other = user::create(&doorward, new).await.unwrap();
        user::fill_lookup_keys(&doorward).await.unwrap();
        for (name, id) in [("uno", other.id), ("EINS", UserId(1))] {
            let found = user::find_for_login(doorward.database().reads(), name).await.unwrap();
            assert_eq!(found.map(|user| user.id), Some(id), "{name}");
        }
    }
}

#[tokio::test]
async fn taking_the_steps_back_leaves_the_schema_as_it_was() {
    for application in [Application::sqlite("small.db"), Application::postgres("down").await] {
        let (schema, before) = (application.schema().await, application.content().await);
        let doorward = application.start().await.unwrap();
        assert_ne!(application.schema().await, schema);
        database::migrate_down(doorward.database(), None).await.unwrap();
        doorward.close().await;
        assert_eq!(application.schema().await, schema);
        assert_eq!(application.content().await, before);
        let again = application.start().await.unwrap();
        assert!(sign_in(&again, "alice", "p-pass-1-密").await.is_ok());
    }
}

#[tokio::test]
async fn a_table_of_the_applications_own_in_doorwards_place_is_refused_by_name() {
    let application = Application::sqlite("small.db");
    application.sql("CREATE TABLE roles (id INTEGER PRIMARY KEY, name VARCHAR(64))").await;
    let error = application.start().await.unwrap_err().to_string();
    assert!(error.contains("`roles`"), "{error}");
    assert_eq!(application.lines("SELECT name FROM sqlite_master WHERE name = 'sessions'").await, Vec::<String>::new());
}

#[tokio::test]
async fn what_was_added_is_taken_away_whole_and_twice_is_once() {
    for application in [Application::sqlite("large.db"), Application::postgres("away").await] {
        let everything = application.every_name().await;
        let (schema, before) = (application.schema().await, application.content().await);
        let doorward = application.start().await.unwrap();
        assert!(database::take_away(doorward.database()).await.unwrap() > 0);
        assert_eq!(database::take_away(doorward.database()).await.unwrap(), 0);
        doorward.close().await;
        assert_eq!(application.schema().await, schema);
        assert_eq!(application.content().await, before);
        assert_eq!(application.every_name().await, everything);
    }
}

#[tokio::test]
async fn status_counts_what_the_application_signed_in() {
    for application in [Application::sqlite("small.db"), Application::postgres("status").await] {
        let doorward = application.start().await.unwrap();
        let before = adopt::status(&doorward, 30).await.unwrap();
        assert!(before.can_be_switched_off && before.write_scheme == "werkzeug-pbkdf2", "{before:?}");
        assert!(before.schemes.values().sum::<u64>() > 0);
        let secret = doorward.settings().token.secret_keys[0].expose().as_bytes().to_vec();
        let now = doorward.now().unix();
        for id in [1, 2, 1] {
            let token = sign_flask(&secret, FlaskAlgorithm::Hs512, id, None, now, now + 600);
            let source = CredentialSource::TokenHeader;
            let credential = Credential { kind: CredentialKind::AccessToken, source, value: &token };
            token::authenticate(&doorward, &credential, &Client::default()).await.unwrap();
        }
        // Doorward's own counts for nothing.
        let own = sign_in(&doorward, "alice", "p-pass-1-密").await.unwrap().tokens;
        let source = CredentialSource::TokenHeader;
        let credential = Credential { kind: CredentialKind::AccessToken, source, value: &own.access };
        token::authenticate(&doorward, &credential, &Client::default()).await.unwrap();
        doorward.flush_activity().await.unwrap();
        doorward.flush_activity().await.unwrap();
        let after = adopt::status(&doorward, 1).await.unwrap();
        // One of them was remembered.
        assert_eq!((after.tokens.count, after.cookies.count, after.can_be_switched_off), (2, 0, false));
        assert!(after.tokens.last.is_some());
    }
}
