//! Mail from the outbox to a mail server, and to a folder.

use std::collections::HashSet;

use doorward_core::{
    Doorward, Error, Start, audit,
    event::EventKind,
    mail::{self, Mail, OutboxRow, Template, Which},
    settings::{Settings, SmtpTls},
};
use insta::assert_snapshot;
use sea_orm::EntityTrait as _;
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::{
    app::{BEGIN, Engine, TestApp},
    smtp::{MailServer, Manner, header, parts},
};

const DAY: i64 = 24 * 60 * 60;

/// Runs the test on both engines, with a mail server of its own.
fn with_server(manner: Manner, test: impl AsyncFn(TestApp, MailServer)) {
    configured_with_server(manner, |_| {}, test);
}

fn configured_with_server(manner: Manner, configure: impl Fn(&mut Settings), test: impl AsyncFn(TestApp, MailServer)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    insta::allow_duplicates! {
        for engine in [Engine::Sqlite, Engine::Postgres] {
            runtime.block_on(async {
                let server = MailServer::start(manner).await;
                let app = TestApp::start(engine, &|settings: &mut Settings| {
                    settings.mail.smtp_url = Some(server.url().into());
                    settings.public_url = Some("https://users.example.com".to_owned());
                    configure(settings);
                })
                .await;
                test(app, server).await;
            });
        }
    }
}

