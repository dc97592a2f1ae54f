//! One-time codes, below the doors that use them.

use doorward_core::{
    Error,
    database::UserId,
    one_time_code::{self, Issued, Purpose, Redeemed},
};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};

use crate::app::{TestApp, on_both_engines};

const ADDRESS: &str = "alice@example.com";

async fn issue(app: &TestApp, user: UserId, purpose: Purpose) -> Issued {
    let transaction = app.doorward.database().begin().await.unwrap();
    let lifetimes = purpose.lifetimes();
    let issued =
        one_time_code::issue_within(&app.doorward, &transaction, user, purpose, Some(ADDRESS), lifetimes).await;
    transaction.commit().await.unwrap();
    issued.unwrap()
}

async fn by_link(app: &TestApp, purpose: Purpose, token: &str) -> Option<Redeemed> {
    let transaction = app.doorward.database().begin().await.unwrap();
    let redeemed = one_time_code::redeem_link_within(&app.doorward, &transaction, purpose, token).await.unwrap();
    transaction.commit().await.unwrap();
    redeemed
}

async fn typed(app: &TestApp, purpose: Purpose, user: UserId, code: &str) -> Result<Option<Redeemed>, Error> {
    let transaction = app.doorward.database().begin().await?;
    let redeemed = one_time_code::redeem_typed_within(&app.doorward, &transaction, purpose, user, code).await?;
    transaction.commit().await?;
    Ok(redeemed)
}

fn wrong(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect()
}

#[test]
fn b4_a_code_is_good_once_and_for_its_purpose_and_user_only() {
    on_both_engines(async |app| {
        let (alice, bob) = (app.user("alice").await.id, app.user("bob").await.id);
        let is_alices = Some(Redeemed { user_id: alice, email: Some(ADDRESS.into()) });

        let issued = issue(&app, alice, Purpose::ConfirmEmail).await;
        assert!(issued.link_token.starts_with("dwo_") && issued.link_token.len() == 47);
        let code = issued.typed_code.unwrap();
        assert_eq!(code.len(), 8);
        assert_eq!(by_link(&app, Purpose::ResetPassword, &issued.link_token).await, None);
        issue(&app, bob, Purpose::ConfirmEmail).await;
        assert_eq!(typed(&app, Purpose::ConfirmEmail, bob, &code).await.unwrap(), None);
        assert_eq!(typed(&app, Purpose::ChangeEmail, alice, &code).await.unwrap(), None);
        assert_eq!(by_link(&app, Purpose::ConfirmEmail, &issued.link_token).await, is_alices);
        assert_eq!(by_link(&app, Purpose::ConfirmEmail, &issued.link_token).await, None, "the second time");
        assert_eq!(typed(&app, Purpose::ConfirmEmail, alice, &code).await.unwrap(), None, "its link was used");

        let code = issue(&app, alice, Purpose::ConfirmEmail).await.typed_code.unwrap();
        let spaced = format!("{} {}", &code[..4], &code[4..]);
        assert_eq!(typed(&app, Purpose::ConfirmEmail, alice, &spaced).await.unwrap(), is_alices);
        assert_eq!(typed(&app, Purpose::ConfirmEmail, alice, &code).await.unwrap(), None, "the second time");
    });
}

#[test]
fn b4_an_older_code_dies_with_a_newer_one() {
    on_both_engines(async |app| {
        let alice = app.user("alice").await.id;
        let older = issue(&app, alice, Purpose::ConfirmEmail).await;
        let newer = issue(&app, alice, Purpose::ConfirmEmail).await;
        let reset = issue(&app, alice, Purpose::ResetPassword).await;
        assert_eq!(by_link(&app, Purpose::ConfirmEmail, &older.link_token).await, None);
        let code = older.typed_code.unwrap();
        assert_eq!(typed(&app, Purpose::ConfirmEmail, alice, &code).await.unwrap(), None);
        assert!(by_link(&app, Purpose::ConfirmEmail, &newer.link_token).await.is_some());
        assert!(by_link(&app, Purpose::ResetPassword, &reset.link_token).await.is_some(), "another purpose's");
    });
}

