//! `serve` goes on with the database that it was moved to.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use crate::{postgres::new_database, program::Folder, server::Serving};

const PASSWORD: &str = "wooden spoon under moonlight";

/// Signs in, asks and signs out again and again. Answers whatever was not answered with 200.
fn come_and_go(server: &Serving, rounds: &AtomicUsize, stop: &AtomicBool) -> Vec<String> {
    let mut failures = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let login = server.log_in("admin", PASSWORD);
        if login.status == 200 {
            let token = login.token();
            let headers = [("token", token.as_str())];
            for reply in [server.get("/me", &headers), server.get("/logout", &headers)] {
                if reply.status != 200 {
                    failures.push(format!("{reply:?}"));
                }
            }
        } else {
            failures.push(format!("{login:?}"));
        }
        rounds.fetch_add(1, Ordering::SeqCst);
    }
    failures
}

#[test]
fn i_nobody_notices_a_move_and_tokens_of_before_are_good_after_it() {
    let folder = Folder::new();
    let (first, second) = (format!("sqlite://{}", folder.path("first.db").display()), new_database());
    for (number, (from, to)) in [(&first, &second), (&second, &format!("{first}.back"))].into_iter().enumerate() {
        let named = ["--database", from, "--set", &format!("database_next={to}")].map(str::to_owned);
        let mut command = folder.program();
        command.env("DOORWARD_ADMIN_PASSWORD", PASSWORD).args(&named);
        command.args(["--set", "throttle.enabled=false", "--set", "password.argon2.memory_kib=8192"]);
        let server = Serving::begin(&folder, command, &format!("door{number}")).ready();
        let before = server.log_in("admin", PASSWORD).token();

        let (rounds, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let wait_for_rounds = |more: usize| {
            let wanted = rounds.load(Ordering::SeqCst) + more;
            while rounds.load(Ordering::SeqCst) < wanted {
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        let failures = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..4).map(|_| scope.spawn(|| come_and_go(&server, &rounds, &stop))).collect();
            wait_for_rounds(8);
            let run = folder.run_command(folder.program().args(&named).arg("move"), "");
            wait_for_rounds(12);
            stop.store(true, Ordering::SeqCst);
            assert_eq!(run.code, 0, "{}", run.err);
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(failures, [""; 0], "{}", server.log());
        assert!(server.log().contains("going on there"));
        assert_eq!(server.get("/me", &[("token", before.as_str())]).status, 200);
        assert_eq!(server.get("/logout", &[("token", before.as_str())]).status, 200);
        assert_eq!(server.get("/me", &[("token", before.as_str())]).status, 401);
        drop(server);
        let mut again = folder.program();
        again.args(&named);
        let again = Serving::begin(&folder, again, &format!("again{number}")).ready();
        assert_eq!(again.log_in("admin", PASSWORD).status, 200, "started anew as it was configured");
        drop(again);
        folder.done(&format!("--database {to} audit verify"));
    }
}

#[test]
fn without_a_next_database_a_server_answers_that_it_cannot_write() {
    let folder = Folder::new();
    let mut command = folder.program();
    command.env("DOORWARD_ADMIN_PASSWORD", PASSWORD);
    let server = Serving::begin(&folder, command, "door").ready();
    let token = server.log_in("admin", PASSWORD).token();
    folder.done(&format!("move --to sqlite://{}", folder.path("there.db").display()));
    assert_eq!(server.log_in("admin", PASSWORD).status, 503);
    assert_eq!(server.get("/me", &[("token", token.as_str())]).status, 200);
    folder.done("move --abandon --yes");
    assert_eq!(server.log_in("admin", PASSWORD).status, 200);
    assert_eq!(folder.run("move").code, 2);
}
