//! `doorward serve` as a process of its own, and a client to it.

use std::{
    io::{BufRead as _, BufReader, Read, Write as _},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::program::Folder;

/// A server that says it is ready. Killed when the test is over.
pub(crate) struct Serving {
    child: Child,
    socket: PathBuf,
    readers: Vec<JoinHandle<()>>,
    log: Arc<Mutex<String>>,
    printed: Arc<Mutex<String>>,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Serving {
    /// Starts `command`, which is the program or ends in it, and does not wait.
    pub(crate) fn begin(folder: &Folder, mut command: Command, socket: &str) -> Starting {
        let socket = folder.path(socket);
        let mut child = command
            .args(["serve", "--listen", &format!("unix:{}", socket.display())])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (said, heard) = mpsc::channel();
        let (log, printed) = <(Arc<Mutex<String>>, Arc<Mutex<String>>)>::default();
        let readers = vec![
            keep(child.stderr.take().unwrap(), Arc::clone(&log), Some(said)),
            keep(child.stdout.take().unwrap(), Arc::clone(&printed), None),
        ];
        Starting(Self { child, socket, readers, log, printed }, heard)
    }

    /// What stands in its log.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// What it printed on standard output.
    pub(crate) fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }

    /// The password of the first administrator, if this server made one. It may be printed after the log says that the
    /// server is ready, as far as a reader of both can tell.
    pub(crate) fn first_password(&self) -> Option<String> {
        self.printed().lines().find_map(|line| line.strip_prefix("    ").map(str::to_owned))
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Tells it to stop, and answers its exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        let status = self.child.wait().unwrap();
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        status.code()
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send("GET", path, headers, "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &[("content-type", "application/json")], &body.to_string())
    }

    pub(crate) fn log_in(&self, username: &str, password: &str) -> Reply {
        self.post("/login", &json!({"username": username, "password": password}))
    }

    /// The socket that it serves on.
    pub(crate) fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.socket).unwrap()
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        let length = body.len();
        let mut stream = self.connect();
        stream.write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}: {}", self.log()));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.to_owned(), body: body.to_owned() }
    }
}

/// A server that was started, and may not be ready.
pub(crate) struct Starting(Serving, mpsc::Receiver<()>);

impl Starting {
    pub(crate) fn ready(self) -> Serving {
        let Self(serving, heard) = self;
        assert!(heard.recv().is_ok(), "the server ended: {}", serving.log());
        serving
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether it comes true within 10 s. What another process does on its own time can only be asked for
/// again and again.
pub(crate) fn soon(is_true: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end {
        if is_true() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

/// Reads to the end; tells when the line comes that says the server is ready.
fn keep(
    from: impl Read + Send + 'static,
    into: Arc<Mutex<String>>,
    mut ready: Option<mpsc::Sender<()>>,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line);
            let mut text = into.lock().unwrap();
            text.push_str(&line);
            text.push('\n');
            if line.contains(r#""message":"ready""#)
                && let Some(ready) = ready.take()
            {
                // A test that has failed listens no more.
                let _ = ready.send(());
            }
        }
    })
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Status and error name.
    pub(crate) fn error(&self) -> String {
        format!("{} {}", self.status, self.json()["error"].as_str().unwrap_or_default())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The access token of a login.
    pub(crate) fn token(&self) -> String {
        self.json()["token"].as_str().unwrap_or_else(|| panic!("no token: {self:?}")).to_owned()
    }
}
