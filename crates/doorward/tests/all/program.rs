use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder to run the program in, with nothing of the environment.
pub(crate) struct Folder(TempDir);

/// A `doorward serve` that ends with the test.
pub(crate) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How a run ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder whose `doorward.db` is a copy of a database that a Flask application made.
    pub(crate) fn with_application(fixture: &str) -> Self {
        let folder = Self::new();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../doorward-core/tests/fixtures");
        let content = std::fs::read(fixtures.join(fixture)).unwrap();
        std::fs::write(folder.path("doorward.db"), content).unwrap();
        folder
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// The names of what is in it.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    pub(crate) fn run(&self, line: &str) -> Run {
        self.run_with_input(line, "")
    }

    /// Runs `doorward` with the words of `line`.
    pub(crate) fn run_with_input(&self, line: &str, input: &str) -> Run {
        self.run_command(self.program().args(line.split(' ')), input)
    }

    /// The program, to be run here with nothing of the environment.
    pub(crate) fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command.current_dir(self.0.path()).env_clear();
        command
    }

    /// The same, begun by a shell script that ends in `exec "$0" "$@"`.
    pub(crate) fn program_under(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        command.current_dir(self.0.path()).env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.args(["-c", script, env!("CARGO_BIN_EXE_doorward")]);
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run_command(&self, command: &mut Command, input: &str) -> Run {
        let mut child = command
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that reads no input may be over already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Run {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Serves on an empty database, and has told the first password when this returns.
    pub(crate) fn serve(&self) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_doorward"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .current_dir(self.0.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = lines.map(Result::unwrap).any(|line| line.starts_with("It is not shown again."));
        assert!(told, "the server ended");
        Server(child)
    }

    /// Runs `doorward`, which must do what it is asked.
    pub(crate) fn done(&self, line: &str) -> String {
        let run = self.run(line);
        assert_eq!(run.code, 0, "{line}: {}", run.err);
        run.out
    }
}

impl Run {
    /// The answer, under `--json`.
    pub(crate) fn answer(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {:?}", self.out))
    }

    /// The error, under `--json`.
    pub(crate) fn error(&self) -> Value {
        serde_json::from_str(&self.err).unwrap_or_else(|error| panic!("{error}: {:?}", self.err))
    }
}
