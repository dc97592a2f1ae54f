//! A disk that is full: writes are refused for the moment, everything else goes on, and nothing needs
//! a hand afterwards.

use std::{fs, path::Path};

use rustix::process::{Resource, Rlimit, Signal, prlimit};
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    program::Folder,
    server::{Reply, Serving},
};

const PASSWORD: &str = "a long pass phrase";

/// Cheap hashes: here many logins must write, not wait.
const SETTINGS: [(&str, &str); 5] = [
    ("DOORWARD_ADMIN_PASSWORD", PASSWORD),
    ("DOORWARD_PASSWORD__ARGON2__MEMORY_KIB", "64"),
    ("DOORWARD_PASSWORD__ARGON2__ITERATIONS", "1"),
    ("DOORWARD_LOGIN__FAILURE_TIME_MS", "0"),
    ("DOORWARD_SESSION__MAX_PER_USER", "100000"),
];

fn bearer(token: &str) -> [(&str, String); 1] {
    [("authorization", format!("Bearer {token}"))]
}

fn me(server: &Serving, token: &str) -> Reply {
    let [(name, value)] = bearer(token);
    server.get("/me", &[(name, &value)])
}

/// Logs in until the disk is full; `files` says where the database is, as this process sees it.
fn writes_stop_and_resume(server: &Serving, files: &Path, fill: impl FnOnce(), free: impl FnOnce()) {
    let known = server.log_in("admin", PASSWORD).token();
    let unseen = server.log_in("admin", PASSWORD).token();
    assert_eq!(me(server, &known).status, 200);

    fill();
    // The log's file may have room within that is written anew, now and then.
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    while refused < 20 {
        let reply = server.log_in("admin", PASSWORD);
        if reply.status == 200 {
            acknowledged.push(reply.token());
            assert!(acknowledged.len() < 5_000, "the disk is never full");
            continue;
        }
        refused += 1;
        let refused = reply;
        assert_eq!(refused.error(), "503 unavailable", "{refused:?}\n{}", server.log());
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert_eq!(refused.header("content-type"), Some("application/json"));
        assert_eq!(refused.json()["code"], 503);
        assert!(refused.json()["data"].is_null());
        assert!(!refused.body.contains("disk") && !refused.body.contains("database or"), "{}", refused.body);
    }
    for token in [&known, &unseen] {
        assert_eq!(me(server, token).status, 200, "guarded requests go on");
    }
    // Acknowledged only if it was written.
    let logout = server.get("/logout", &[("token", &unseen)]).status;
    assert_eq!((logout, me(server, &unseen).status), if logout == 200 { (200, 401) } else { (503, 200) });
    // A guess that can't be counted is none that is judged.
    assert_eq!(server.log_in("admin", "wrong").error(), "503 unavailable");
    assert_eq!(server.get("/healthz", &[]).status, 200);

    free();
    let again = server.log_in("admin", PASSWORD);
    assert_eq!(again.status, 200, "{again:?}\n{}", server.log());
    acknowledged.push(again.token());
    for token in &acknowledged {
        assert_eq!(me(server, token).status, 200);
    }
    assert_eq!(server.get("/logout", &[("token", &known)]).status, 200);
    assert_eq!(me(server, &known).error(), "401 token_revoked");
    assert!(!server.log().contains("panicked"));

    server.signal(Signal::STOP);
    let copy = TempDir::new().unwrap();
    for name in ["doorward.db", "doorward.db-wal"] {
        fs::copy(files.join(name), copy.path().join(name)).unwrap();
    }
    server.signal(Signal::CONT);
    let (integrity, sessions) = look_into(&copy.path().join("doorward.db"));
    assert_eq!(integrity, "ok");
    let known_and_unseen = 2;
    assert_eq!(
        sessions,
        known_and_unseen + i64::try_from(acknowledged.len()).unwrap(),
        "sessions that were acknowledged"
    );
}

fn look_into(database: &Path) -> (String, i64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let connection = sea_orm::Database::connect(format!("sqlite://{}", database.display())).await.unwrap();
        let one = async |sql: &str| {
            let statement = Statement::from_string(connection.get_database_backend(), sql);
            connection.query_one_raw(statement).await.unwrap().unwrap()
        };
        let integrity = one("PRAGMA integrity_check").await.try_get_by_index(0).unwrap();
        let sessions = one("SELECT count(*) FROM sessions").await.try_get_by_index(0).unwrap();
        connection.close().await.unwrap();
        (integrity, sessions)
    })
}

