//! Taking connections in, within the number that is allowed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};

use super::connection::{Connections, Order};
use super::listener::{Accepted, Listener, is_the_peers};

/// How often idle connections are asked to make room while a newcomer waits.
const MAKE_ROOM_EVERY: Duration = Duration::from_millis(250);
/// How long accepting rests when the system has no descriptor or memory left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often that is complained about.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);
/// Descriptors beside the connections': database, listeners, logs, keys.
const OTHER_DESCRIPTORS: u64 = 256;

/// What the listeners share.
pub(super) struct Accepting {
    pub(super) connections: Arc<Connections>,
    pub(super) places: Arc<Semaphore>,
    pub(super) orders: watch::Sender<Order>,
}

impl Accepting {
    pub(super) async fn accept(self: Arc<Self>, listener: Listener) {
        let mut orders = self.orders.subscribe();
        let mut complaint: Option<Instant> = None;
        loop {
            let accepted = tokio::select! {
                biased;
                _ = orders.wait_for(|order| order.is_stop()) => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok(accepted) => {
                    let place = self.place().await;
                    self.start(accepted, place);
                }
                Err(error) if is_the_peers(&error) => {}
                Err(error) => {
                    if complaint.is_none_or(|last| last.elapsed() >= COMPLAIN_EVERY) {
                        complaint = Some(Instant::now());
                        tracing::error!(%error, "can't accept connections for the moment");
                    }
                    self.make_room();
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        // Whoever connected before the stop is answered.
        match listener.close() {
            Ok(waiting) => {
                for accepted in waiting {
                    let place = self.place().await;
                    self.start(accepted, place);
                }
            }
            Err(error) => tracing::warn!(%error, "connections that were waiting are lost"),
        }
    }

    fn start(&self, accepted: Accepted, place: Option<OwnedSemaphorePermit>) {
        if let Some(place) = place {
            let connections = Arc::clone(&self.connections);
            tokio::spawn(connections.serve(accepted, self.orders.subscribe(), place));
        }
    }

    /// Waits for a place among the connections.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(place);
        }
        tracing::debug!("every connection is taken: idle ones are closed");
        let free = Arc::clone(&self.places).acquire_owned();
        let mut free = std::pin::pin!(free);
        loop {
            self.make_room();
            if let Ok(place) = timeout(MAKE_ROOM_EVERY, free.as_mut()).await {
                // Fails only for a closed semaphore, and nobody closes this one.
                return place.ok();
            }
        }
    }

    fn make_room(&self) {
        self.orders.send_if_modified(|order| {
            let serving = !order.is_stop();
            if serving {
                *order = Order::MakeRoom;
            }
            serving
        });
    }
}

/// Raises this process's limit of open files, as far as it may, to what the connections need.
pub(super) fn allow_descriptors(connections: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let needed = connections as u64 + OTHER_DESCRIPTORS;
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(u64::MAX);
    if current >= needed {
        return;
    }
    let reachable = limit.maximum.unwrap_or(u64::MAX).min(needed);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(reachable), maximum: limit.maximum });
    let got = if raised.is_ok() { reachable } else { current };
    if got < needed {
        tracing::warn!(
            limit = got,
            needed,
            "the limit of open files is too low for `max_connections`: raise it (`LimitNOFILE=` in the systemd unit, `ulimit -n` in a shell), or lower `max_connections`"
        );
    }
}
