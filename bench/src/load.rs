//! Load on a server: as fast as it answers, or at a fixed rate.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use hdrhistogram::Histogram;
use rand::RngExt;
use tokio::task::JoinSet;

use crate::http_client::{Answer, Connection, Request};
use crate::statistics::{latencies, record};

/// Whether an answer is the one that is measured.
pub(crate) type Check = Arc<dyn Fn(&Answer) -> bool + Send + Sync>;

/// What to send and what to expect.
#[derive(Clone)]
pub(crate) struct Load {
    /// Where to.
    pub address: SocketAddr,
    /// One of these is drawn each time.
    pub requests: Arc<Vec<Request>>,
    /// Anything else is counted as refused.
    pub check: Check,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Right answers.
    pub completed: u64,
    /// Other answers, and connections that broke.
    pub refused: u64,
    /// One of the refused, for a message.
    pub example: Option<String>,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// In µs, of the right answers.
    pub latency: Histogram<u64>,
}

impl Outcome {
    fn empty() -> Self {
        Self { completed: 0, refused: 0, example: None, elapsed: Duration::ZERO, latency: latencies() }
    }

    /// Both together; the time is not added up.
    pub(crate) fn add(&mut self, other: Self) -> Result<()> {
        self.completed += other.completed;
        self.refused += other.refused;
        self.example = self.example.take().or(other.example);
        self.latency.add(other.latency)?;
        Ok(())
    }

    fn count(&mut self, answer: &std::io::Result<Answer>, check: &Check, latency: Duration) {
        match answer {
            Ok(answer) if check(answer) => {
                self.completed += 1;
                record(&mut self.latency, latency);
            }
            Ok(answer) => {
                self.refused += 1;
                self.example.get_or_insert_with(|| answer.in_short());
            }
            Err(error) => {
                self.refused += 1;
                self.example.get_or_insert_with(|| error.to_string());
            }
        }
    }

    /// Right answers a second.
    pub(crate) fn rate(&self) -> f64 {
        #[allow(clippy::cast_precision_loss)] // A count of requests.
        let completed = self.completed as f64;
        completed / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// An error naming one of the refused answers, if there was any.
    pub(crate) fn all_right(self, what: &str) -> Result<Self> {
        if self.refused > 0 || self.completed == 0 {
            let example = self.example.as_deref().unwrap_or("no answer at all");
            bail!("{what}: {} of {} requests went wrong: {example}", self.refused, self.completed + self.refused);
        }
        Ok(self)
    }
}

impl Load {
    /// Each connection sends its next request when the last is answered.
    pub(crate) async fn closed_loop(&self, connections: usize, duration: Duration) -> Result<Outcome> {
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            let load = self.clone();
            tasks.spawn(async move {
                let mut outcome = Outcome::empty();
                let mut connection = Connection::new(load.address);
                while started.elapsed() < duration {
                    let sent = Instant::now();
                    let answer = connection.send(load.draw()).await;
                    outcome.count(&answer, &load.check, sent.elapsed());
                    back_off_after_failure(answer.is_err()).await;
                }
                outcome
            });
        }
        gather(tasks, started).await
    }

    /// `rate` requests a second over all connections; the latency counts from when a request was due, so that a stalled
    /// server doesn't hide its stall by being asked less.
    pub(crate) async fn paced(&self, connections: usize, rate: u32, duration: Duration) -> Result<Outcome> {
        let interval = Duration::from_secs(1) * u32::try_from(connections)? / rate.max(1);
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for index in 0..u32::try_from(connections)? {
            let load = self.clone();
            let first = started + interval * index / u32::try_from(connections)?;
            tasks.spawn(async move {
                let mut outcome = Outcome::empty();
                let mut connection = Connection::new(load.address);
                let mut due = first;
                while due < started + duration {
                    // The timer's own lateness (up to 1 ms) is not the server's.
                    let from = if Instant::now() < due {
                        tokio::time::sleep_until(due.into()).await;
                        Instant::now()
                    } else {
                        due
                    };
                    let answer = connection.send(load.draw()).await;
                    outcome.count(&answer, &load.check, from.elapsed());
                    back_off_after_failure(answer.is_err()).await;
                    due += interval;
                }
                outcome
            });
        }
        gather(tasks, started).await
    }

    fn draw(&self) -> &Request {
        match self.requests.as_slice() {
            [only] => only,
            several => &several[rand::rng().random_range(0..several.len())],
        }
    }
}

/// A server that is away refuses connections at once; asking it ten thousand times a second measures nothing.
async fn back_off_after_failure(failed: bool) {
    if failed {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn gather(mut tasks: JoinSet<Outcome>, started: Instant) -> Result<Outcome> {
    let mut total = Outcome::empty();
    while let Some(outcome) = tasks.join_next().await {
        total.add(outcome?)?;
    }
    total.elapsed = started.elapsed();
    Ok(total)
}

/// Only the HTTP status is looked at.
pub(crate) fn status(expected: u16) -> Check {
    Arc::new(move |answer| answer.status == expected)
}

/// The body must be the same to the byte.
pub(crate) fn body(expected: Vec<u8>) -> Check {
    Arc::new(move |answer| answer.status == 200 && answer.body == expected)
}

/// An answer of a login with a token in it (the Flask system says 200 for a failure as well).
pub(crate) fn signed_in() -> Check {
    Arc::new(|answer| answer.status == 200 && answer.body.windows(8).any(|window| window == b"\"token\":"))
}
