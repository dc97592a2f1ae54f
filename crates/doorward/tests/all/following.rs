//! A guard in another service follows real servers: one that dies and comes again, and a replica that another takes over from.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use doorward_guard::{Denied, ServiceGuard};
use rustix::process::Signal;
use serde_json::Value;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, UnixStream},
    sync::watch,
};

use crate::{postgres::new_database, program::Folder, server::Serving};

const PASSWORD: &str = "a long pass phrase";

/// Leads from one address to whichever server it is turned to, as a load balancer does.
struct Switch {
    address: SocketAddr,
    socket: Arc<Mutex<PathBuf>>,
    turned: watch::Sender<()>,
}

impl Switch {
    async fn to(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let socket = Arc::new(Mutex::new(socket));
        let turned = watch::Sender::new(());
        let (target, turns) = (Arc::clone(&socket), turned.clone());
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let path = target.lock().unwrap().clone();
                let mut turned = turns.subscribe();
                tokio::spawn(async move {
                    let Ok(mut server) = UnixStream::connect(path).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        _ = turned.changed() => {}
                    }
                });
            }
        });
        Self { address, socket, turned }
    }

    /// Also those who are connected are cut off.
    fn turn_to(&self, socket: PathBuf) {
        *self.socket.lock().unwrap() = socket;
        self.turned.send_replace(());
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A user to sign in as, and the key of a service that follows.
fn prepared(folder: &Folder, database: &str) -> String {
    let at = |line: &str| format!("--database {database} {line}");
    let made = folder.run_with_input(&at("user create susan --password-stdin"), PASSWORD);
    assert_eq!((made.code, made.err.as_str()), (0, ""));
    let made = folder.run(&at("--json service create shop --scope revocations")).answer();
    made["api_key"]["key"].as_str().unwrap().to_owned()
}

fn serve(folder: &Folder, database: &str, socket: &str) -> Serving {
    let mut command = folder.program();
    command.args(["--database", database]);
    Serving::begin(folder, command, socket).ready()
}

fn sign_in(server: &Serving) -> String {
    server.log_in("susan", PASSWORD).token()
}

fn log_out(server: &Serving, token: &str) {
    let answer = server.get("/logout", &[("token", token)]);
    assert_eq!(answer.json()["message"], Value::from("You have been logged out."), "{answer:?}");
}

/// Asks the guard until it says so.
async fn comes_to_say(guard: &ServiceGuard, token: &str, expected: Result<(), Denied>) {
    let mut said = guard.verify(token).await.map(drop);
    // 10 s: the feed of a replica that starts, and the pauses of a guard that lost its server.
    for _ in 0..1_000 {
        if said == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        said = guard.verify(token).await.map(drop);
    }
    panic!("the guard says {said:?}, not {expected:?}: {:?}", guard.status());
}

fn on_a_runtime(test: impl AsyncFnOnce()) {
    // The servers are asked by blocking calls beside what follows them.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test());
}

#[test]
fn a_guard_follows_a_server_that_is_killed_and_comes_again() {
    for database in ["sqlite://doorward.db".to_owned(), new_database()] {
        on_a_runtime(async || {
            let folder = Folder::new();
            let server = serve(&folder, &database, "door");
            let key = prepared(&folder, &database);
            let switch = Switch::to(folder.path("door")).await;
            let guard = ServiceGuard::builder(switch.url(), &key).start().unwrap();
            guard.ready().await;

            let (ended, kept, ended_after) = (sign_in(&server), sign_in(&server), sign_in(&server));
            for token in [&ended, &kept, &ended_after] {
                comes_to_say(&guard, token, Ok(())).await;
            }
            log_out(&server, &ended);
            comes_to_say(&guard, &ended, Err(Denied::Revoked)).await;

            server.signal(Signal::KILL);
            drop(server);
            assert_eq!(guard.verify(&kept).await.map(drop), Ok(()), "it goes on without a server for a while");
            assert_eq!(guard.verify(&ended).await.map(drop), Err(Denied::Revoked));

            let server = serve(&folder, &database, "door");
            log_out(&server, &ended_after);
            comes_to_say(&guard, &ended_after, Err(Denied::Revoked)).await;
            assert_eq!(guard.verify(&ended).await.map(drop), Err(Denied::Revoked));
            assert_eq!(guard.verify(&kept).await.map(drop), Ok(()));
            // What the server signs with was not lost.
            comes_to_say(&guard, &sign_in(&server), Ok(())).await;
        });
    }
}

#[test]
fn a_guard_follows_another_replica_when_its_own_is_gone() {
    let database = new_database();
    on_a_runtime(async || {
        let folder = Folder::new();
        let (one, other) = (serve(&folder, &database, "one"), serve(&folder, &database, "other"));
        let key = prepared(&folder, &database);
        let switch = Switch::to(folder.path("one")).await;
        let guard = ServiceGuard::builder(switch.url(), &key).start().unwrap();
        guard.ready().await;

        let tokens: Vec<_> = (0..3).map(|_| sign_in(&one)).collect();
        for token in &tokens {
            comes_to_say(&guard, token, Ok(())).await;
        }
        // Ended at the replica that the guard does not ask.
        log_out(&other, &tokens[0]);
        comes_to_say(&guard, &tokens[0], Err(Denied::Revoked)).await;

        one.signal(Signal::KILL);
        drop(one);
        log_out(&other, &tokens[1]);
        switch.turn_to(folder.path("other"));
        comes_to_say(&guard, &tokens[1], Err(Denied::Revoked)).await;
        log_out(&other, &tokens[2]);
        comes_to_say(&guard, &tokens[2], Err(Denied::Revoked)).await;
        assert!(!guard.status().stale);
    });
}

#[test]
fn a_server_that_stops_lets_go_of_those_who_follow_it() {
    on_a_runtime(async || {
        let folder = Folder::new();
        let key = prepared(&folder, "sqlite://doorward.db");
        let mut server = serve(&folder, "sqlite://doorward.db", "door");
        let switch = Switch::to(folder.path("door")).await;
        let guard = ServiceGuard::builder(switch.url(), &key).start().unwrap();
        guard.ready().await;
        let waits = || server.get("/metrics", &[]).body.lines().any(|line| line == "doorward_followers 1");
        assert!(crate::server::soon(waits), "the guard waits for news");

        assert_eq!(server.stop(), Some(0));
        assert!(!server.log().contains("connections cut"), "{}", server.log());
    });
}
