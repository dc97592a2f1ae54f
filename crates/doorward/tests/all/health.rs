//! `doorward health` against a running server, over each kind of listener.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Child, ChildStderr, Command, Stdio},
};

use serde_json::json;

use crate::program::Folder;

/// A server that was told where to listen, and has logged where it really does.
struct Listening {
    child: Child,
    log: BufReader<ChildStderr>,
    addresses: Vec<String>,
}

impl Listening {
    fn start(folder: &Folder, settings: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command.current_dir(folder.path("")).env_clear().env("DOORWARD_LOG__FORMAT", "json");
        for setting in settings {
            command.args(["--set", setting]);
        }
        let mut child =
            command.arg("serve").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let addresses = loop {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "the server ended");
            let event: serde_json::Value = serde_json::from_str(&line).unwrap();
            if let Some(places) = event["message"].as_str().and_then(|message| message.strip_prefix("Listening on ")) {
                break places.split(", ").map(str::to_owned).collect();
            }
        };
        Self { child, log, addresses }
    }

    /// The port of the first address.
    fn port(&self) -> &str {
        self.addresses[0].rsplit(':').next().unwrap()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::io::copy(&mut self.log, &mut std::io::sink());
    }
}

#[test]
fn a_running_server_is_well_and_ready_over_tcp_and_a_unix_socket() {
    let folder = Folder::new();
    let socket = format!("unix:{}", folder.path("socket").display());
    let server = Listening::start(&folder, &[&format!("listen=0.0.0.0:0,{socket}")]);

    assert_eq!(folder.done(&format!("--set listen={socket} health")), "ok\n");
    // Under the address for all of this machine, as in a container.
    let listen = format!("listen=0.0.0.0:{}", server.port());
    assert_eq!(folder.done(&format!("--set {listen} health --ready")), "ready\n");
    let answer = folder.run(&format!("--json --set {listen} health --ready")).answer();
    assert_eq!(answer["status"], "ready");
    assert_eq!(answer["checks"], json!({"database": "ok", "passwords": "ok", "revocations": "ok"}));
    assert_eq!(answer["address"], format!("http://0.0.0.0:{}", server.port()));

    // The second address is asked where the first one doesn't answer.
    let gone = format!("unix:{}", folder.path("gone").display());
    assert_eq!(folder.done(&format!("--set listen={gone},{socket} health")), "ok\n");
}

#[test]
fn a_server_with_tls_is_asked_whatever_name_its_certificate_is_for() {
    let folder = Folder::new();
    let pair = rcgen::generate_simple_self_signed(["users.example.com".to_owned()]).unwrap();
    std::fs::write(folder.path("cert.pem"), pair.cert.pem()).unwrap();
    std::fs::write(folder.path("key.pem"), pair.signing_key.serialize_pem()).unwrap();
    let files = ["tls.certificate=cert.pem", "tls.key=key.pem"];
    let server = Listening::start(&folder, &[files[0], files[1], "listen=127.0.0.1:0"]);
    assert!(server.addresses[0].starts_with("https://"));

    let tls = format!("--set {} --set {}", files[0], files[1]);
    let listen = format!("--set listen=127.0.0.1:{}", server.port());
    assert_eq!(folder.done(&format!("{tls} {listen} health --ready")), "ready\n");
    assert_eq!(folder.run(&format!("{listen} health")).code, 1);
}

#[test]
fn a_server_that_is_not_there_or_not_ready_is_told_with_exit_code_1() {
    let folder = Folder::new();
    let socket = format!("unix:{}", folder.path("socket").display());
    let nobody = folder.run(&format!("--json --set listen={socket} health"));
    assert_eq!((nobody.code, nobody.out.as_str()), (1, ""));
    let error = nobody.error();
    assert_eq!(error["error"], "no_answer");
    assert!(error["message"].as_str().unwrap().starts_with(&socket), "{error}");
    assert!(error["way_out"].as_str().unwrap().contains("doorward serve"), "{error}");
    assert!(folder.run("--set listen=127.0.0.1:0 health").err.contains("port 0 is a different one"));
    assert_eq!(folder.files(), Vec::<String>::new());

    // What a replica answers whose database is away.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let answering = std::thread::spawn(move || {
        use std::io::Write as _;
        let (mut stream, _) = other.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap() > 2 {
            line.clear();
        }
        let body = r#"{"status":"not ready","checks":{"database":"it does not answer","passwords":"ok"}}"#;
        let length = body.len();
        write!(stream, "HTTP/1.1 503 Service Unavailable\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
    });
    let run = folder.run(&format!("--set listen=127.0.0.1:{port} health --ready"));
    answering.join().unwrap();
    assert_eq!((run.code, run.out.as_str()), (1, "not ready\ndatabase: it does not answer\n"));
}
