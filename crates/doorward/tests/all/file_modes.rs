//! What the program makes belongs to its user alone, whatever the umask says.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::json;

use crate::{program::Folder, server::Serving};

fn modes(folder: &Folder) -> Vec<(String, u32)> {
    let mode = |name: &str| fs::symlink_metadata(folder.path(name)).unwrap().permissions().mode() & 0o777;
    folder.files().into_iter().map(|name| (name.clone(), mode(&name))).collect()
}

const OPEN: &str = r#"umask 000; exec "$0" "$@""#;

#[test]
fn h3_files_are_their_owners_alone() {
    let folder = Folder::new();
    let done = |line: &str| {
        let run = folder.run_command(folder.program_under(OPEN).args(line.split(' ')), "");
        assert_eq!(run.code, 0, "{line}: {}", run.err);
        run
    };
    let mut server = Serving::begin(&folder, folder.program_under(OPEN), "door").ready();
    let expected: Vec<_> = [
        ("door", 0o660),
        ("doorward.db", 0o600),
        ("doorward.db-shm", 0o600),
        ("doorward.db-wal", 0o600),
        ("doorward.key", 0o600),
    ]
    .map(|(name, mode)| (name.to_owned(), mode))
    .to_vec();
    assert_eq!(modes(&folder), expected);
    done("backup copy.db");
    assert_eq!(server.stop(), Some(0));

    // A backup that came by a way on which its mode was lost.
    fs::set_permissions(folder.path("copy.db"), fs::Permissions::from_mode(0o644)).unwrap();
    done("restore copy.db --yes");
    fs::set_permissions(folder.path("copy.db"), fs::Permissions::from_mode(0o600)).unwrap();
    done("user list");
    let open: Vec<_> = modes(&folder).into_iter().filter(|(_, mode)| mode & 0o077 != 0).collect();
    assert_eq!(open, []);
    assert!(folder.files().contains(&"doorward.db.before-restore-1".to_owned()));
}

#[test]
fn h3_files_that_a_command_makes_are_their_owners_alone() {
    for line in ["user create alice --no-password", "migrate up"] {
        let folder = Folder::new();
        let run = folder.run_command(folder.program_under(OPEN).args(line.split(' ')), "");
        assert_eq!(run.code, 0, "{line}: {}", run.err);
        let open: Vec<_> = modes(&folder).into_iter().filter(|(_, mode)| mode & 0o077 != 0).collect();
        assert_eq!(open, [], "{line}");
        assert!(folder.files().contains(&"doorward.db".to_owned()), "{line}");
    }
}

#[test]
fn h3_a_secret_that_everyone_can_read_is_warned_about() {
    let folder = Folder::new();
    folder.done("user create alice --no-password --role admin");
    let open = |name: &str| fs::set_permissions(folder.path(name), fs::Permissions::from_mode(0o644)).unwrap();
    for name in ["doorward.key", "doorward.db"] {
        open(name);
        let findings = folder.run("--json doctor").answer()["findings"].clone();
        let named = findings.as_array().unwrap().iter().any(|finding| {
            finding["check"] == "files"
                && finding["verdict"] == json!("warn")
                && finding.to_string().contains(&format!("chmod 600 {name}"))
        });
        assert!(named, "{name}: {findings}");
    }
    fs::write(folder.path("doorward.toml"), "[token]\nsecret_keys = [\"0123456789abcdef0123456789abcdef\"]\n").unwrap();
    open("doorward.toml");
    let check = folder.run("config check");
    assert!(check.out.contains("token.secret_keys") && check.out.contains("chmod"), "{}", check.out);
}
