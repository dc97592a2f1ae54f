//! Secrets that the tests give or are given, looked for everywhere that they might turn up.

mod debug;
mod spelling;

use std::{collections::BTreeMap, fs};

use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};

use crate::{
    postgres,
    program::Folder,
    server::{Reply, Serving},
};
use spelling::{base64, hex, spellings};

const ADMIN_PASSWORD: &str = "admin-passphrase-Kx7Qw2";
const WRONG_PASSWORD: &str = "wrong-passphrase-Jd8Ls0";
const SECRET_KEYS: [&str; 2] = ["flask-secret-newest-Tr5Yb9-0123456789", "flask-secret-older-Pz3Mv6-0123456789"];
const PEPPER: &str = "pepper-of-flask-security-Nc4Hf1";
const SEAL_KEY: [u8; 32] = *b"seal key raw bytes Gs9Wd2 012345";
const COLLECTOR_PASSWORD: &str = "collector-passphrase-Uo6Re3";

/// Secrets by what they are.
#[derive(Default)]
struct Secrets(BTreeMap<String, Vec<u8>>);

impl Secrets {
    fn add(&mut self, name: &str, secret: impl Into<Vec<u8>>) {
        self.0.insert(name.to_owned(), secret.into());
    }

    /// A token or cookie: as it stands, and the bytes that its last part stands for.
    fn add_token(&mut self, name: &str, token: &str) {
        let last = token.rsplit('.').next().unwrap();
        self.add(name, token);
        self.add(&format!("{name}, its last part"), last);
        self.add(&format!("{name}, its bytes"), spelling::from_base64(last));
    }

    /// Which of them stand in `place`, in any spelling.
    fn found_in(&self, place: &[u8]) -> Vec<String> {
        let found = self.0.iter().filter_map(|(name, secret)| {
            let spelled = spellings(secret).into_iter().find(|it| contains(place, &it.1));
            spelled.map(|(how, _)| format!("{name} ({how})"))
        });
        found.collect()
    }

    fn must_not_stand_in(&self, what: &str, place: &[u8]) {
        assert!(!place.is_empty(), "{what} is empty");
        assert_eq!(self.found_in(place), Vec::<String>::new(), "in {what}");
    }
}

