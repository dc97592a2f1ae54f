use std::{
    collections::VecDeque,
    panic::AssertUnwindSafe,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::hash::{Limits, Scratch};
use crate::{Error, settings::Settings};

/// How long a thread without work keeps its hashing memory.
const KEEP_MEMORY: Duration = Duration::from_millis(500);

/// Longer than the allocator waits before it gives back.
const GIVE_BACK_AFTER: Duration = Duration::from_millis(200);
/// Enough that the allocator asks the system.
const GIVE_BACK_BYTES: usize = 8 * 1024 * 1024;

/// How far the threads stand back: a tenth of the time still falls to them beside threads that never rest.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 19;

type Job = Box<dyn FnOnce(&mut Scratch) + Send>;

/// The threads that hash passwords: their number bounds the memory, their queue the wait. What comes
/// past the queue is refused at once.
pub struct HashingPool {
    shared: Arc<Shared>,
    limits: Limits,
    peppers: Arc<[Vec<u8>]>,
}

struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    threads: usize,
    most_waiting: usize,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    started: usize,
    idle: usize,
    closed: bool,
    /// What a job took of late, in microseconds: for `Retry-After`.
    job_micros: u64,
}

impl HashingPool {
    /// A pool as configured. Its threads start with the first passwords.
    pub fn new(settings: &Settings) -> Self {
        let threads = match settings.password.pool.threads {
            0 => thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let shared = Shared {
            queue: Mutex::default(),
            work: Condvar::new(),
            threads,
            most_waiting: settings.password.pool.queue,
        };
        Self {
            shared: Arc::new(shared),
            limits: Limits { memory_kib: settings.password.max_memory_kib + 1024, ..Limits::default() },
            peppers: settings.password.peppers.iter().map(|pepper| pepper.expose().as_bytes().to_vec()).collect(),
        }
    }

    /// The most that checking one stored hash may take.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    pub(super) fn peppers(&self) -> Arc<[Vec<u8>]> {
        Arc::clone(&self.peppers)
    }

    /// Jobs that wait for a thread.
    pub fn waiting(&self) -> usize {
        self.shared.queue.lock().jobs.len()
    }

    /// Refuses at once what [`HashingPool::run`] would refuse now.
    ///
    /// # Errors
    /// [`Error::Busy`] where as many wait as may.
    pub(crate) fn check_room(&self) -> Result<(), Error> {
        self.shared.check_room(&self.shared.queue.lock())
    }

    /// The number of threads.
    pub fn threads(&self) -> usize {
        self.shared.threads
    }

    /// Runs `work` on one of the threads. Work whose caller has gone away is not begun.
    ///
    /// # Errors
    /// [`Error::Busy`] where as many wait as may.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Scratch) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |scratch| {
            if !answer.is_closed() {
                let _ = answer.send(work(scratch));
            }
        });
        self.shared.submit(job)?;
        answered.await.map_err(|_| Error::Internal("a password could not be hashed".into()))
    }
}

impl Shared {
    fn check_room(&self, queue: &Queue) -> Result<(), Error> {
        if queue.jobs.len() < self.most_waiting.max(1) {
            return Ok(());
        }
        metrics::counter!("doorward_password_jobs_refused_total").increment(1);
        let wait = queue.job_micros * (queue.jobs.len() as u64) / (self.threads as u64);
        let seconds = u32::try_from(wait.div_ceil(1_000_000)).unwrap_or(60);
        Err(Error::Busy { retry_after: seconds.clamp(1, 60) })
    }

    fn submit(self: &Arc<Self>, job: Job) -> Result<(), Error> {
        let mut queue = self.queue.lock();
        self.check_room(&queue)?;
        queue.jobs.push_back(job);
        if queue.idle == 0 && queue.started < self.threads {
            queue.started += 1;
            let shared = Arc::clone(self);
            let started = thread::Builder::new().name("password".into()).spawn(move || shared.work_on_jobs());
            if started.is_err() {
                queue.started -= 1;
                if queue.started == 0 {
                    queue.jobs.pop_back();
                    return Err(Error::Busy { retry_after: 1 });
                }
            }
        }
        self.work.notify_one();
        Ok(())
    }

    fn work_on_jobs(&self) {
        give_way();
        let mut scratch = Scratch::default();
        while let Some(job) = self.next_job(&mut scratch) {
            let begun = Instant::now();
            // A panic ends one job; its caller gets an error, and the thread lives on.
            if std::panic::catch_unwind(AssertUnwindSafe(|| job(&mut scratch))).is_err() {
                scratch = Scratch::default();
            }
            let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
            let mut queue = self.queue.lock();
            queue.job_micros = (queue.job_micros * 7 + micros.min(60_000_000)) / 8;
        }
    }

    fn next_job(&self, scratch: &mut Scratch) -> Option<Job> {
        let mut held = if scratch.memory_kib() > 0 { Held::Memory } else { Held::Nothing };
        let mut queue = self.queue.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.closed {
                queue.started -= 1;
                return None;
            }
            queue.idle += 1;
            let wait = match held {
                Held::Memory => Some(KEEP_MEMORY),
                Held::ByTheAllocator => Some(GIVE_BACK_AFTER),
                Held::Nothing => None,
            };
            let rested = if let Some(wait) = wait {
                self.work.wait_for(&mut queue, wait).timed_out()
            } else {
                self.work.wait(&mut queue);
                false
            };
            queue.idle -= 1;
            if rested && queue.jobs.is_empty() {
                held = match held {
                    Held::Memory => {
                        scratch.release();
                        Held::ByTheAllocator
                    }
                    Held::ByTheAllocator | Held::Nothing => {
                        let_the_allocator_give_back();
                        Held::Nothing
                    }
                };
            }
        }
    }
}

/// What a thread without work still keeps from others.
#[derive(Clone, Copy)]
enum Held {
    /// The memory of its last hash.
    Memory,
    /// That memory is freed, and the allocator has it.
    ByTheAllocator,
    Nothing,
}

/// An allocator gives memory back some time after it was freed, and only when it is next asked for some. A thread that
/// rests asks for none: without this, the memory of the last hashes would stay with an idle process for ever.
fn let_the_allocator_give_back() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(GIVE_BACK_BYTES)));
}

/// Lets threads that answer requests go first: a hash is long, and a guarded request short.
#[cfg(target_os = "linux")]
fn give_way() {
    // On Linux this is the calling thread's own priority.
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}

impl Drop for HashingPool {
    fn drop(&mut self) {
        self.shared.queue.lock().closed = true;
        self.shared.work.notify_all();
    }
}

impl std::fmt::Debug for HashingPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HashingPool").field("threads", &self.threads()).finish_non_exhaustive()
    }
}
