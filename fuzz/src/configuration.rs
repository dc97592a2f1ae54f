//! The configuration, through [`load`]: an input is a `doorward.toml`; its lines are tried as flags as well.

use std::fs;

use doorward_core::settings::{Loaded, MASK, Options, Secret, check, example_toml, load, show};
use tempfile::NamedTempFile;

/// Pieces of a configuration.
pub const WORDS: &[&str] = &[
    "profile = \"production\"",
    "listen = [",
    "\"unix:/run/doorward.sock\"",
    "database = \"postgres://u:p@h/d\"",
    "[token]",
    "secret_keys = [",
    "format = \"flask\"",
    "[http]",
    "trusted_proxies = [",
    "\"10.0.0.0/8\"",
    "[keys]",
    "seal_key = ",
    "[password]",
    "peppers = [",
    "\"\"\"",
    "'''",
    "= true",
    "= 0x",
    "= 1979-05-27T07:32:00Z",
    "= {",
    "= 9223372036854775808",
    "\\u0000",
    "# ",
    "\u{feff}",
];

/// Nothing makes reading fail without a word, and nothing that is shown depends on a secret.
///
/// # Panics
/// Where that doesn't hold.
pub fn run(input: &[u8]) {
    let file = NamedTempFile::new().expect("a temporary file");
    fs::write(file.path(), input).expect("a temporary file can be written");
    let from_file = outcome(&Options { file: Some(file.path().to_owned()), ..Options::default() });
    if let Some(loaded) = &from_file {
        assert!(std::str::from_utf8(input).is_ok(), "read though it is not UTF-8");
        assert_eq!(loaded.file.as_deref(), Some(file.path()));
    }

    let lines = String::from_utf8_lossy(input);
    let flags = lines.lines().filter_map(|line| line.split_once('='));
    let flags = flags.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect();
    outcome(&Options { flags, ..Options::default() });
}

fn outcome(options: &Options) -> Option<Loaded> {
    match load(options) {
        Ok(loaded) => {
            for problem in check(&loaded.settings) {
                assert!(!problem.to_string().is_empty());
            }
            shown_is_the_same_with_other_secrets(&loaded);
            Some(loaded)
        }
        Err(errors) => {
            assert!(!errors.is_empty(), "refused without a reason");
            for error in errors {
                let text = error.to_string();
                assert!(text.contains(": ") && !error.name().is_empty(), "{text}");
                // What stands in a terminal must not steer it.
                assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
            }
            None
        }
    }
}

fn shown_is_the_same_with_other_secrets(loaded: &Loaded) {
    let shown = |loaded: &Loaded| {
        let rows = show(loaded);
        let lines: Vec<_> = rows.iter().map(ToString::to_string).collect();
        let json = serde_json::to_string(&rows).expect("rows are plain data");
        (lines, json, format!("{loaded:?}"))
    };
    let mut other = loaded.clone();
    let settings = &mut other.settings;
    let listed = settings.token.secret_keys.iter_mut().chain(&mut settings.password.peppers);
    let secrets: Vec<_> = listed.chain(&mut settings.keys.seal_key).collect();
    if secrets.is_empty() {
        return;
    }
    for secret in secrets {
        *secret = Secret::new("another secret");
    }
    assert_eq!(shown(loaded), shown(&other), "a secret is shown");
    assert!(shown(loaded).1.contains(MASK), "a secret is passed over");
}

/// The example file, as it is and with everything switched on; what the documentation shows; mistakes.
pub fn seeds() -> Vec<Vec<u8>> {
    let example = example_toml();
    let switched_on: Vec<_> = example
        .lines()
        .map(|line| line.strip_prefix('#').filter(|line| !line.starts_with(' ')).unwrap_or(line))
        .collect();
    let mut seeds = vec![example.as_bytes().to_vec(), switched_on.join("\n").into_bytes()];
    seeds.extend(switched_on.iter().filter(|line| line.contains(" = ")).map(|line| line.as_bytes().to_vec()));
    seeds.extend(
        [
            "profile = \"production\"\nlisten = \"0.0.0.0:8080\"\nhttp.trusted_proxies = [\"0.0.0.0/0\"]",
            "[token]\nformat = \"flask\"\nsecret_keys = [\"the Flask application's SECRET_KEY\"]\nexpiration = 0x10",
            "keys.seal_key = \"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"",
            "token.format = jwt\nlisten = 127.0.0.1:0\nlisten = unix:/tmp/d",
            "tokn.format = 1\ntoken = 3\n[login]\n[[listen]]",
            "database = \"postgres://doorward:p@ss@db1,db2:5433/users?sslmode=require&sslpassword=x\"",
        ]
        .map(|text| text.as_bytes().to_vec()),
    );
    seeds
}