async fn enqueue(doorward: &Doorward, template: Template, language: &str, variables: Map<String, Value>) {
    let transaction = doorward.database().begin().await.unwrap();
    let recipient = "alice@example.com";
    let mail = Mail { user_id: None, recipient, template, language, variables };
    mail::enqueue_within(doorward, &transaction, mail, doorward.now()).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn enqueue_sample(app: &TestApp, template: Template, language: &str) {
    let variables = template.sample(language, "https://users.example.com");
    enqueue(&app.doorward, template, language, variables).await;
}

async fn deliver(app: &TestApp) -> u64 {
    mail::deliver_due(&app.doorward).await.unwrap()
}

async fn rows(app: &TestApp, which: Which) -> Vec<OutboxRow> {
    mail::list(app.doorward.database().reads(), which, 100).await.unwrap()
}

async fn events(app: &TestApp) -> Vec<String> {
    let events = audit::Entity::find().all(app.doorward.database().reads()).await.unwrap();
    events.into_iter().map(|event| event.kind).collect()
}

#[test]
fn a_mail_is_sent_and_its_content_is_gone() {
    with_server(Manner::Accepting, async |app, server| {
        enqueue_sample(&app, Template::Confirm, "en").await;
        let waiting = &rows(&app, Which::All).await[0];
        assert!(waiting.sealed.is_some());
        assert!(!String::from_utf8_lossy(waiting.sealed.as_ref().unwrap()).contains("https"));
        assert_eq!(deliver(&app).await, 1);

        let taken = server.taken();
        assert_eq!(taken.len(), 1);
        let head: Vec<_> = ["From", "To", "Subject", "Date", "Auto-Submitted", "MIME-Version"]
            .map(|name| format!("{name}: {}", header(&taken[0], name)))
            .to_vec();
        assert_snapshot!(head.join("\n"), @r#"
    From: Doorward <no-reply@users.example.com>
    To: alice@example.com
    Subject: Confirm your e-mail address
    Date: Sun, 15 Mar 2020 03:30:00 +0000
    Auto-Submitted: auto-generated
    MIME-Version: 1.0
    "#);
        assert_eq!(header(&taken[0], "Message-ID"), format!("<{}>", waiting.message_id));
        assert!(waiting.message_id.ends_with("@users.example.com"));
        let (text, html) = parts(&taken[0]);
        assert_snapshot!(text.trim_end(), @r#"
    Confirm that this address is yours, and your account at Doorward is ready.

    Confirm address:
    https://users.example.com/example#aJ3kQ9xW2mZ7pL5tR8vB4nC6

    Or enter this code within 30 minutes: 482915

    The link is good for 24 hours. If you did not ask for this, ignore this mail: nothing happens.

    -- 
    Doorward
    "#);
        assert!(
            html.contains(r#"<a class="button" href="https://users.example.com/example#aJ3kQ9xW2mZ7pL5tR8vB4nC6">"#)
        );

        let sent = &rows(&app, Which::All).await[0];
        assert_eq!((sent.sealed.clone(), sent.lease.clone(), sent.sent_at.is_some()), (None, None, true));
        assert_eq!(deliver(&app).await, 0);
        assert!(matches!(mail::retry(&app.doorward, sent.id).await, Err(Error::MailNotFound)));
    });
}

#[test]
fn two_replicas_send_fifty_mails_once_each() {
    with_server(Manner::Accepting, async |app, server| {
        let url = server.url();
        let other = app.replica(&|settings: &mut Settings| settings.mail.smtp_url = Some(url.as_str().into())).await;
        for _ in 0..50 {
            enqueue_sample(&app, Template::Test, "en").await;
        }
        let (one, two) = tokio::join!(deliver(&app), deliver(&other));
        assert_eq!(one + two, 50);
        let ids: HashSet<_> = server.taken().iter().map(|mail| header(mail, "Message-ID")).collect();
        assert_eq!((server.taken().len(), ids.len()), (50, 50));
        assert!(server.connections() <= 8, "connections are kept");
    });
}

#[test]
fn a_mail_that_is_being_sent_is_nobody_elses_until_the_lease_is_over() {
    with_server(Manner::Hanging, async |app, server| {
        enqueue_sample(&app, Template::Test, "en").await;
        let patient = |settings: &mut Settings| {
            settings.mail.smtp_url = Some(server.url().into());
            settings.mail.timeout_ms = 60_000;
        };
        let other = app.replica(&patient).await;
        let hanging = tokio::spawn(async move { mail::deliver_due(&other.doorward).await });
        // A client that is only connected would be served well once the server is well.
        while server.hanging() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(deliver(&app).await, 0);
        let row = &rows(&app, Which::All).await[0];
        assert!(matches!(mail::retry(&app.doorward, row.id).await, Err(Error::MailNotFound)));
        // The other replica is as good as dead.
        server.becomes(Manner::Accepting);
        app.clock.advance(121);
        assert_eq!(deliver(&app).await, 1);
        assert_eq!(server.taken().len(), 1);
        hanging.abort();
    });
}

#[test]
fn a_mail_that_is_refused_for_now_is_tried_again_later() {
    with_server(Manner::Refusing("451 4.7.1 greylisted"), async |app, server| {
        enqueue_sample(&app, Template::ResetPassword, "en").await;
        assert_eq!((deliver(&app).await, deliver(&app).await), (1, 0));
        let row = &rows(&app, Which::All).await[0];
        assert_snapshot!(row.last_error.clone().unwrap(), @r#"transient error (451): 4.7.1 greylisted"#);
        assert!(row.sealed.is_some());
        server.becomes(Manner::Accepting);
        app.clock.advance(29);
        assert_eq!(deliver(&app).await, 0);
        app.clock.advance(1);
        assert_eq!(deliver(&app).await, 1);
        assert_eq!(server.taken().len(), 1);
        assert_eq!(rows(&app, Which::All).await[0].last_error, None);
    });
}

#[test]
fn a_mail_is_given_up_after_its_time_and_that_is_told() {
    with_server(Manner::Refusing("451 4.3.0 later"), async |app, server| {
        enqueue_sample(&app, Template::ResetPassword, "en").await;
        let mut tried = 0;
        for _ in 0..200 {
            tried += deliver(&app).await;
            app.clock.advance(900);
        }
        assert_eq!(tried, 29, "the pauses grow to an hour");
        assert_eq!(events(&app).await, [EventKind::MailGivenUp.name()]);
        let failed = rows(&app, Which::Failed).await;
        assert_eq!((failed.len(), failed[0].attempts), (1, 29));

        server.becomes(Manner::Accepting);
        mail::retry(&app.doorward, failed[0].id).await.unwrap();
        assert_eq!(deliver(&app).await, 1);
        assert_eq!((server.taken().len(), rows(&app, Which::Failed).await.len()), (1, 0));
    });
}

#[test]
fn a_mail_that_is_refused_for_good_is_given_up_at_once() {
    with_server(Manner::Refusing("550 5.1.1 no such user"), async |app, server| {
        enqueue_sample(&app, Template::NewDevice, "en").await;
        assert_eq!(deliver(&app).await, 1);
        let failed = rows(&app, Which::Failed).await;
        assert_snapshot!(failed[0].last_error.clone().unwrap(), @r#"permanent error (550): 5.1.1 no such user"#);
        assert_eq!(events(&app).await, ["mail.given_up"]);
        app.clock.advance(DAY);
        assert_eq!((deliver(&app).await, server.taken().len()), (0, 0));
    });
}

#[test]
fn a_server_that_hangs_costs_one_attempt() {
    configured_with_server(
        Manner::Hanging,
        |settings| settings.mail.timeout_ms = 200,
        async |app, server| {
            enqueue_sample(&app, Template::Test, "en").await;
            assert_eq!(deliver(&app).await, 1);
            assert!(rows(&app, Which::All).await[0].sent_at.is_none());
            server.becomes(Manner::Accepting);
            app.clock.advance(30);
            deliver(&app).await;
            assert_eq!(server.taken().len(), 1);
        },
    );
}

#[test]
fn a_server_that_dies_before_it_says_yes_gets_the_same_mail_twice_at_most() {
    with_server(Manner::ClosingAfterData, async |app, server| {
        enqueue_sample(&app, Template::Test, "en").await;
        deliver(&app).await;
        server.becomes(Manner::Accepting);
        for _ in 0..5 {
            app.clock.advance(3_600);
            deliver(&app).await;
        }
        let taken = server.taken();
        assert_eq!(taken.len(), 2);
        for name in ["Message-ID", "Date", "Subject"] {
            assert_eq!(header(&taken[0], name), header(&taken[1], name));
        }
    });
}

#[test]
fn without_the_server_the_mail_waits() {
    let nowhere = |settings: &mut Settings| settings.mail.smtp_url = Some("smtp://127.0.0.1:1".into());
    configured_with_server(Manner::Accepting, nowhere, async |app, _| {
        enqueue_sample(&app, Template::Test, "en").await;
        assert_eq!(deliver(&app).await, 1);
        let row = &rows(&app, Which::All).await[0];
        assert!(row.last_error.is_some() && row.failed_at.is_none() && row.sealed.is_some());
    });
}

#[test]
fn nothing_is_said_in_the_clear_where_tls_is_required() {
    configured_with_server(
        Manner::Accepting,
        |settings| settings.mail.smtp_tls = SmtpTls::Required,
        async |app, server| {
            enqueue_sample(&app, Template::ResetPassword, "en").await;
            assert_eq!(deliver(&app).await, 1);
            assert_eq!(server.taken().len(), 0);
            assert!(rows(&app, Which::All).await[0].failed_at.is_none());
        },
    );
}

#[test]
fn a_mail_is_written_in_the_language_of_its_reader() {
    with_server(Manner::Accepting, async |app, server| {
        enqueue_sample(&app, Template::NewDevice, "zh-CN").await;
        deliver(&app).await;
        let (text, html) = parts(&server.taken()[0]);
        assert_snapshot!(text.trim_end(), @r#"
    有人从一台未曾使用过的设备登录了您在 Doorward 的账户：

      时间：2020-03-15 03:30 UTC
      设备：Firefox, Linux
      地址：203.0.113.7

    如果是您本人的操作，无需处理。

    如果不是，请立即更改密码，所有会话都会随之结束。

    -- 
    Doorward
    "#);
        assert!(html.contains(r#"<html lang="zh">"#) && html.contains("时间"));
        assert!(header(&server.taken()[0], "Subject").starts_with("=?utf-8?b?"));
    });
}

#[test]
fn what_people_call_themselves_is_neither_header_nor_html() {
    with_server(Manner::Accepting, async |app, server| {
        let mut variables = Template::Invitation.sample("en", "https://users.example.com");
        let name = "Eve</p><script>alert(1)</script>\r\nBcc: victim@example.com\r\n\r\n{{ link }}\u{202e}";
        variables.insert("inviter".to_owned(), name.into());
        enqueue(&app.doorward, Template::Invitation, "en", variables).await;
        deliver(&app).await;
        let taken = &server.taken()[0];
        assert_eq!(header(taken, "Bcc"), "");
        let (text, html) = parts(taken);
        assert!(text.contains("Eve</p><script>alert(1)</script>  Bcc: victim@example.com    {{ link }}  invites you"));
        assert!(html.contains("Eve&lt;/p&gt;&lt;script&gt;"), "{html}");
        assert!(!html.contains("<script"));
    });
}

#[test]
fn a_title_with_a_line_break_makes_no_header() {
    let title = |settings: &mut Settings| settings.api.title = "Users\r\nBcc: victim@example.com".to_owned();
    configured_with_server(Manner::Accepting, title, async |app, server| {
        enqueue_sample(&app, Template::Test, "en").await;
        deliver(&app).await;
        let taken = &server.taken()[0];
        assert_eq!(header(taken, "Bcc"), "");
        assert_eq!(header(taken, "Subject"), "A test mail from Users  Bcc: victim@example.com");
        assert_eq!(header(taken, "To"), "alice@example.com");
    });
}

#[test]
fn every_template_is_whole_in_every_language() {
    with_server(Manner::Accepting, async |app, server| {
        for template in Template::ALL {
            for language in mail::LANGUAGES {
                enqueue_sample(&app, *template, language).await;
            }
        }
        deliver(&app).await;
        assert_eq!(server.taken().len(), 2 * Template::ALL.len());
        for taken in server.taken() {
            let (text, html) = parts(&taken);
            assert!(!text.contains("{{") && !html.contains("{%"), "{text}");
            assert_eq!(text.contains("https://"), html.contains("https://"));
        }
    });
}

#[test]
fn a_mail_without_what_it_needs_is_refused_before_it_is_stored() {
    with_server(Manner::Accepting, async |app, _| {
        let transaction = app.doorward.database().begin().await.unwrap();
        let (recipient, template) = ("alice@example.com", Template::ResetPassword);
        let mail = Mail { user_id: None, recipient, template, language: "en", variables: Map::new() };
        let refused = mail::enqueue_within(&app.doorward, &transaction, mail, app.doorward.now()).await;
        assert!(matches!(refused, Err(Error::Internal(_))));
    });
}

#[test]
fn templates_of_ones_own_stand_in_the_place_of_doorwards() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("test.en.txt"), "Subject: Hello from {{ service }}\n\nOur own words.\n").unwrap();
    std::fs::write(folder.path().join("_logo.html"), "<b>Logo of {{ service }}</b>").unwrap();
    std::fs::write(folder.path().join("test.en.html"), r#"{% include "_logo.html" %}<p>Our own words.</p>"#).unwrap();
    let configure = |settings: &mut Settings| settings.mail.templates = Some(folder.path().to_owned());
    configured_with_server(Manner::Accepting, configure, async |app, server| {
        enqueue_sample(&app, Template::Test, "en").await;
        enqueue_sample(&app, Template::Test, "zh").await;
        deliver(&app).await;
        let taken = server.taken();
        let own = taken.iter().find(|mail| header(mail, "Subject") == "Hello from Doorward").unwrap();
        let (text, html) = parts(own);
        assert_eq!(text.trim_end(), "Our own words.");
        assert_eq!(html.trim_end(), "<b>Logo of Doorward</b><p>Our own words.</p>");
    });
}

#[test]
fn a_template_with_a_mistake_is_found_at_the_start() {
    with_server(Manner::Accepting, async |app, _| {
        for (name, source, part) in [
            ("test.en.txt", "Subject: {{ service", "test.en.txt"),
            ("test.en.txt", "Hello\n", "must be `Subject: …`"),
            ("test.en.html", "{{ no_such }}", "undefined"),
            ("test.en.html", "{% include 'nothing.html' %}", "nothing.html"),
            ("tset.en.html", "", "no mail has the template"),
        ] {
            let folder = TempDir::new().unwrap();
            std::fs::write(folder.path().join(name), source).unwrap();
            let mut settings = app.doorward.settings().clone();
            settings.mail.templates = Some(folder.path().to_owned());
            let Err(Error::Startup { what, .. }) = Doorward::start(Start::new(settings)).await else {
                panic!("{source} is taken");
            };
            assert!(what.contains(part), "{what}");
        }
    });
}

#[test]
fn without_a_server_mails_are_files_for_their_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let configure = |settings: &mut Settings| {
        settings.mail.smtp_url = None;
        settings.mail.folder = Some(folder.path().join("mail"));
    };
    configured_with_server(Manner::Accepting, configure, async |app, server| {
        enqueue_sample(&app, Template::Confirm, "en").await;
        assert_eq!(deliver(&app).await, 1);
        assert!(rows(&app, Which::All).await[0].sent_at.is_some());
        assert!(server.taken().is_empty());
        let file = folder.path().join("mail").join("20200315T033000Z-confirm-1.eml");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(folder.path().join("mail").metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let mail = std::fs::read_to_string(&file).unwrap().replace("\r\n", "\n");
        assert_eq!(header(&mail, "Subject"), "Confirm your e-mail address");
        std::fs::remove_file(file).unwrap();
        assert_eq!(app.doorward.now().unix(), BEGIN);
    });
}

#[test]
fn a_folder_that_can_not_be_written_loses_no_mail() {
    let folder = TempDir::new().unwrap();
    let blocked = folder.path().join("mail");
    let configure = |settings: &mut Settings| {
        settings.mail.smtp_url = None;
        settings.mail.folder = Some(blocked.clone());
    };
    configured_with_server(Manner::Accepting, configure, async |app, _| {
        std::fs::write(&blocked, "a file where the folder should be").unwrap();
        enqueue_sample(&app, Template::Test, "en").await;
        deliver(&app).await;
        assert!(rows(&app, Which::All).await[0].sent_at.is_none());
        std::fs::remove_file(&blocked).unwrap();
        app.clock.advance(30);
        deliver(&app).await;
        assert!(rows(&app, Which::All).await[0].sent_at.is_some());
        std::fs::remove_dir_all(&blocked).unwrap();
    });
}

#[test]
fn mails_that_are_over_are_forgotten_after_a_month() {
    with_server(Manner::Accepting, async |app, server| {
        enqueue_sample(&app, Template::Test, "en").await;
        deliver(&app).await;
        server.becomes(Manner::Refusing("550 no"));
        enqueue_sample(&app, Template::Test, "en").await;
        deliver(&app).await;
        app.clock.advance(29 * DAY);
        enqueue_sample(&app, Template::Test, "en").await;
        app.doorward.keep_house().await.unwrap();
        assert_eq!(rows(&app, Which::All).await.len(), 3);
        app.clock.advance(2 * DAY);
        app.doorward.keep_house().await.unwrap();
        assert_eq!(rows(&app, Which::All).await.len(), 1);
    });
}
