//! Several servers that start at once on one empty database.

use serde_json::json;

use crate::{
    postgres,
    program::Folder,
    server::{Serving, soon},
};

/// Starts on an empty database at once, `count` servers; all serve, and one tells the first password.
fn all_serve(folder: &Folder, database: Option<&str>, count: usize) {
    let starting: Vec<_> = (0..count)
        .map(|number| {
            let mut command = folder.program();
            if let Some(url) = database {
                command.args(["--database", url]);
            }
            Serving::begin(folder, command, &format!("door{number}"))
        })
        .collect();
    let servers: Vec<_> = starting.into_iter().map(crate::server::Starting::ready).collect();

    assert!(soon(|| servers.iter().any(|server| server.first_password().is_some())));
    let passwords: Vec<_> = servers.iter().filter_map(Serving::first_password).collect();
    assert_eq!(passwords.len(), 1, "one server made the first administrator");
    let applied = servers.iter().filter(|server| server.log().contains("the database was brought up to date")).count();
    assert_eq!(applied, 1, "the steps were applied once");

    let tokens: Vec<_> = servers.iter().map(|server| server.log_in("admin", &passwords[0]).token()).collect();
    for server in &servers {
        for token in &tokens {
            let me = server.get("/me", &[("token", token)]);
            assert_eq!((me.status, &me.json()["data"]["username"]), (200, &json!("admin")), "{me:?}");
        }
    }
    let database = database.map(|url| format!("--database {url} ")).unwrap_or_default();
    let users = folder.run(&format!("{database}--json user list")).answer();
    assert_eq!(users["users"].as_array().unwrap().len(), 1);
}

#[test]
fn i_replicas_that_start_at_once_on_an_empty_postgresql_all_serve() {
    for _ in 0..3 {
        all_serve(&Folder::new(), Some(&postgres::new_database()), 3);
    }
}

#[test]
fn i_servers_that_start_at_once_on_an_empty_sqlite_file_all_serve() {
    for _ in 0..3 {
        all_serve(&Folder::new(), None, 3);
    }
}
