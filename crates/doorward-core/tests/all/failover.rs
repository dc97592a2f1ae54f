//! Several PostgreSQL hosts in one URL: the one that takes writes is used, at the start and afterwards.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use doorward_core::{
    Doorward, Error, Start,
    password::NewPassword,
    settings::{ConnectionUrl, Profile, Secret, Settings},
    user::{self, NewUser},
};
use sea_orm::{ConnectionTrait, Database};

/// A server under two names, of which the second is a standby: what is written there is refused.
struct Server {
    /// `USER:PASSWORD`.
    user: String,
    address: String,
    primary: String,
    standby: String,
}

impl Server {
    async fn new(test: &str) -> Self {
        let url =
            std::env::var("DOORWARD_TEST_POSTGRES").expect("run `cargo xtask test`, or see `cargo xtask postgres`");
        let name = |role: char| format!("failover_{test}_{}_{role}", std::process::id());
        let (primary, standby) = (name('p'), name('s'));
        let (_, rest) = url.split_once("://").unwrap();
        let (user, rest) = rest.rsplit_once('@').unwrap();
        let address = rest.split('/').next().unwrap();
        let server = Self { user: user.to_owned(), address: address.to_owned(), primary, standby };
        let connection = Database::connect(&url).await.unwrap();
        connection.execute_unprepared(&format!("CREATE DATABASE {}", server.primary)).await.unwrap();
        start(server.url(&[&server.address])).await.unwrap().close().await;
        for sql in [
            format!("CREATE DATABASE {} TEMPLATE {}", server.standby, server.primary),
            format!("ALTER DATABASE {} SET default_transaction_read_only = on", server.standby),
        ] {
            connection.execute_unprepared(&sql).await.unwrap();
        }
        connection.close().await.unwrap();
        server
    }

    fn url(&self, hosts: &[&str]) -> String {
        let hosts = hosts.join(",");
        format!("postgres://{}@{hosts}/{}?sslmode=disable&target_session_attrs=read-write", self.user, self.primary)
    }

