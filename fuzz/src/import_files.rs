//! Files of users: an input is `jsonl` or `csv` on a line of its own, and the file.

use std::io::Write as _;

use doorward_core::import::{Examined, LONGEST_RECORD, MOST_COLUMNS, Source, examine};

/// Pieces of such files.
pub const WORDS: &[&str] = &[
    "csv\n",
    "jsonl\n",
    "\u{feff}",
    "\r\n",
    "\0",
    "\"\"",
    "username,email,password_hash\n",
    "id,username,confirmed\n",
    r#"{"username":"a"}"#,
    r#""id":9223372036854775808"#,
    r#""id":"1; DROP TABLE users""#,
    r#""email":"A@EXAMPLE.ORG""#,
    r#""password_hash":"pbkdf2:sha256:99999999999$a$b""#,
    r#""password_hash":"scrypt:1073741824:8:1$a$b""#,
    r#""member_since":"2026-03-15 03:30:00.123456""#,
    r#""roles":["admin"]"#,
    r#""extra":{"a":1}"#,
    r#""is_admin":true"#,
    "=cmd|'/c calc'!A1",
    "[[[[",
];

/// A file is read to its end or refused, twice alike, and each of its records is a user or has reasons.
///
/// # Panics
/// Where that doesn't hold.
pub fn run(input: &[u8]) {
    let (is_csv, content) = match (input.strip_prefix(b"csv\n"), input.strip_prefix(b"jsonl\n")) {
        (Some(content), _) => (true, content),
        (None, content) => (false, content.unwrap_or(input)),
    };
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(content).expect("it can be written");
    let path = file.path().to_owned();
    let source = if is_csv { Source::Csv { file: path, columns: Vec::new() } } else { Source::Jsonl(path) };
    let told = || -> Result<Vec<Examined>, String> { examine(&source).map_err(|fault| fault.to_string()) };
    let examined = told();
    assert_eq!(examined, told(), "read twice");
    let Ok(records) = examined else { return };
    assert!(records.len() <= content.len() + 1, "more records than bytes");
    for (line, reasons) in &records {
        assert!(*line > 0 && reasons.len() <= MOST_COLUMNS, "{line}: {reasons:?}");
        assert!(reasons.iter().all(|reason| !reason.is_empty() && reason.len() < 200), "{reasons:?}");
    }
    if content.len() > LONGEST_RECORD {
        assert!(records.len() > 1 || records.iter().any(|(_, reasons)| !reasons.is_empty()), "a record that long");
    }
}

/// Small files of each kind.
pub fn seeds() -> Vec<Vec<u8>> {
    let users = include_str!("../../crates/doorward-core/tests/fixtures/password_hashes.jsonl");
    let hashes = users.lines().filter_map(|line| {
        let row: serde_json::Value = serde_json::from_str(line).ok()?;
        let hash = row["encoded"].as_str()?.to_owned();
        let user = serde_json::json!({"id": 7, "username": "susan", "email": "s@example.org", "password_hash": hash});
        Some(format!("jsonl\n{user}\n").into_bytes())
    });
    let files: [&[u8]; 6] = [
        b"csv\nusername,email,confirmed\r\nsusan,susan@example.org,true\r\n\"a \"\"b\"\"\",,no\r\n",
        b"csv\n\xef\xbb\xbfid,username,password_hash\n1,susan,!\n2,\"x\ny\",\n",
        b"csv\nid,id\n1,2\n",
        b"jsonl\n{\"id\":1,\"username\":\"susan\",\"member_since\":\"2026-03-15\"}\n\n{\"id\":2}\n",
        b"jsonl\n{\"username\":\"susan\",\"extra\":{\"a\":[1,2]},\"roles\":[\"admin\"]}\n{\"username\":",
        b"jsonl\n\xff\xfe\n{\"username\":\"\\u0000\"}\n",
    ];
    files.iter().map(|file| file.to_vec()).chain(hashes.take(40)).collect()
}
