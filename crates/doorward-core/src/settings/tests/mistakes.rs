use insta::assert_snapshot;
use proptest::prelude::*;

use super::super::declare::declarations;
use super::super::file;
use super::super::{Options, load};
use super::{Folder, environment, flags, from_environment};

fn of_file(toml: &str) -> String {
    let folder = Folder::with(toml);
    folder.say(load(&folder.options()))
}

fn of_environment(pairs: &[(&str, &str)]) -> String {
    Folder::with("").say(from_environment(pairs))
}

#[test]
fn an_unknown_key_of_the_file_names_the_nearest() {
    assert_snapshot!(of_file("
        databse = 'sqlite://x.db'
        secret_key = 'x'
        [token]
        expire = 5
        [tokens]
        format = 'jwt'
        [password.argon]
        memory_kib = 5
        [weather]
        place = 'x'
    "), @r#"
    doorward.toml:2: there is no setting `databse`. Did you mean `database`?
    doorward.toml:3: there is no setting `secret_key`. Did you mean `token.secret_keys`?
    doorward.toml:5: there is no setting `token.expire`. Did you mean `token.expiration`?
    doorward.toml:6: there is no setting `tokens`. Did you mean `token`?
    doorward.toml:8: there is no setting `password.argon`. Did you mean `password.argon2`?
    doorward.toml:10: there is no setting `weather`. `doorward config show` lists them all.
    "#);
}

#[test]
fn an_unknown_variable_names_the_nearest_variable() {
    assert_snapshot!(of_environment(&[
        ("DOORWARD_TOKEN_FORMAT", "jwt"),
        ("DOORWARD_LOG", "info"),
        ("DOORWARD_SECRET_KEY", "hush"),
        ("DOORWARD_ADMIN_PASSWD", "hush"),
        ("DOORWARD_DATABASE_URL", "hush"),
        ("DOORWARD_ZZZ", "hush"),
        ("DOORWARD_", "hush"),
    ]), @r#"
    environment DOORWARD_TOKEN_FORMAT: there is no setting `DOORWARD_TOKEN_FORMAT`. Did you mean `DOORWARD_TOKEN__FORMAT`?
    environment DOORWARD_LOG: there is no setting `DOORWARD_LOG`. Did you mean `DOORWARD_LOG__LEVEL`?
    environment DOORWARD_SECRET_KEY: there is no setting `DOORWARD_SECRET_KEY`. Did you mean `DOORWARD_TOKEN__SECRET_KEYS`?
    environment DOORWARD_ADMIN_PASSWD: there is no setting `DOORWARD_ADMIN_PASSWD`. Did you mean `DOORWARD_ADMIN_PASSWORD`?
    environment DOORWARD_DATABASE_URL: there is no setting `DOORWARD_DATABASE_URL`. Did you mean `DOORWARD_DATABASE`?
    environment DOORWARD_ZZZ: there is no setting `DOORWARD_ZZZ`. `doorward config show` lists them all.
    environment DOORWARD_: there is no setting `DOORWARD_`. `doorward config show` lists them all.
    "#);
}

#[test]
fn an_unknown_flag_names_the_nearest() {
    let options = flags(Options::default(), &[("http-status", "honest")]);
    assert_snapshot!(Folder::with("").say(load(&options)), @r#"command line: there is no setting `http-status`. Did you mean `http_status`?"#);
}

#[test]
fn a_wrong_type_says_what_is_allowed() {
    assert_snapshot!(of_file("
        listen = 8080
        auto_migrate = 'yes'
        http_status = 200
        tls = '/etc/tls'
        [token]
        expiration = '3600'
        refresh_grace = 1.5
        secret_keys = [1]
        [http]
        hsts_seconds = 99999999999999999999
        cors_origins = { a = 1 }
    "), @r#"
    doorward.toml:2: `listen` is 8080; it takes a list, each entry `IP:PORT` or `unix:/PATH`.
    doorward.toml:3: `auto_migrate` is "yes"; it takes `true` or `false`. Write it without quotes.
    doorward.toml:4: `http_status` is 200; it takes `honest` or `always-200`. Put it in quotes.
    doorward.toml:5: `tls` is a section. Write `[tls]` and its settings below it.
    doorward.toml:7: `token.expiration` is "3600"; it takes a whole number of seconds from 1 to 31536000. Write it without quotes.
    doorward.toml:8: `token.refresh_grace` is a number with a fraction; it takes a whole number of seconds from 0 to 300.
    doorward.toml:9: `token.secret_keys` is a value that is not shown; it takes a list, each entry a secret. Put it in quotes.
    doorward.toml:11: `http.hsts_seconds` is 99999999999999999999; it takes a whole number of seconds from 0 to 315360000.
    doorward.toml:12: `http.cors_origins` is a table; it takes a list, each entry an origin such as `https://app.example.com`.
    "#);
}

#[test]
fn a_wrong_value_says_what_is_allowed() {
    assert_snapshot!(of_environment(&[
        ("DOORWARD_PROFILE", "prod"),
        ("DOORWARD_HTTP_STATUS", "sometimes"),
        ("DOORWARD_TOKEN__EXPIRATION", "1h"),
        ("DOORWARD_TOKEN__CACHE_ENTRIES", "-1"),
        ("DOORWARD_TOKEN__AUDIENCE", " "),
        ("DOORWARD_SESSION__COOKIE", "maybe"),
        ("DOORWARD_HTTP__CORS_ORIGINS", "https://app.example.com,*"),
        ("DOORWARD_HTTP__TRUSTED_PROXIES", "10.0.0.0/33"),
        ("DOORWARD_PUBLIC_URL", "users.example.com"),
        ("DOORWARD_METRICS__LISTEN", "\u{1b}[31m:9090"),
    ]), @r#"
    environment DOORWARD_PROFILE: `profile` is "prod"; it takes `development`, `production` or `testing`. Did you mean `production`?
    environment DOORWARD_HTTP_STATUS: `http_status` is "sometimes"; it takes `honest` or `always-200`.
    environment DOORWARD_TOKEN__EXPIRATION: `token.expiration` is "1h"; it takes a whole number of seconds from 1 to 31536000.
    environment DOORWARD_TOKEN__CACHE_ENTRIES: `token.cache_entries` is "-1"; it takes a whole number of tokens from 0 to 100000000.
    environment DOORWARD_TOKEN__AUDIENCE: `token.audience` is " "; it takes text that is not empty. Leave the setting out for its default.
    environment DOORWARD_SESSION__COOKIE: `session.cookie` is "maybe"; it takes `true` or `false`.
    environment DOORWARD_HTTP__CORS_ORIGINS: `http.cors_origins` is "https://app.example.com,*"; it takes a list, each entry an origin such as `https://app.example.com`. Name each origin: `*` and `null` would let any page in.
    environment DOORWARD_HTTP__TRUSTED_PROXIES: `http.trusted_proxies` is "10.0.0.0/33"; it takes a list, each entry an IP address or a network such as `10.0.0.0/8`.
    environment DOORWARD_PUBLIC_URL: `public_url` is "users.example.com"; it takes an address such as `https://users.example.com`, with or without a path. Begin with `https://` (or `http://`).
    environment DOORWARD_METRICS__LISTEN: `metrics.listen` is "\u{1b}[31m:9090"; it takes `IP:PORT` or `unix:/PATH`. Write the address in digits, for example `127.0.0.1:8080` or `[::1]:8080`.
    "#);
}

#[test]
fn an_address_to_listen_on_says_how_to_write_it() {
    let say = |address| of_environment(&[("DOORWARD_LISTEN", address)]);
    let said: Vec<_> = ["", ":8080", "8080", "::1", "0.0.0.0", "example.com:80", "unix:doorward.sock", "1.1.1.1:99999"]
        .into_iter()
        .map(say)
        .collect();
    assert_snapshot!(said.join("\n"), @r#"
    environment DOORWARD_LISTEN: `listen` is ""; it takes a list, each entry `IP:PORT` or `unix:/PATH`. Give at least one.
    environment DOORWARD_LISTEN: `listen` is ":8080"; it takes a list, each entry `IP:PORT` or `unix:/PATH`. Say on which address: `127.0.0.1:8080` for this machine, `0.0.0.0:8080` for all.
    environment DOORWARD_LISTEN: `listen` is "8080"; it takes a list, each entry `IP:PORT` or `unix:/PATH`. Say on which address: `127.0.0.1:8080` for this machine, `0.0.0.0:8080` for all.
    environment DOORWARD_LISTEN: `listen` is "::1"; it takes a list, each entry `IP:PORT` or `unix:/PATH`. Add the port, for example `[::1]:8080`.
    environment DOORWARD_LISTEN: `listen` is "0.0.0.0"; it takes a list, each entry `IP:PORT` or `unix:/PATH`. Add the port, for example `0.0.0.0:8080`.
    environment DOORWARD_LISTEN: `listen` is "example.com:80"; it takes a list, each entry `IP:PORT` or `unix:/PATH`. Write the address in digits, for example `127.0.0.1:8080` or `[::1]:8080`.
    environment DOORWARD_LISTEN: `listen` is "unix:doorward.sock"; it takes a list, each entry `IP:PORT` or `unix:/PATH`. Give the socket's whole path, for example `unix:/run/doorward.sock`.
    environment DOORWARD_LISTEN: `listen` is "1.1.1.1:99999"; it takes a list, each entry `IP:PORT` or `unix:/PATH`. Write the address in digits, for example `127.0.0.1:8080` or `[::1]:8080`.
    "#);
}

#[test]
fn a_database_says_how_to_write_it_and_is_not_shown() {
    let say = |url| of_environment(&[("DOORWARD_DATABASE", url)]);
    let said: Vec<_> = ["users.db", "mysql://u:hush@db/x", "postgres:u:hush@db/x", "postgresql+psycopg2://u:hush@db/x"]
        .into_iter()
        .map(say)
        .collect();
    assert_snapshot!(said.join("\n"), @r#"
    environment DOORWARD_DATABASE: `database` is a value that is not shown; it takes `sqlite://FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`. For an SQLite file put `sqlite://` before its path.
    environment DOORWARD_DATABASE: `database` is a value that is not shown; it takes `sqlite://FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`. Doorward keeps its users in SQLite or PostgreSQL.
    environment DOORWARD_DATABASE: `database` is a value that is not shown; it takes `sqlite://FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`. Write `://` after the scheme.
    environment DOORWARD_DATABASE: `database` is a value that is not shown; it takes `sqlite://FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`. Leave out what stands between `+` and `://`.
    "#);
}

#[test]
fn public_addresses_and_origins_have_one_spelling() {
    for (given, read) in [
        ("HTTPS://Users.Example.com:443/", Some("https://users.example.com")),
        ("http://[::1]:80/auth/", Some("http://[::1]/auth")),
        ("https://users.example.com:8443/Auth", Some("https://users.example.com:8443/Auth")),
        ("https://user@example.com", None),
        ("https://example.com?x", None),
        ("https://exämple.com", None),
        ("https://example.com:99999", None),
        ("https://", None),
        ("https:\\\\example.com", None),
        ("ftp://example.com", None),
    ] {
        let loaded = from_environment(&[("DOORWARD_PUBLIC_URL", given)]).ok();
        assert_eq!(loaded.and_then(|loaded| loaded.settings.public_url).as_deref(), read, "{given}");
    }
    for (given, read) in [
        ("https://App.example.com/", Some("https://app.example.com")),
        ("https://app.example.com/path", None),
        ("null", None),
        ("*", None),
        ("https://*.example.com", None),
    ] {
        let loaded = from_environment(&[("DOORWARD_HTTP__CORS_ORIGINS", given)]).ok();
        let origins = loaded.map(|loaded| loaded.settings.http.cors_origins);
        assert_eq!(origins, read.map(|read| vec![read.to_owned()]), "{given}");
    }
}

#[test]
fn a_seal_key_is_32_bytes_in_either_alphabet() {
    let bytes = [0xfb; 32];
    let standard = "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=";
    for (text, good) in [
        (standard.to_owned(), true),
        (standard.trim_end_matches('=').to_owned(), true),
        (standard.replace('+', "-").replace('/', "_"), true),
        (format!("{standard}\n"), true),
        (standard[4..].to_owned(), false),
        ("not base64".to_owned(), false),
    ] {
        let decoded = super::super::decode_seal_key(&text).map(|key| *key);
        assert_eq!(decoded, good.then_some(bytes), "{text}");
        assert_eq!(from_environment(&[("DOORWARD_KEYS__SEAL_KEY", &text)]).is_ok(), good, "{text}");
    }
}

#[test]
fn everything_wrong_in_all_layers_is_said_at_once() {
    let folder = Folder::with("http_status = 'never'\nlisten = []\n");
    let options = environment(folder.options(), &[("DOORWARD_TOKEN__FORMAT", "paseto")]);
    let options = flags(options, &[("log.format", "xml"), ("log.lvl", "info")]);
    assert_snapshot!(folder.say(load(&options)), @r#"
    doorward.toml:1: `http_status` is "never"; it takes `honest` or `always-200`.
    doorward.toml:2: `listen` is []; it takes a list, each entry `IP:PORT` or `unix:/PATH`. Give at least one.
    environment DOORWARD_TOKEN__FORMAT: `token.format` is "paseto"; it takes `jwt` or `flask`.
    command line: there is no setting `log.lvl`. Did you mean `log.level`?
    command line: `log.format` is "xml"; it takes `auto`, `pretty` or `json`.
    "#);
}

#[test]
fn a_file_that_is_not_toml_names_the_places() {
    assert_snapshot!(of_file("listen = [\n\n[token\nformat = jwt\nformat = 'jwt'\n"), @r#"doorward.toml:3:2: not valid TOML: invalid boolean, expected `true`."#);
    assert_snapshot!(of_file("[token]\nsecret_keys = ['hush\nexpiration = 1 hush"), @r#"doorward.toml:2:21: not valid TOML: invalid literal string, expected `'`."#);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = Folder::with("");
    std::fs::write(folder.0.path().join("latin1.toml"), b"[api]\ntitle = \"\xe9\"").unwrap();
    let say = |name: &str| {
        let file = Some(folder.0.path().join(name));
        folder.say(load(&Options { file, ..Options::default() }))
    };
    assert_snapshot!([say("missing.toml"), say("latin1.toml")].join("\n"), @r#"
    missing.toml: cannot be read (there is no such file). Give the configuration's file with `--config` or in DOORWARD_CONFIG.
    latin1.toml: cannot be read (it is not UTF-8). Give the configuration's file with `--config` or in DOORWARD_CONFIG.
    "#);
}

#[test]
fn a_secrets_file_that_is_missing_or_empty_or_doubled_is_an_error() {
    let folder = Folder::with("");
    let empty = folder.write("empty", "\n", 0o600);
    let missing = folder.0.path().join("missing");
    let said: Vec<_> = [
        vec![("DOORWARD_TOKEN__SECRET_KEYS_FILE", missing.to_str().unwrap())],
        vec![("DOORWARD_TOKEN__SECRET_KEYS_FILE", empty.to_str().unwrap())],
        vec![("DOORWARD_PASSWORD__PEPPERS_FILE", "x"), ("DOORWARD_PASSWORD__PEPPERS", "hush")],
    ]
    .iter()
    .map(|variables| folder.say(from_environment(variables)))
    .collect();
    assert_snapshot!(said.join("\n"), @r#"
    missing: cannot be read (there is no such file). DOORWARD_TOKEN__SECRET_KEYS_FILE names a file that holds the value of `token.secret_keys`.
    environment DOORWARD_TOKEN__SECRET_KEYS_FILE (empty): `token.secret_keys` is a value that is not shown; it takes a list, each entry a secret. It is empty.
    environment DOORWARD_PASSWORD__PEPPERS and DOORWARD_PASSWORD__PEPPERS_FILE: both are set. Unset one of them.
    "#);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8_is_an_error() {
    use std::os::unix::ffi::OsStringExt as _;
    let value = std::ffi::OsString::from_vec(vec![0xff]);
    let options = Options { environment: vec![("DOORWARD_API__TITLE".into(), value)], ..Options::default() };
    assert_snapshot!(Folder::with("").say(load(&options)), @r#"environment DOORWARD_API__TITLE: `api.title` is not UTF-8; it takes text that is not empty."#);
}

fn any_key() -> impl Strategy<Value = String> {
    let known: Vec<_> = declarations().map(|declaration| declaration.key.to_owned()).collect();
    prop_oneof![
        4 => proptest::sample::select(known),
        1 => "[a-z_]{1,12}(\\.[a-z_]{1,12}){0,2}",
        1 => "\\PC{0,20}",
    ]
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i128>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:?}")),
        any::<bool>().prop_map(|truth| truth.to_string()),
        any::<String>().prop_map(|text| toml::Value::String(text).to_string()),
        "\\[(['\"]?[a-z0-9:/@*.é]{0,9}['\"]?,?){0,4}\\]",
        "[0-9T:Z+-]{0,25}",
        "\\PC{0,40}",
    ]
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in any::<String>()) {
        let (entries, errors) = file::parse(&text, std::path::Path::new("doorward.toml"));
        prop_assert!(errors.is_empty() || !errors[0].to_string().is_empty());
        prop_assert!(errors.is_empty() || entries.len() <= text.len());
    }

    #[test]
    fn no_configuration_makes_loading_panic(
        lines in proptest::collection::vec((any_key(), any_value()), 0..6),
        pairs in proptest::collection::vec((any_key(), any::<String>()), 0..6),
    ) {
        let lines: Vec<_> = lines.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        let toml = lines.join("\n");
        let folder = Folder::with(&toml);
        let named = |(key, value): &(String, String)| {
            (format!("DOORWARD_{}", key.to_uppercase().replace('.', "__")).into(), value.into())
        };
        let environment = pairs.iter().map(named).collect();
        let options = Options { environment, flags: pairs, ..folder.options() };
        match load(&options) {
            Ok(loaded) => { super::super::check(&loaded.settings); }
            Err(errors) => prop_assert!(!errors.is_empty()),
        }
    }
}

#[test]
fn a_rule_of_forward_auth_says_what_is_wrong_with_it() {
    let rules = |rules: &str| {
        let good = "[[forward_auth.rules]]\nhost = 'a.example'\npath = '/**'\nrequire = 'anybody'\n";
        let folder = Folder::with(&format!("{good}[[forward_auth.rules]]\n{rules}"));
        folder.say(load(&folder.options()))
    };
    for (text, said) in [
        (
            "host = 'a'\npath = '/'\nrequire = 'signed-in'\nmethdos = ['GET']",
            "Number 2: A rule has no `methdos`. Did you mean `methods`?",
        ),
        ("host = 'a'\npath = '/'", "Number 2: A rule needs `require`."),
        (
            "host = 'a'\npath = '/'\nrequire = []",
            "Number 2: `require` is a text, or a list of texts that is not empty.",
        ),
        ("host = 'a'\npath = '/'\nrequire = ['anybody', 'role:x']", "Number 2: `require` takes `anybody` alone"),
        (
            "host = 'a'\npath = '/a/../b'\nrequire = 'anybody'",
            "Number 2: `path`: `/a/../b` is no pattern of paths: a dot segment.",
        ),
        ("host = 'http://a'\npath = '/'\nrequire = 'anybody'", "Number 2: `host`: a host is written in ASCII"),
        ("host = 'a'\npath = '/'\nrequire = 'anybody'\nmethods = 'get'", "Number 2: `methods` are written in capitals"),
        (
            "host = 'a'\npath = '/'\nrequire = 'anybody'\naudience = 1",
            "Number 2: `audience` is text that is not empty.",
        ),
    ] {
        let told = rules(text);
        assert!(told.contains(said) && told.contains("`forward_auth.rules` is [a table, a table]"), "{told}");
    }
}

#[test]
fn rules_stand_in_the_environment_as_toml() {
    let name = "DOORWARD_FORWARD_AUTH__RULES";
    let text =
        r#"[{ host = ["a.example", "*.b.example"], path = "/x/**", methods = "GET", require = ["role:admin"] }]"#;
    let rules = from_environment(&[(name, text)]).unwrap().settings.forward_auth.rules;
    assert_eq!(
        rules.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["GET a.example,*.b.example /x/**: role:admin"]
    );
    assert!(from_environment(&[(name, "")]).unwrap().settings.forward_auth.rules.is_empty());
    for text in ["x", "[1]", "[{}]", "[], x = 1", "{ host = 'a' }"] {
        assert!(from_environment(&[(name, text)]).is_err(), "{text}");
    }
}