fn contains(place: &[u8], part: &[u8]) -> bool {
    // The first byte alone passes over most of a large file.
    let mut rest = place;
    while let Some(at) = rest.iter().position(|byte| *byte == part[0]) {
        rest = &rest[at..];
        if rest.starts_with(part) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

#[test]
fn a_secret_is_found_in_any_spelling() {
    let mut secrets = Secrets::default();
    secrets.add("it", "a secret\0\u{fe}\u{ff} of mine");
    let secret = "a secret\0\u{fe}\u{ff} of mine".as_bytes();
    for before in ["", "x", "xy", "xyz"] {
        let long = [before.as_bytes(), secret, b"more"].concat();
        let places =
            [long.clone(), base64(&long).into_bytes(), hex(&long).into_bytes(), hex(&long).to_uppercase().into_bytes()];
        for place in places {
            assert_eq!(secrets.found_in(&place).len(), 1, "{}", String::from_utf8_lossy(&place));
        }
    }
    assert!(secrets.found_in(b"a secret of mine").is_empty());
}

/// What a server is started with.
fn settings(format: &str) -> Vec<(&'static str, String)> {
    vec![
        ("DOORWARD_ADMIN_PASSWORD", ADMIN_PASSWORD.to_owned()),
        ("DOORWARD_LOG__LEVEL", "trace".to_owned()),
        ("DOORWARD_TOKEN__FORMAT", format.to_owned()),
        ("DOORWARD_TOKEN__SECRET_KEYS", SECRET_KEYS.join(",")),
        ("DOORWARD_PASSWORD__PEPPERS", PEPPER.to_owned()),
        ("DOORWARD_KEYS__SEAL_KEY", base64(&SEAL_KEY)),
        ("DOORWARD_LOGIN__FAILURE_TIME_MS", "0".to_owned()),
        // Nobody listens there, which is told in the log.
        ("DOORWARD_OTEL__ENDPOINT", "http://127.0.0.1:1".to_owned()),
        ("OTEL_EXPORTER_OTLP_HEADERS", format!("authorization=Bearer {COLLECTOR_PASSWORD}")),
    ]
}

fn given() -> Secrets {
    let mut secrets = Secrets::default();
    secrets.add("the administrator's password", ADMIN_PASSWORD);
    secrets.add("the newest secret key", SECRET_KEYS[0]);
    secrets.add("the older secret key", SECRET_KEYS[1]);
    secrets.add("the pepper", PEPPER);
    secrets.add("the seal key", SEAL_KEY);
    secrets.add("the collector's password", COLLECTOR_PASSWORD);
    secrets
}

/// Does with a server what people do, well and badly; answers what must then stand nowhere.
fn used(server: &Serving, secrets: &mut Secrets) {
    let login = server.log_in("admin", ADMIN_PASSWORD);
    add_login(secrets, "", &login);
    let (token, cookie) = (login.token(), cookie(&login));
    for headers in [("token", token.clone()), ("authorization", format!("Bearer {token}")), ("cookie", cookie)] {
        assert_eq!(server.get("/me", &[(headers.0, &headers.1)]).status, 200);
    }
    let refresh = json!({"refresh_token": login.json()["refresh_token"]});
    let refreshed = server.post("/token/refresh", &refresh);
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    add_tokens(secrets, "refreshed ", &refreshed.json());
    assert_eq!(server.post("/token/refresh", &refresh).status, 200, "within the grace");
    over_http2(server, secrets);

    secrets.add("the wrong password", WRONG_PASSWORD);
    assert_eq!(server.log_in("admin", WRONG_PASSWORD).status, 401);
    assert_eq!(server.log_in("nobody", WRONG_PASSWORD).status, 401);
    let torn = format!(r#"{{"username": "admin", "password": "{ADMIN_PASSWORD}", "#);
    let json_type = [("content-type", "application/json")];
    assert_eq!(server.send("POST", "/login", &json_type, &torn).status, 400);
    let twice = format!(r#"{{"username": "a", "password": "{ADMIN_PASSWORD}", "password": "{WRONG_PASSWORD}"}}"#);
    assert_eq!(server.send("POST", "/login", &json_type, &twice).status, 400);
    let form = format!("username=admin&password={ADMIN_PASSWORD}");
    assert_eq!(server.send("POST", "/login", &[("content-type", "text/plain")], &form).status, 400);
    assert_eq!(server.get(&format!("/me?token={token}&password={ADMIN_PASSWORD}"), &[]).status, 403);
    assert_eq!(server.get(&format!("/{ADMIN_PASSWORD}"), &[]).status, 404);

    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    assert_eq!(server.get("/me", &[("token", &forged)]).status, 401);
    assert_eq!(server.get("/me", &[("token", ADMIN_PASSWORD)]).status, 401);
    assert_eq!(server.get("/logout", &[("token", &token)]).status, 200);
    assert_eq!(server.get("/me", &[("token", &token)]).status, 401);
    assert_eq!(server.post("/token/refresh", &refresh).status, 401);
    // Goes on living, so that there is something to find.
    add_login(secrets, "living ", &server.log_in("admin", ADMIN_PASSWORD));
}

fn cookie(login: &Reply) -> String {
    login.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

fn add_login(secrets: &mut Secrets, which: &str, login: &Reply) {
    add_tokens(secrets, which, &login.json());
    secrets.add_token(&format!("the {which}session cookie"), cookie(login).split_once('=').unwrap().1);
}

fn add_tokens(secrets: &mut Secrets, which: &str, answer: &Value) {
    secrets.add_token(&format!("the {which}access token"), answer["token"].as_str().unwrap());
    secrets.add_token(&format!("the {which}refresh token"), answer["refresh_token"].as_str().unwrap());
}

/// The same way in over HTTP/2, whose library has a log of its own.
fn over_http2(server: &Serving, secrets: &mut Secrets) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = server.connect();
        stream.set_nonblocking(true).unwrap();
        let stream = TokioIo::new(tokio::net::UnixStream::from_std(stream).unwrap());
        let (mut client, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        let mut send = async |request: http::request::Builder, body: String| {
            let request = request.body(http_body_util::Full::new(bytes::Bytes::from(body))).unwrap();
            let answer = client.send_request(request).await.unwrap();
            assert_eq!(answer.status(), 200);
            String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
        };
        let login = http::Request::post("http://localhost/login").header("content-type", "application/json");
        let body = json!({"username": "admin", "password": ADMIN_PASSWORD}).to_string();
        let answer: Value = serde_json::from_str(&send(login, body).await).unwrap();
        add_tokens(secrets, "second ", &answer);
        let token = answer["token"].as_str().unwrap();
        send(http::Request::get("http://localhost/me").header("token", token), String::new()).await;
    });
}

/// Everything that the program says of itself under these settings.
fn must_not_be_told(secrets: &Secrets, server: &mut Serving, folder: &Folder, flags: &[&str], format: &str) {
    let metrics = server.get("/metrics", &[]).body;
    assert!(metrics.contains("doorward_logins_total"), "{metrics}");
    secrets.must_not_stand_in("/metrics", metrics.as_bytes());
    for line in [
        "config show",
        "--json config show",
        "config check",
        "--json config check",
        "--json doctor",
        "--json user list",
        "--json session list admin",
        "--json key list",
        "key list",
        "openapi",
    ] {
        let mut command = folder.program();
        command.envs(settings(format)).args(flags).args(line.split(' '));
        let run = folder.run_command(&mut command, "");
        secrets.must_not_stand_in(line, (run.out + &run.err).as_bytes());
    }
    assert_eq!(server.stop(), Some(0));
    let log = server.log();
    for said in [
        r#""level":"TRACE""#,
        "the collector doesn't take traces",
        r#""error":"invalid_credentials""#,
        r#""route":"/token/refresh""#,
    ] {
        assert!(log.contains(said), "the log does not say {said}");
    }
    secrets.must_not_stand_in("the log", log.as_bytes());
    secrets.must_not_stand_in("standard output and the log", (log + &server.printed()).as_bytes());
}

#[test]
fn h1_h2_no_secret_is_told_or_kept_on_sqlite() {
    let folder = Folder::new();
    let mut command = folder.program();
    command.envs(settings("jwt"));
    let mut server = Serving::begin(&folder, command, "door").ready();
    let mut secrets = given();
    used(&server, &mut secrets);

    let backup = folder.run_command(folder.program().envs(settings("jwt")).args(["backup", "copy.db"]), "");
    assert_eq!(backup.code, 0, "{}", backup.err);
    for name in ["copy.db", "doorward.db", "doorward.db-wal", "doorward.db-shm"] {
        secrets.must_not_stand_in(name, &fs::read(folder.path(name)).unwrap());
    }
    assert!(contains(&fs::read(folder.path("copy.db")).unwrap(), b"$argon2id$"), "the backup holds the users");
    must_not_be_told(&secrets, &mut server, &folder, &[], "jwt");
    assert_eq!(folder.files(), ["copy.db", "doorward.db"], "no other file was made");
    secrets.must_not_stand_in("doorward.db", &fs::read(folder.path("doorward.db")).unwrap());
}

#[test]
fn h1_h2_no_secret_is_told_or_kept_on_postgresql() {
    let folder = Folder::new();
    let url = postgres::new_database();
    // A parameter that libpq knows and the driver does not.
    let with_parameter = format!("{url}?sslmode=disable&sslpassword=key-passphrase-Wb2Xn8");
    let mut command = folder.program();
    command.envs(settings("flask")).args(["--database", &with_parameter]);
    let mut server = Serving::begin(&folder, command, "door").ready();
    let mut secrets = given();
    let password = url.split_once("://postgres:").unwrap().1.split('@').next().unwrap();
    secrets.add("the database's password", password);
    secrets.add("the passphrase of the database's key", "key-passphrase-Wb2Xn8");
    used(&server, &mut secrets);

    let tables =
        postgres::lines(&url, "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'");
    assert!(tables.len() > 6, "{tables:?}");
    let rows = tables.iter().flat_map(|table| postgres::lines(&url, &format!("SELECT t::text FROM \"{table}\" t")));
    let dump = rows.collect::<Vec<_>>().join("\n");
    assert!(dump.contains("$argon2id$"), "the dump holds the users");
    secrets.must_not_stand_in("the tables", dump.as_bytes());
    must_not_be_told(&secrets, &mut server, &folder, &["--database", &with_parameter], "flask");
}

#[test]
fn h2_what_is_wrong_with_a_secret_is_told_without_it() {
    let folder = Folder::new();
    for (name, value) in [
        ("DOORWARD_KEYS__SEAL_KEY", "not-base64-Lm4Vt7"),
        ("DOORWARD_DATABASE", "mysql://doorward:Lm4Vt7@db.example.com/doorward"),
        ("DOORWARD_DATABASE", "postgres://doorward:Lm4Vt7@db.example.com:port/doorward"),
        ("DOORWARD_DATABASE", "postgres://doorward:Lm4Vt7/?#@db.example.com/doorward"),
        ("DOORWARD_DATABASE", "postgres://doorward:Lm4Vt7@127.0.0.1:1/doorward?passfile=Lm4Vt7"),
        ("DOORWARD_DATABASE", "postgres://doorward:Lm4Vt7@127.0.0.1:1/doorward"),
        ("DOORWARD_OTEL__ENDPOINT", "ftp://collector:Lm4Vt7@collector.example.com"),
        ("DOORWARD_OTEL__ENDPOINT", "http://collector:Lm4Vt7@127.0.0.1:1"),
        ("DOORWARD_TOKEN__SECRET_KEYS", "Lm4Vt7"),
    ] {
        for line in ["user list", "--json user list", "serve", "config check", "--json config show", "doctor"] {
            let mut command = folder.program();
            command.env(name, value).env("DOORWARD_LOG__LEVEL", "trace").args(line.split(' '));
            // Serving ends by itself: the folder in which it would listen is not there.
            command.args(["--set", "listen=unix:/nowhere/door"]);
            let run = folder.run_command(&mut command, "");
            assert!(
                !run.out.contains("Lm4Vt7") && !run.err.contains("Lm4Vt7"),
                "{name} {line}: {}{}",
                run.out,
                run.err
            );
        }
    }
}
