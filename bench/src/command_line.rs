//! What can be asked of the rigs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand, ValueEnum};

use crate::fault::{self, Findings};
use crate::measure::{self, Rig};
use crate::report::Report;
use crate::server::flask::Flask;
use crate::server::postgres::Postgres;

/// Measures Doorward against what it is compared with, and tries it with faults.
#[derive(Debug, Parser)]
#[command(name = "doorward-bench", version)]
pub(crate) struct CommandLine {
    /// The binary under measurement (release build)
    #[arg(long, global = true, default_value = "target/release/doorward")]
    doorward: PathBuf,
    /// Command line of an application with Doorward inside and a guarded `GET /my_info`; without it `GET /me` is asked
    #[arg(long, global = true)]
    embedded: Option<String>,
    /// Folder of the Flask application
    #[arg(long, global = true, default_value = "bench/flask")]
    flask: PathBuf,
    /// Folder of doorward-flask
    #[arg(long, global = true, default_value = "clients/python")]
    flask_guard: PathBuf,
    /// Virtual environment of the Flask application; made if missing
    #[arg(long, global = true, default_value = "target/bench-venv")]
    venv: PathBuf,
    /// Python 3.11, to make the virtual environment with
    #[arg(long, global = true, default_value = "python3")]
    python: String,
    /// Where the figures go as JSON
    #[arg(long, global = true, default_value = "bench/results")]
    pub results: PathBuf,
    /// Where the table goes
    #[arg(long, global = true, default_value = "docs/performance.md")]
    pub table: PathBuf,
    /// How often each side has its turn
    #[arg(long, global = true, default_value_t = 9)]
    turns: usize,
    /// How many seconds a turn lasts
    #[arg(long, global = true, default_value_t = 3)]
    seconds: u64,
    #[command(subcommand)]
    pub task: Task,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Every measurement, one after the other
    All {
        /// Failed logins of each kind for `timing`
        #[arg(long, default_value_t = 1000)]
        samples: usize,
    },
    #[command(flatten)]
    Measure(Measurement),
    /// Writes the table again from the results
    Table,
    /// Every fault, one after the other
    Faults,
    #[command(flatten)]
    Fault(Fault),
    /// The server that guarded requests are compared with
    #[command(hide = true)]
    BareAxum {
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long)]
        answer: PathBuf,
        /// The Doorward whose tokens it asks for, as the service whose key is in `DOORWARD_SERVICE_KEY`
        #[arg(long)]
        guarded_by: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Measurement {
    /// CPU of a guarded request against bare axum
    Guarded,
    /// The same of a service with the crate doorward-guard alone, beside a Doorward
    GuardedService,
    /// Logins a second against the bare argon2 crate
    Logins,
    /// Guarded requests while logins fill the hash pool
    Flood,
    /// Against the Flask system under gunicorn
    Flask,
    /// The Flask application guarded by doorward-flask against its own decorator
    FlaskGuard,
    /// Memory, idle and under logins
    Memory,
    /// Time from start to first answer
    Start,
    /// 1,000,000 users against 1,000
    Scale {
        /// On PostgreSQL too
        #[arg(long)]
        postgres: bool,
    },
    /// `/forward-auth` behind nginx against an nginx that lets everybody in
    ForwardAuth,
    /// Logout on one replica seen by another
    Revocation,
    /// Logout heard of by 1, 10 and 100 guards that follow the feed
    Feed,
    /// What the time of a failed login gives away
    Timing {
        /// Failed logins of each kind
        #[arg(long, default_value_t = 1000)]
        samples: usize,
        /// At once
        #[arg(long, default_value_t = 2)]
        clients: usize,
    },
    /// Users in, everything out and back, and from one engine to the other
    Transfer {
        /// How many
        #[arg(long, default_value_t = 1_000_000)]
        users: u64,
    },
    /// What the time of asking for a new password gives away
    RecoveryTiming {
        /// Addresses of each kind
        #[arg(long, default_value_t = 500)]
        samples: usize,
        /// At once
        #[arg(long, default_value_t = 2)]
        clients: usize,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Fault {
    /// `kill -9` under mixed writes, again and again
    KillNine {
        #[arg(long, default_value_t = 50)]
        rounds: u32,
        #[arg(long, value_enum, default_value_t = On::Both)]
        engine: On,
    },
    /// `adopt`, `import`, `export` and `move` killed at random moments
    KilledCommands {
        /// How often each of them, at the least
        #[arg(long, default_value_t = 100)]
        kills: u32,
        #[arg(long, value_enum, default_value_t = On::Both)]
        engine: On,
    },
    /// PostgreSQL killed, restarted and frozen under two replicas
    PostgresRestart {
        /// Seconds that PostgreSQL stays frozen
        #[arg(long, default_value_t = 10)]
        frozen: u64,
    },
    /// The Flask application and Doorward on one database
    BesideFlask {
        /// Seconds of mixed load
        #[arg(long, default_value_t = 60)]
        load: u64,
        #[arg(long, value_enum, default_value_t = On::Both)]
        engine: On,
    },
}

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum On {
    Sqlite,
    Postgres,
    Both,
}

impl On {
    /// Whether `SQLite` is meant.
    pub(crate) fn sqlite(self) -> bool {
        self != Self::Postgres
    }

    /// Whether PostgreSQL is meant.
    pub(crate) fn postgres(self) -> bool {
        self != Self::Sqlite
    }
}

impl CommandLine {
    /// One measurement, printed and kept.
    pub(crate) async fn measure(&self, measurement: &Measurement) -> Result<()> {
        let rig = self.rig();
        let report = match measurement {
            Measurement::Guarded => measure::guarded::run(&rig).await?,
            Measurement::GuardedService => measure::guarded_service::run(&rig).await?,
            Measurement::ForwardAuth => measure::forward_auth::run(&rig).await?,
            Measurement::Logins => measure::logins::run(&rig).await?,
            Measurement::Flood => measure::flood::run(&rig).await?,
            Measurement::Flask => measure::flask::run(&rig, &self.flask()?).await?,
            Measurement::FlaskGuard => measure::flask_guard::run(&rig, &self.flask()?, &self.flask_guard).await?,
            Measurement::Memory => measure::memory::run(&rig).await?,
            Measurement::Start => measure::start::run(&rig).await?,
            Measurement::Scale { postgres: false } => measure::scale::run(&rig, None).await?,
            Measurement::Scale { postgres: true } => measure::scale::run(&rig, Some(&Postgres::start().await?)).await?,
            Measurement::Revocation => measure::revocation::run(&rig, &Postgres::start().await?).await?,
            Measurement::Feed => measure::feed::run(&rig).await?,
            Measurement::Timing { samples, clients } => measure::timing::run(&rig, *samples, *clients).await?,
            Measurement::Transfer { users } => measure::transfer::run(&rig, &Postgres::start().await?, *users).await?,
            Measurement::RecoveryTiming { samples, clients } => {
                measure::recovery_timing::run(&rig, *samples, *clients).await?
            }
        };
        self.keep(&report)
    }

    /// Every measurement; one that fails is named at the end and doesn't stop the others.
    pub(crate) async fn measure_all(&self, samples: usize) -> Result<()> {
        let mut failed = Vec::new();
        for measurement in [
            Measurement::Guarded,
            Measurement::GuardedService,
            Measurement::ForwardAuth,
            Measurement::Logins,
            Measurement::Flood,
            Measurement::Flask,
            Measurement::FlaskGuard,
            Measurement::Memory,
            Measurement::Start,
            Measurement::Scale { postgres: true },
            Measurement::Revocation,
            Measurement::Feed,
            Measurement::Timing { samples, clients: 2 },
            Measurement::RecoveryTiming { samples: samples.min(500), clients: 2 },
            Measurement::Transfer { users: 1_000_000 },
        ] {
            println!("== {measurement:?}");
            if let Err(error) = self.measure(&measurement).await {
                println!("{measurement:?} failed: {error:#}");
                failed.push(format!("{measurement:?}"));
            }
        }
        if failed.is_empty() { Ok(()) } else { bail!("without a figure: {}", failed.join(", ")) }
    }

    /// One fault; what didn't hold is an error.
    pub(crate) async fn try_fault(&self, fault: &Fault) -> Result<()> {
        let rig = self.rig();
        let findings = match fault {
            Fault::KillNine { rounds, engine } => fault::kill_nine::run(&rig, *rounds, *engine).await?,
            Fault::KilledCommands { kills, engine } => fault::killed_commands::run(&rig, *kills, *engine).await?,
            Fault::PostgresRestart { frozen } => {
                fault::postgres_restart::run(&rig, Duration::from_secs(*frozen)).await?
            }
            Fault::BesideFlask { load, engine } => {
                fault::beside_flask::run(&rig, &self.flask()?, Duration::from_secs(*load), *engine).await?
            }
        };
        self.conclude(&findings)
    }

    /// Every fault; one that fails doesn't stop the others.
    pub(crate) async fn try_all_faults(&self) -> Result<()> {
        let mut failed = Vec::new();
        for fault in [
            Fault::KillNine { rounds: 50, engine: On::Both },
            Fault::KilledCommands { kills: 100, engine: On::Both },
            Fault::PostgresRestart { frozen: 30 },
            Fault::BesideFlask { load: 60, engine: On::Both },
        ] {
            println!("== {fault:?}");
            if let Err(error) = self.try_fault(&fault).await {
                println!("{fault:?}: {error:#}");
                failed.push(format!("{fault:?}"));
            }
        }
        if failed.is_empty() { Ok(()) } else { bail!("did not hold: {}", failed.join(", ")) }
    }

    fn conclude(&self, findings: &Findings) -> Result<()> {
        findings.keep(&self.results.join("faults"))
    }

    fn keep(&self, report: &Report) -> Result<()> {
        report.keep(&self.results, &self.table)
    }

    fn flask(&self) -> Result<Flask> {
        Flask::prepare(&self.flask, &self.venv, &self.python)
    }

    fn rig(&self) -> Rig {
        Rig {
            doorward: self.doorward.clone(),
            embedded: self.embedded.clone(),
            turns: self.turns,
            turn: Duration::from_secs(self.seconds),
        }
    }
}
