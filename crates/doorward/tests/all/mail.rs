//! `doorward mail`

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    thread,
};

use crate::program::Folder;

/// A mail server for one mail, which it answers with `answer`.
fn mail_server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        stream.write_all(b"220 mail.test ESMTP\r\n").unwrap();
        while let Some(Ok(line)) = lines.next() {
            let reply = match line.split([' ', ':']).next().unwrap() {
                "EHLO" => "250 mail.test",
                "RCPT" if answer.starts_with('5') => answer,
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").unwrap();
                    lines.by_ref().map_while(Result::ok).find(|line| line == ".");
                    answer
                }
                _ => "250 ok",
            };
            if stream.write_all(format!("{reply}\r\n").as_bytes()).is_err() {
                return;
            }
        }
    });
    format!("smtp://{address}")
}

#[test]
fn a_test_mail_tells_what_the_mail_server_said() {
    let folder = Folder::new();
    let taking = mail_server("250 2.0.0 queued as 4F2A1C");
    let said = folder.done(&format!("mail test you@example.com --set mail.smtp_url={taking}"));
    assert_eq!(said, "127.0.0.1 took it: 2.0.0 queued as 4F2A1C\n");
    let taking = mail_server("250 2.0.0 queued as 4F2A1C");
    let said = folder.run(&format!("--json mail test you@example.com --set mail.smtp_url={taking}")).answer();
    assert_eq!(said["answer"], "2.0.0 queued as 4F2A1C");

    let refusing = mail_server("550 5.1.1 no such user");
    let run = folder.run(&format!("mail test you@example.com --set mail.smtp_url={refusing}"));
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    assert!(run.err.contains("550") && run.err.contains("5.1.1 no such user"), "{}", run.err);
    assert_eq!(folder.files(), Vec::<String>::new(), "no database is needed");
}

#[test]
fn without_a_mail_server_a_test_mail_is_a_file() {
    let folder = Folder::new();
    let said = folder.done("mail test you@example.com --language zh --set mail.folder=outgoing");
    assert!(said.starts_with("Written to outgoing/"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path("outgoing")).unwrap().count(), 1);
}

#[test]
fn a_mail_can_be_looked_at_before_anybody_gets_it() {
    let folder = Folder::new();
    let whole = folder.done("mail preview reset_password");
    assert!(whole.starts_with("Subject: Choose another password\n\nSomebody"), "{whole}");
    let text = folder.done("mail preview reset_password --text --language zh");
    assert!(text.contains("/example#") && text.contains("密码"), "{text}");
    let html = folder.done("mail preview reset_password --html --set api.title=A&B");
    assert!(html.starts_with("<!doctype html>") && html.contains("A&amp;B"), "{html}");
    assert_eq!(folder.run("--json mail preview test").answer()["subject"], "A test mail from Doorward");
    let run = folder.run("mail preview nothing");
    assert_eq!(run.code, 2);
    assert!(run.err.contains("reset_password"), "{}", run.err);
}

#[test]
fn an_operator_lists_mails_and_tries_them_again() {
    let folder = Folder::new();
    folder.done("user create alice --no-password");
    assert_eq!(folder.run("--json mail list --failed").answer()["mails"].as_array().unwrap().len(), 0);
    assert!(folder.done("mail list").starts_with("ID  STATE  MAIL"));
    let run = folder.run("--json mail retry 7");
    assert_eq!((run.code, run.error()["error"].as_str().unwrap()), (4, "mail_not_found"));
}
