//! `doorward adopt`

use std::{fs, process::Stdio, time::Duration};

use serde_json::json;

use crate::{
    postgres::{lines, sql},
    program::Folder,
};

#[test]
fn to_look_changes_nothing_to_apply_is_told_and_undone() {
    let folder = Folder::with_application("small.db");
    let file = folder.path("doorward.db");
    let before = fs::read(&file).unwrap();
    let looked = folder.done("adopt");
    for said in ["table = \"users\"", "password_hash = \"password_hash\"", "# Nothing was changed"] {
        assert!(looked.contains(said), "{said} in {looked}");
    }
    assert_eq!(folder.run("--json adopt").answer()["in_place"], true);
    assert_eq!(fs::read(&file).unwrap(), before, "not a byte");
    assert_eq!(folder.files(), ["doorward.db"]);

    let adopted = folder.done("adopt --apply");
    assert!(adopted.ends_with("Adopted. `doorward adopt --undo` goes back.\n"), "{adopted}");
    assert!(folder.done("adopt --apply").ends_with("It is adopted already.\n"));
    folder.done("user create newcomer --no-password");

    let unsaid = folder.run("--json adopt --undo");
    assert_eq!((unsaid.code, &unsaid.error()["error"]), (2, &json!("not_confirmed")));
    assert_eq!(folder.done("adopt --undo --yes"), "Took back 4 step(s); users stay.\n");
    assert_eq!(folder.done("adopt --undo --yes"), "Took back 0 step(s); users stay.\n");
    assert!(folder.done("adopt --apply").ends_with("goes back.\n"));
    assert_eq!(folder.run("--json user show newcomer").answer()["username"], "newcomer", "who was made since stays");
}

#[test]
fn another_form_of_table_is_shown_with_its_mapping_and_not_worked_on() {
    let folder = Folder::with_application("small.db");
    let url = format!("sqlite://{}", folder.path("doorward.db").display());
    sql(
        &url,
        "CREATE TABLE auth_user (id INTEGER PRIMARY KEY, password varchar(128), username varchar(150), email varchar(254))",
    );
    let two = folder.run("adopt");
    assert_eq!(two.code, 1);
    assert!(two.err.contains("`auth_user`") && two.err.contains("--table"), "{}", two.err);
    let shown = folder.done("adopt --table auth_user");
    let lines: Vec<_> = shown.lines().filter(|line| !line.starts_with('#')).collect();
    let mapping = lines.join("\n");
    fs::write(folder.path("mapping.toml"), mapping.replace("\"email\"", "\"nosuch\"")).unwrap();
    assert_ne!(folder.run("adopt --mapping mapping.toml").code, 0, "a column that is not there");
    fs::write(folder.path("mapping.toml"), mapping).unwrap();
    folder.done("adopt --mapping mapping.toml");
    let refused = folder.run("--json adopt --mapping mapping.toml --apply");
    assert_eq!((refused.code, &refused.error()["error"]), (5, &json!("not_in_place")));
}

#[test]
fn schemes_are_counted_on_a_troublesome_table_too() {
    let folder = Folder::with_application("large.db");
    let before = fs::read(folder.path("doorward.db")).unwrap();
    let looked = folder.done("adopt");
    assert!(looked.contains("     1512  werkzeug-pbkdf2") && looked.contains("        1  unknown"), "{looked}");
    for said in ["same_user_name", "1 user(s): 2007", "Argon2id", "To `users` would be added: username_key"] {
        assert!(looked.contains(said), "{said} in {looked}");
    }
    assert_eq!(fs::read(folder.path("doorward.db")).unwrap(), before);
}

#[test]
fn its_own_mapping_is_taken_and_another_must_name_real_columns() {
    let folder = Folder::with_application("small.db");
    fs::write(folder.path("shown.toml"), folder.done("adopt")).unwrap();
    assert!(folder.done("adopt --mapping shown.toml --apply").contains("Adopted."));
    fs::write(folder.path("wrong.toml"), "table = 'users'\nid = 'id\" --'\nemail = 'email'").unwrap();
    let run = folder.run("adopt --mapping wrong.toml");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("no such column"), "{}", run.err);
}

#[test]
fn a_database_of_doorwards_own_is_refused() {
    let folder = Folder::new();
    folder.done("migrate up");
    for line in ["adopt", "adopt --apply", "adopt --undo --yes"] {
        let run = folder.run(line);
        assert_eq!(run.code, 1, "{line}");
        assert!(run.err.contains("Doorward's own"), "{line}: {}", run.err);
    }
}

#[test]
fn i_killed_at_any_moment_an_adoption_is_whole_or_was_never_begun() {
    let folder = Folder::with_application("small.db");
    let url = format!("sqlite://{}", folder.path("doorward.db").display());
    let schema = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'sqlite_sequence' ORDER BY sql";
    let before = lines(&url, schema);
    let mut adopted = Vec::new();
    for (line, ends) in [("adopt --apply", true), ("adopt --undo --yes", false)] {
        for pause in (0..20).map(|round: u64| 3 + round * 40) {
            let mut child =
                folder.program().args(line.split(' ')).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(pause));
            let _ = child.kill();
            child.wait().unwrap();
            let now = lines(&url, schema);
            if now != before && adopted.is_empty() {
                adopted.clone_from(&now);
            }
            assert!(now == before || now == adopted, "neither the one nor the other: {now:?}");
        }
        folder.done(line);
        if adopted.is_empty() {
            adopted = lines(&url, schema);
        }
        assert_eq!(lines(&url, schema) == adopted, ends, "{line}");
    }
    assert_eq!(lines(&url, schema), before);
}
