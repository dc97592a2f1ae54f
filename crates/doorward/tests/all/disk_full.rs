//! A disk that is full: writes are refused for the moment, everything else goes on, and nothing needs
//! a hand afterwards.

use std::{fs, path::Path};

use rustix::process::{Resource, Rlimit, Signal, prlimit};
use sea_orm::{ConnectionTrait as _, Statement};
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

#[test]
fn i_at_a_limit_of_file_size_writes_get_503_and_resume_by_themselves() {
    let folder = Folder::new();
    // The signal would end the process before it hears of the failed write.
    let mut command = folder.program_under(r#"trap "" XFSZ; exec "$0" "$@""#);
    let server = Serving::begin(
        &folder,
        {
            command.envs(SETTINGS);
            command
        },
        "door",
    )
    .ready();
    let before = std::cell::Cell::new(None);
    let limit = |new: Rlimit| prlimit(Some(server.pid()), Resource::Fsize, new).unwrap();
    let fill = || {
        let now = fs::metadata(folder.path("doorward.db-wal")).unwrap().len();
        let maximum = rustix::process::getrlimit(Resource::Fsize).maximum;
        before.set(Some(limit(Rlimit { current: Some(now), maximum })));
    };
    let free = || {
        limit(before.take().unwrap());
    };
    writes_stop_and_resume(&server, &folder.path(""), fill, free);
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
