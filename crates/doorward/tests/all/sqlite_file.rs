//! The embedded database's file in every state in which somebody can leave it. Each is named with the
//! way out, nothing is repaired in silence, and no empty database takes the place of a lost one.

use std::{fs, path::Path, process::Command};

use crate::program::{Folder, Run};

/// A folder with a database that holds a user.
fn with_a_user() -> Folder {
    let folder = Folder::new();
    folder.done("user create alice --no-password --role admin");
    folder
}

/// Every name in the folder with its content, but for the files that SQLite keeps beside its own.
fn content(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let files = folder.files().into_iter().filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    files.map(|name| (name.clone(), fs::read(folder.path(&name)).unwrap_or_default())).collect()
}

/// Runs `serve` so that it ends even where it finds nothing wrong: its address is taken.
fn serve(folder: &Folder, taken: &std::net::TcpListener) -> Run {
    folder.run(&format!("--json serve --listen {}", taken.local_addr().unwrap()))
}

type Damage<'a> = &'a dyn Fn(&Path);

#[test]
fn i_a_damaged_database_is_named_with_the_way_out_and_left_as_it_is() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let half = |path: &Path| {
        let whole = fs::read(path).unwrap();
        fs::write(path, &whole[..whole.len() / 2]).unwrap();
    };
    let holed = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        bytes[4096..].fill(0xff);
        fs::write(path, bytes).unwrap();
    };
    let folder_instead = |path: &Path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    };
    let cases: [(&str, Damage<'_>, &str, &str); 8] = [
        (
            "another text",
            &|path| fs::write(path, "Dear diary,\n".repeat(1_000)).unwrap(),
            "is no SQLite database",
            "backup",
        ),
        ("cut in half", &half, "is damaged", "doorward restore"),
        (
            "cut in its header",
            &|path| fs::write(path, &fs::read(path).unwrap()[..50]).unwrap(),
            "is damaged",
            "doorward restore",
        ),
        (
            "cut after its header",
            &|path| fs::write(path, &fs::read(path).unwrap()[..200]).unwrap(),
            "is damaged",
            "doorward restore",
        ),
        ("its pages overwritten", &holed, "is damaged", "doorward restore"),
        ("no byte left", &|path| fs::write(path, "").unwrap(), "is empty", "backup"),
        ("a folder", &folder_instead, "is a folder", "name a file"),
        ("gone", &|path| fs::remove_file(path).unwrap(), "is missing, though Doorward has run here before", "put"),
    ];
    for (state, damage, says, way_out) in cases {
        let folder = with_a_user();
        damage(&folder.path("doorward.db"));
        let before = content(&folder);
        let served = serve(&folder, &taken);
        let mut runs = vec![("serve", served)];
        for line in ["user list", "user create bob --no-password", "migrate up", "backup copy.db"] {
            runs.push((line, folder.run(&format!("--json {line}"))));
        }
        for (line, run) in runs {
            let error = run.error();
            let message = error["message"].as_str().unwrap();
            assert!(message.contains("doorward.db") && message.contains(says), "{state}: {line}: {message}");
            let told = error["way_out"].as_str().unwrap_or_else(|| panic!("{state}: {line}: no way out: {error}"));
            assert!(told.contains(way_out), "{state}: {line}: {told}");
            assert_eq!(run.code, 6, "{state}: {line}");
            assert_eq!(run.out, "", "{state}: {line}");
        }
        let doctor = folder.run("doctor");
        assert_eq!(doctor.code, 7, "{state}");
        assert!((doctor.out + &doctor.err).contains(says), "{state}");
        assert!(content(&folder) == before, "{state}: something was written: {:?}", folder.files());
    }
}

#[test]
fn i_a_database_that_another_process_holds_is_named() {
    let folder = with_a_user();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sea_orm::ConnectionTrait as _;
        let url = format!("sqlite://{}", folder.path("doorward.db").display());
        let holder = sea_orm::Database::connect(sea_orm::ConnectOptions::new(url).max_connections(1).to_owned());
        let holder = holder.await.unwrap();
        holder
            .execute_unprepared("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE users SET name = 'x'")
            .await
            .unwrap();
        let wait = "--set database_pool.acquire_timeout_ms=200";
        let listen = taken.local_addr().unwrap();
        for line in [format!("serve --listen {listen}"), "user list".into(), "user create bob --no-password".into()] {
            let run = folder.run(&format!("--json {wait} {line}"));
            let error = run.error();
            assert!(
                error["message"].as_str().unwrap().contains("doorward.db is locked by another process"),
                "{line}: {error}"
            );
            assert!(error["way_out"].as_str().unwrap().contains("end the process"), "{line}: {error}");
            assert_eq!(run.code, 6, "{line}");
        }
        holder.execute_unprepared("ROLLBACK").await.unwrap();
        holder.close().await.unwrap();
    });
    assert!(folder.done("user list").contains("alice"));
}

/// `command` as a user whom file modes bind; `None` where root can't become one.
fn bound_by_modes(folder: &Folder) -> Option<Command> {
    if !rustix::process::geteuid().is_root() {
        return Some(folder.program());
    }
    let nobody = r#"exec setpriv --reuid=65534 --regid=65534 --clear-groups "$0" "$@""#;
    let known = folder.run_command(folder.program_under(nobody).arg("--version"), "");
    (known.code == 0).then(|| folder.program_under(nobody))
}

#[test]
fn i_a_read_only_database_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = with_a_user();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let chmod = |name: &str, mode| fs::set_permissions(folder.path(name), fs::Permissions::from_mode(mode)).unwrap();
    // Readable for everyone, so that only writing is refused, whoever this runs as.
    chmod("doorward.key", 0o444);
    chmod("doorward.db", 0o444);
    for folder_mode in [0o555, 0o777] {
        chmod("", folder_mode);
        for line in [format!("--json serve --listen {}", taken.local_addr().unwrap()), "--json migrate up".into()] {
            let Some(mut command) = bound_by_modes(&folder) else {
                eprintln!("NOT TESTED: file modes don't bind root, and setpriv can't make it another user here");
                return;
            };
            let run = folder.run_command(command.args(line.split(' ')), "");
            let error = run.error();
            assert!(error["message"].as_str().unwrap().contains("doorward.db is read-only"), "{line}: {error}");
            assert!(error["way_out"].as_str().unwrap().contains("writable"), "{line}: {error}");
            assert!([1, 6].contains(&run.code), "{line}");
        }
        chmod("", 0o777);
    }
    chmod("doorward.db", 0o600);
    assert!(folder.done("user list").contains("alice"));
}