/// A server whose files can be kept from growing.
fn serve_where_files_can_be_limited(folder: &Folder, further_settings: &[(&str, &str)]) -> Serving {
    // The signal would end the process before it hears of the failed write.
    let mut command = folder.program_under(r#"trap "" XFSZ; exec "$0" "$@""#);
    command.envs(SETTINGS).envs(further_settings.iter().copied());
    Serving::begin(folder, command, "door").ready()
}

fn limit_file_size(server: &Serving, new: Rlimit) -> Rlimit {
    prlimit(Some(server.pid()), Resource::Fsize, new).unwrap()
}

/// Lets no file of the server's grow beyond the database's log as it is. Answers the limit before.
fn let_nothing_grow(server: &Serving, folder: &Folder) -> Rlimit {
    let now = fs::metadata(folder.path("doorward.db-wal")).unwrap().len();
    let maximum = rustix::process::getrlimit(Resource::Fsize).maximum;
    limit_file_size(server, Rlimit { current: Some(now), maximum })
}

#[test]
fn i_at_a_limit_of_file_size_writes_get_503_and_resume_by_themselves() {
    let folder = Folder::new();
    let server = serve_where_files_can_be_limited(&folder, &[]);
    let before = std::cell::Cell::new(None);
    let fill = || before.set(Some(let_nothing_grow(&server, &folder)));
    let free = || {
        limit_file_size(&server, before.take().unwrap());
    };
    writes_stop_and_resume(&server, &folder.path(""), fill, free);
}

/// Method, path, token and body.
type Request = (&'static str, String, String, Value);

/// What a door was asked, and how it is counted afterwards.
struct Door {
    /// For the knock of this number.
    request: Box<dyn Fn(usize) -> Request>,
    /// Queries that each count what every success leaves.
    traces: &'static [&'static str],
}

fn knock(server: &Serving, door: &Door, number: usize) -> Reply {
    let (method, path, token, body) = (door.request)(number);
    let token = ("token", token.as_str());
    let json = ("content-type", "application/json");
    let headers = if token.1.is_empty() { &[json][..] } else { &[json, token] };
    server.send(method, &path, headers, &body.to_string())
}

fn new_user(name: &str, number: usize) -> Value {
    json!({"username": format!("{name}{number}"), "email": format!("{name}{number}@example.com"),
        "password": "seven quiet lanterns drifting"})
}

/// The doors behind which an account lives; each user asks once.
fn doors(root: &str, tokens: &[String]) -> Vec<Door> {
    let (root, tokens) = (root.to_owned(), tokens.to_vec());
    vec![
        Door {
            request: Box::new(|number| ("POST", "/register".into(), String::new(), new_user("late", number))),
            traces: &[
                "users WHERE username LIKE 'late%'",
                "mail_outbox WHERE recipient LIKE 'late%'",
                "one_time_codes JOIN users ON users.id = user_id WHERE username LIKE 'late%'",
                "audit_events JOIN users ON users.id = user_id WHERE username LIKE 'late%' AND kind = 'user.registered'",
            ],
        },
        Door {
            request: Box::new(|number| {
                ("POST", "/password/forgot".into(), String::new(), json!({"username": format!("early{number}")}))
            }),
            traces: &[
                "mail_outbox WHERE template = 'reset_password'",
                "one_time_codes WHERE purpose = 'reset_password'",
                "audit_events WHERE kind = 'password.reset_requested'",
            ],
        },
        Door {
            request: Box::new({
                let tokens = tokens.clone();
                move |number| {
                    let body = json!({"email": format!("other{number}@example.com")});
                    ("POST", "/me/email".into(), tokens[number].clone(), body)
                }
            }),
            traces: &[
                "mail_outbox WHERE recipient LIKE 'other%'",
                "one_time_codes WHERE purpose = 'change_email'",
                "audit_events WHERE kind = 'email.change_requested'",
            ],
        },
        Door {
            request: Box::new({
                let root = root.clone();
                move |number| {
                    let body = json!({"email": format!("invited{number}@example.com"), "role": "admin"});
                    ("POST", "/invitations".into(), root.clone(), body)
                }
            }),
            traces: &[
                "mail_outbox WHERE recipient LIKE 'invited%'",
                "invitations",
                "audit_events WHERE kind = 'invitation.created'",
            ],
        },
        Door {
            request: Box::new(move |number| {
                ("POST", "/me/api-keys".into(), tokens[number].clone(), json!({"name": "ci", "scopes": ["read"]}))
            }),
            traces: &["api_keys", "audit_events WHERE kind = 'api_key.created'"],
        },
        Door {
            request: Box::new(move |number| {
                let body = json!({"name": format!("late{number}"), "permissions": ["articles:read"]});
                ("POST", "/roles".into(), root.clone(), body)
            }),
            traces: &["roles WHERE name LIKE 'late%'", "role_permissions", "audit_events WHERE kind = 'role.created'"],
        },
    ]
}

#[test]
fn i_on_a_full_disk_no_door_does_half_of_what_it_is_asked() {
    const MOST: usize = 60;
    let folder = Folder::new();
    // One client asks for all of it.
    let mut server = serve_where_files_can_be_limited(&folder, &[("DOORWARD_THROTTLE__ENABLED", "false")]);
    let root = server.log_in("admin", PASSWORD).token();
    let tokens: Vec<_> = (0..=MOST)
        .map(|number| {
            assert_eq!(server.post("/register", &new_user("early", number)).status, 200);
            server.log_in(&format!("early{number}"), "seven quiet lanterns drifting").token()
        })
        .collect();
    let database = format!("sqlite://{}", folder.path("doorward.db").display());
    crate::postgres::sql(&database, "UPDATE users SET email = username || '@example.com' WHERE username LIKE 'early%'");

    let doors = doors(&root, &tokens);
    let mut opened = vec![0; doors.len()];
    let mut number = 0;
    // From an empty log, each has room for other parts of a transaction.
    for room in [0, 20_000, 50_000, 100_000] {
        crate::postgres::sql(&database, "PRAGMA wal_checkpoint(TRUNCATE)");
        let maximum = rustix::process::getrlimit(Resource::Fsize).maximum;
        let before = limit_file_size(&server, Rlimit { current: Some(room), maximum });
        let mut refused = vec![0; doors.len()];
        while refused.iter().any(|refused| *refused < 3) {
            assert!(number < MOST, "with {room} bytes: opened {opened:?}, refused {refused:?}");
            for (at, door) in doors.iter().enumerate() {
                let reply = knock(&server, door, number);
                if (200..300).contains(&reply.status) {
                    opened[at] += 1;
                    continue;
                }
                assert_eq!(reply.error(), "503 unavailable", "{reply:?}\n{}", server.log());
                assert_eq!(reply.header("retry-after"), Some("1"), "{reply:?}");
                refused[at] += 1;
            }
            number += 1;
        }
        limit_file_size(&server, before);
    }
    for (at, door) in doors.iter().enumerate() {
        let reply = knock(&server, door, number);
        assert!((200..300).contains(&reply.status), "{reply:?}\n{}", server.log());
        opened[at] += 1;
    }
    assert!(!server.log().contains("panicked"));
    assert_eq!(server.stop(), Some(0));
    for (door, opened) in doors.iter().zip(opened) {
        for trace in door.traces {
            let count = crate::postgres::lines(&database, &format!("SELECT CAST(count(*) AS TEXT) FROM {trace}"));
            assert_eq!(count, [opened.to_string()], "{trace}");
        }
    }
    assert_eq!(crate::postgres::lines(&database, "PRAGMA integrity_check"), ["ok"]);
    folder.done("audit verify");
}

#[test]
fn i_on_a_full_disk_writes_get_503_and_resume_by_themselves() {
    let folder = Folder::new();
    fs::create_dir(folder.path("disk")).unwrap();
    // A file system of the server's own, which goes away with it.
    let mount = r#"mount -t tmpfs -o size=2m,mode=0700 doorward disk && exec "$0" "$@""#;
    let script = format!("exec unshare --user --map-root-user --mount sh -c '{mount}' \"$0\" \"$@\"");
    let tried = folder.run_command(folder.program_under(&script).arg("--version"), "");
    if tried.code != 0 {
        eprintln!("NOT TESTED: no file system can be mounted here: {}", tried.err.trim());
        return;
    }
    let mut command = folder.program_under(&script);
    command.envs(SETTINGS).args(["--database", "sqlite://disk/doorward.db"]);
    let server = Serving::begin(&folder, command, "door").ready();
    let seen = format!("/proc/{}/root{}", server.pid().as_raw_nonzero(), folder.path("disk").display());
    let files = Path::new(&seen);
    let filler = files.join("filler");
    let fill = || {
        use std::io::Write as _;
        let mut file = fs::File::create(&filler).unwrap();
        let full = std::iter::repeat_with(|| file.write_all(&[0; 4096])).find_map(Result::err).unwrap();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    };
    writes_stop_and_resume(&server, files, fill, || fs::remove_file(&filler).unwrap());
}