#[test]
fn b4_codes_end_ten_minutes_typed_a_day_a_link_half_an_hour_a_reset() {
    on_both_engines(async |app| {
        let alice = app.user("alice").await.id;
        let issued = issue(&app, alice, Purpose::ConfirmEmail).await;
        let reset = issue(&app, alice, Purpose::ResetPassword).await;
        assert!(reset.typed_code.is_none());
        let code = issued.typed_code.unwrap();
        app.advance(599).await;
        assert!(typed(&app, Purpose::ConfirmEmail, alice, &code).await.unwrap().is_some());

        let issued = issue(&app, alice, Purpose::ConfirmEmail).await;
        let code = issued.typed_code.unwrap();
        app.advance(600).await;
        assert_eq!(typed(&app, Purpose::ConfirmEmail, alice, &code).await.unwrap(), None);
        app.advance(601).await;
        assert_eq!(by_link(&app, Purpose::ResetPassword, &reset.link_token).await, None);
        app.advance(24 * 3_600 - 1_202).await;
        assert!(by_link(&app, Purpose::ConfirmEmail, &issued.link_token).await.is_some());

        let issued = issue(&app, alice, Purpose::ConfirmEmail).await;
        app.advance(24 * 3_600).await;
        assert_eq!(by_link(&app, Purpose::ConfirmEmail, &issued.link_token).await, None);
        one_time_code::delete_outdated(&app.doorward).await.unwrap();
        let left = one_time_code::Entity::find().count(app.doorward.database().reads()).await.unwrap();
        assert_eq!(left, 0);
    });
}

#[test]
fn b4_five_wrong_tries_end_the_typed_code_and_not_the_link() {
    on_both_engines(async |app| {
        let alice = app.user("alice").await.id;
        let issued = issue(&app, alice, Purpose::ConfirmEmail).await;
        let code = issued.typed_code.unwrap();
        for _ in 0..one_time_code::MOST_TRIES {
            assert_eq!(typed(&app, Purpose::ConfirmEmail, alice, &wrong(&code)).await.unwrap(), None);
        }
        assert_eq!(typed(&app, Purpose::ConfirmEmail, alice, &code).await.unwrap(), None);
        assert!(by_link(&app, Purpose::ConfirmEmail, &issued.link_token).await.is_some());
    });
}

#[test]
fn b4_a_hundred_tries_at_once_on_two_replicas_are_five() {
    on_both_engines(async |app| {
        let other = app.replica(&|_| {}).await;
        let alice = app.user("alice").await.id;
        let code = issue(&app, alice, Purpose::ConfirmEmail).await.typed_code.unwrap();
        let guess = wrong(&code);
        let tries: Vec<_> = (0..100)
            .map(|number| {
                let (app, guess) = (if number % 2 == 0 { &app } else { &other }.clone(), guess.clone());
                tokio::spawn(async move { typed(&app, Purpose::ConfirmEmail, alice, &guess).await })
            })
            .collect();
        for result in tries {
            assert!(!matches!(result.await.unwrap(), Ok(Some(_))));
        }
        let row = one_time_code::Entity::find().one(app.doorward.database().reads()).await.unwrap().unwrap();
        assert_eq!(row.tries, one_time_code::MOST_TRIES);
        assert_eq!(typed(&app, Purpose::ConfirmEmail, alice, &code).await.unwrap(), None);
    });
}

#[test]
fn b4_a_link_opened_by_many_at_once_is_good_for_one() {
    on_both_engines(async |app| {
        let other = app.replica(&|_| {}).await;
        let alice = app.user("alice").await.id;
        let token = issue(&app, alice, Purpose::ConfirmEmail).await.link_token;
        let opened: Vec<_> = (0..20)
            .map(|number| {
                let (app, token) = (if number % 2 == 0 { &app } else { &other }.clone(), token.clone());
                tokio::spawn(async move { by_link(&app, Purpose::ConfirmEmail, &token).await })
            })
            .collect();
        let mut good = 0;
        for redeemed in opened {
            good += usize::from(redeemed.await.unwrap().is_some());
        }
        assert_eq!(good, 1);
    });
}
