//! `doorward user undelete`

use serde_json::Value;

use crate::{
    postgres::new_database,
    program::Folder,
    server::{Serving, soon},
};

const PASSWORD: &str = "a long pass phrase";

#[test]
fn an_operator_calls_a_deletion_off_that_a_user_asked_for() {
    for database in ["sqlite://doorward.db".to_owned(), new_database()] {
        let folder = Folder::new();
        let at = |line: &str| format!("--database {database} {line}");
        let mut command = folder.program();
        command.args(["--database", &database, "--set", "account.deletion_grace=604800"]);
        let server = Serving::begin(&folder, command, "door").ready();
        let made = folder.run_with_input(&at("user create alice --password-stdin"), PASSWORD);
        assert_eq!((made.code, made.err.as_str()), (0, ""));
        let delete_after = || folder.run(&at("--json user show alice")).answer()["delete_after"].clone();
        assert_eq!(delete_after(), Value::Null);
        assert_eq!(folder.done(&at("user undelete alice")), "No deletion was pending.\n");

        let token = server.log_in("alice", PASSWORD).token();
        let asked = server.send("DELETE", "/me", &[("token", &token)], "");
        assert_eq!(asked.status, 200, "{asked:?}");
        // The command line shows whole seconds.
        let after = asked.json()["data"]["delete_after"].as_str().unwrap()[..19].to_owned();
        assert_eq!(delete_after(), format!("{after}Z"));
        assert_eq!(server.log_in("alice", PASSWORD).error(), "403 account_disabled");

        assert_eq!(folder.done(&at("user undelete alice")), "Called off: the account stays.\n");
        assert_eq!(delete_after(), Value::Null);
        assert!(soon(|| server.log_in("alice", PASSWORD).status == 200));
        let told = folder.done(&at("audit tail --kind user.deletion_cancelled"));
        assert!(told.contains("  user.deletion_cancelled  user=2 by=command_line:- "), "{told}");

        let nobody = folder.run(&at("--json user undelete nobody"));
        assert_eq!((nobody.code, nobody.error()["error"].as_str()), (4, Some("user_not_found")));
    }
}
