//! The server as a process: its signals, and what systemd gives it and hears from it.

use std::io::{BufRead, BufReader, Lines};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::*;

/// The other tests run this one as a process of its own.
#[test]
#[ignore = "a process that the other tests start"]
fn child() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let gate = Arc::new(Gate::default());
        let server = Server::bind(config()).await.unwrap();
        println!("\nlistening {}", server.addresses()[0]);
        let entered = Arc::clone(&gate);
        tokio::spawn(async move {
            entered.entered.notified().await;
            println!("entered");
        });
        let signals = crate::serve::signals().unwrap();
        let shutdown = async {
            signals.await;
            println!("stopping");
        };
        server.run(router(gate), shutdown).await;
        println!("ended");
    });
}

/// [`child`], running. Killed when the test is over.
struct Process {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(environment: &[(&str, String)], socket: Option<OwnedFd>) -> Self {
        let (_crate, module) = module_path!().split_once("::").unwrap();
        let mut command = Command::new("sh");
        // The shell only moves the socket to where systemd would put it; `exec` keeps its number.
        command.arg("-c").arg(match socket {
            Some(_) => r#"LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@" 3<&0 </dev/null"#,
            None => r#"exec "$0" "$@""#,
        });
        command.arg(std::env::current_exe().unwrap());
        command.args(["--exact", &format!("{module}::child"), "--ignored", "--nocapture"]);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.stdin(socket.map_or_else(Stdio::null, Stdio::from));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, output }
    }

    /// Reads on until a line that begins so, and gives its rest.
    fn wait_for(&mut self, begin: &str) -> String {
        self.output
            .by_ref()
            .map(|line| line.unwrap())
            .find_map(|line| line.strip_prefix(begin).map(str::to_owned))
            .unwrap_or_else(|| panic!("ended without {begin:?}"))
    }

    fn address(&mut self) -> SocketAddr {
        self.wait_for("listening http://").parse().unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn exit_status(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn sigterm_and_sigint_stop_the_process_in_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut process = Process::start(&[], None);
        let address = process.address();
        let mut client = Client(TcpStream::connect(address).await.unwrap());
        client.get().await;
        process.signal(signal);
        process.wait_for("ended");
        assert_eq!(process.exit_status(), Some(0));
        assert_eq!(client.rest().await, "");
    }
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let mut process = Process::start(&[], None);
        let address = process.address();
        let mut client = Client(TcpStream::connect(address).await.unwrap());
        client.send(GET_GATE).await;
        process.wait_for("entered");
        process.signal(signal);
        process.wait_for("stopping");
        process.signal(signal);
        assert_eq!(process.exit_status(), Some(status));
    }
}

#[tokio::test]
async fn a_socket_from_systemd_is_served_instead_of_the_configured_one() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let mut process = Process::start(&[], Some(socket.into()));
    assert_eq!(process.address(), address);
    let mut client = Client(TcpStream::connect(address).await.unwrap());
    assert!(client.get().await.ends_with("hello"));
}

#[tokio::test]
async fn a_unix_socket_from_systemd_is_served_and_its_file_left_alone() {
    let (_folder, path) = folder();
    let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let mut process = Process::start(&[], Some(socket.into()));
    assert_eq!(process.wait_for("listening unix:"), path.to_str().unwrap());
    let mut client = Client(tokio::net::UnixStream::connect(&path).await.unwrap());
    assert!(client.get().await.ends_with("hello"));
    process.signal(Signal::TERM);
    process.wait_for("ended");
    assert!(path.exists());
}

#[test]
fn systemd_hears_of_every_state() {
    let (_folder, path) = folder();
    let systemd = UnixDatagram::bind(&path).unwrap();
    let mut process = Process::start(
        &[("NOTIFY_SOCKET", path.to_str().unwrap().to_owned()), ("WATCHDOG_USEC", "20000".to_owned())],
        None,
    );
    let address = process.address();
    let hear = |wanted: &str| {
        let mut space = [0; 1024];
        loop {
            let length = systemd.recv(&mut space).unwrap();
            let said = std::str::from_utf8(&space[..length]).unwrap();
            if said.contains(wanted) {
                return said.to_owned();
            }
        }
    };

    let ready = hear("READY=1");
    assert!(ready.contains(&format!("STATUS=Listening on http://{address}")), "{ready}");
    hear("WATCHDOG=1");
    hear("WATCHDOG=1");
    process.signal(Signal::HUP);
    assert!(hear("RELOADING=1").contains("MONOTONIC_USEC="));
    hear("READY=1");
    process.signal(Signal::TERM);
    hear("STOPPING=1");
    process.wait_for("ended");
}
