//! `doorward adopt` on databases that other applications made.

use crate::program::Folder;

#[test]
fn without_a_flag_not_a_byte_is_changed() {
    let folder = Folder::with_application("large.db");
    let before = std::fs::read(folder.path("doorward.db")).unwrap();
    let files = folder.files();
    let run = folder.run("adopt");
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("table = \"users\"") && run.out.contains("# 1 unknown"), "{}", run.out);
    assert_eq!(std::fs::read(folder.path("doorward.db")).unwrap(), before);
    assert_eq!(folder.files(), files);
}

#[test]
fn it_adopts_and_gives_back_what_it_was_told_to_and_only_then() {
    let folder = Folder::with_application("small.db");
    assert_eq!(folder.run("adopt --apply").code, 2);
    assert_eq!(folder.run("adopt --undo").code, 2);
    assert!(folder.run("adopt --apply --yes").out.contains("Adopted."));
    assert!(folder.run("adopt --apply --yes").out.contains("It is adopted already."));
    assert!(folder.run("user list").out.contains("alice"));
    assert!(folder.run("adopt --undo --yes").out.contains("Took back 2 step(s)"));
    assert!(folder.run("adopt --undo --yes").out.contains("Took back 0 step(s)"));
    assert!(folder.run("adopt").out.contains("table = \"users\""));
}

#[test]
fn its_own_mapping_is_taken_and_another_must_name_real_columns() {
    let folder = Folder::with_application("small.db");
    std::fs::write(folder.path("shown.toml"), folder.run("adopt").out).unwrap();
    assert!(folder.run("adopt --mapping shown.toml --apply --yes").out.contains("Adopted."));
    std::fs::write(folder.path("wrong.toml"), "table = 'users'\nid = 'id\" --'\nemail = 'email'").unwrap();
    let run = folder.run("adopt --mapping wrong.toml");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("no such column"), "{}", run.err);
}

#[test]
fn a_database_of_doorwards_own_is_refused() {
    let folder = Folder::new();
    folder.run("migrate up");
    for line in ["adopt", "adopt --apply --yes", "adopt --undo --yes"] {
        let run = folder.run(line);
        assert_eq!(run.code, 1, "{line}");
        assert!(run.err.contains("Doorward's own"), "{line}: {}", run.err);
    }
}