    fn host(&self, role: Role) -> Host {
        Host::new(self, role)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Primary,
    Standby,
    /// Takes connections, and cuts them before a word is said.
    Down,
}

/// An address before the server: what is behind it can change, as with a machine that fails and comes
/// back as another's standby.
struct Host {
    address: String,
    role: Arc<Mutex<Role>>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Host {
    fn new(server: &Server, role: Role) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let host = Self { address, role: Arc::new(Mutex::new(role)), open: Arc::default() };
        let (role, open) = (Arc::clone(&host.role), Arc::clone(&host.open));
        let (behind, names) = (server.address.clone(), [server.primary.clone(), server.standby.clone()]);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let now = *role.lock().unwrap();
                if now == Role::Down {
                    continue;
                }
                let server = TcpStream::connect(&behind).unwrap();
                open.lock().unwrap().extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let names = (now == Role::Standby).then(|| names.clone());
                std::thread::spawn(move || forward(&mut from, &mut to, names));
                std::thread::spawn(move || forward(&mut { server }, &mut { client }, None));
            }
        });
        host
    }

    /// What is connected is cut, and what connects from now on finds the other.
    fn becomes(&self, role: Role) {
        *self.role.lock().unwrap() = role;
        for stream in self.open.lock().unwrap().drain(..) {
            // One that has ended already is no failure.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Copies on until one side ends. The first name, in the client's first message, is replaced by the
/// second, which is as long.
fn forward(from: &mut TcpStream, to: &mut TcpStream, mut names: Option<[String; 2]>) {
    let mut buffer = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let bytes = &mut buffer[..count];
        if let Some([asked, given]) = names.take() {
            let at = bytes.windows(asked.len()).position(|part| part == asked.as_bytes()).unwrap();
            bytes[at..at + given.len()].copy_from_slice(given.as_bytes());
        }
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

async fn start(url: String) -> Result<Doorward, Error> {
    let mut settings = Settings::for_profile(Profile::Testing);
    settings.database = ConnectionUrl::new(url);
    settings.keys.seal_key = Some(Secret::new("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="));
    settings.password.argon2.memory_kib = 64;
    settings.password.argon2.iterations = 1;
    settings.database_pool.acquire_timeout_ms = 2_000;
    Doorward::start(Start::new(settings)).await
}

async fn write(doorward: &Doorward, username: &str) -> Result<(), Error> {
    let new = NewUser {
        username,
        email: None,
        password: Some(NewPassword::new("a long pass phrase")),
        confirmed: true,
        roles: Vec::new(),
    };
    user::create(doorward, new).await.map(drop)
}

/// Writes until it succeeds; every failure on the way must say that a later try can succeed.
async fn writes_again(doorward: &Doorward, name: &str) {
    let again = async {
        for number in 0.. {
            match write(doorward, &format!("{name}{number}")).await {
                Ok(()) => return,
                Err(error) => assert!(matches!(error, Error::Unavailable(_)), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.expect("the writable host is never found");
}

fn nobody_listens() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[tokio::test]
async fn i_the_first_host_that_takes_writes_is_used() {
    let server = Server::new("first").await;
    let (dead, down, standby) = (nobody_listens(), server.host(Role::Down), server.host(Role::Standby));
    let primary = server.host(Role::Primary);
    let doorward = start(server.url(&[&dead, &down.address, &standby.address, &primary.address])).await.unwrap();
    write(&doorward, "alice").await.unwrap();
    assert!(doorward.database().location().contains(&format!("{dead},{}", down.address)));
    doorward.close().await;

    let error = start(server.url(&[&dead, &standby.address])).await.unwrap_err();
    let Error::Startup { what, way_out } = error else { panic!("{error}") };
    assert!(what.contains(&format!("{dead},{}", standby.address)) && what.contains("takes no writes"), "{what}");
    assert!(way_out.contains("`database`"), "{way_out}");
}

#[tokio::test]
async fn i_when_the_primary_is_gone_the_next_host_that_takes_writes_is_followed() {
    let server = Server::new("gone").await;
    let (one, other) = (server.host(Role::Primary), server.host(Role::Standby));
    let doorward = start(server.url(&[&one.address, &other.address])).await.unwrap();
    write(&doorward, "alice").await.unwrap();

    one.becomes(Role::Down);
    assert!(matches!(write(&doorward, "bob").await, Err(Error::Unavailable(_))));
    other.becomes(Role::Primary);
    writes_again(&doorward, "carol").await;
    assert!(user::find_for_login(doorward.database().reads(), "alice").await.unwrap().is_some());

    // And back.
    one.becomes(Role::Primary);
    other.becomes(Role::Down);
    writes_again(&doorward, "dora").await;
    doorward.close().await;
}

#[tokio::test]
async fn i_no_write_goes_to_a_former_primary_that_came_back_as_a_standby() {
    let server = Server::new("demoted").await;
    let (one, other) = (server.host(Role::Primary), server.host(Role::Standby));
    let doorward = start(server.url(&[&one.address, &other.address])).await.unwrap();
    write(&doorward, "alice").await.unwrap();

    one.becomes(Role::Standby);
    // Connections that the pool makes now lead to a host that answers and takes no writes.
    let tries = (0..8).map(|number| {
        let doorward = doorward.clone();
        tokio::spawn(async move { write(&doorward, &format!("early{number}")).await })
    });
    for refused in tries.collect::<Vec<_>>() {
        assert!(matches!(refused.await.unwrap(), Err(Error::Unavailable(_))));
    }
    other.becomes(Role::Primary);
    writes_again(&doorward, "bob").await;
    // None of them is kept.
    let tries = (0..8).map(|number| {
        let doorward = doorward.clone();
        tokio::spawn(async move { write(&doorward, &format!("late{number}")).await })
    });
    for written in tries.collect::<Vec<_>>() {
        written.await.unwrap().unwrap();
    }
    doorward.close().await;
}
