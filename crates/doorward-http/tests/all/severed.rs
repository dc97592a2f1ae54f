//! A line to PostgreSQL that a test can sever at any statement.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// Where the line is severed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Where {
    /// The statement doesn't reach the database.
    Statement,
    /// The statement is done, and its answer is lost.
    Answer,
    /// Likewise, and only commits are counted.
    CommitsAnswer,
}

/// Goes between a client and a database that is reached by an address.
pub(crate) struct Line {
    upstream: String,
    /// How many statements pass until it is severed, and where.
    plan: Mutex<Option<(usize, Where)>>,
    is_severed: AtomicBool,
    loses_answers: AtomicBool,
    severed: watch::Sender<()>,
}

impl Line {
    /// Answers the URL that leads over the line.
    pub(crate) fn before(url: &str) -> (String, Arc<Self>) {
        let (user, rest) = url.rsplit_once('@').unwrap();
        let (upstream, database) = rest.split_once('/').unwrap();
        let line = Arc::new(Self {
            upstream: upstream.to_owned(),
            plan: Mutex::new(None),
            is_severed: AtomicBool::new(false),
            loses_answers: AtomicBool::new(false),
            severed: watch::Sender::new(()),
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let accepting = Arc::clone(&line);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let line = Arc::clone(&accepting);
                tokio::spawn(async move { drop(line.carry(client).await) });
            }
        });
        // What is said over it must be readable.
        (format!("{user}@{address}/{database}?sslmode=disable"), line)
    }

    /// Severs it at the statement that comes after `passing` others.
    pub(crate) fn sever_after(&self, passing: usize, place: Where) {
        *self.plan.lock().unwrap() = Some((passing, place));
    }

    /// Severs it now.
    pub(crate) fn sever(&self) {
        self.is_severed.store(true, Ordering::SeqCst);
        self.severed.send_replace(());
    }

    /// Whole again, and severed at no statement. Answers whether it was severed.
    pub(crate) fn mend(&self) -> bool {
        *self.plan.lock().unwrap() = None;
        self.loses_answers.store(false, Ordering::SeqCst);
        self.is_severed.swap(false, Ordering::SeqCst)
    }

    async fn carry(&self, client: TcpStream) -> std::io::Result<()> {
        let mut severed = self.severed.subscribe();
        if self.is_severed.load(Ordering::SeqCst) {
            return Ok(());
        }
        let server = TcpStream::connect(&self.upstream).await?;
        // A statement is several small messages.
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::select! {
            ended = self.requests(from_client, to_server) => ended,
            ended = self.answers(from_server, to_client) => ended,
            _ = severed.changed() => Ok(()),
        }
    }

    /// Message by message, as the protocol has them: a type, but for the first one, and a length.
    async fn requests(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> std::io::Result<()> {
        let mut is_first = true;
        loop {
            let kind = if is_first { None } else { Some(from.read_u8().await?) };
            is_first = false;
            let length = from.read_u32().await?;
            let mut message: Vec<u8> = kind.into_iter().chain(length.to_be_bytes()).collect();
            let begin = message.len();
            message.resize(begin + length as usize - 4, 0);
            from.read_exact(&mut message[begin..]).await?;
            // Query and Execute.
            if matches!(kind, Some(b'Q' | b'E')) && self.is_due(&message[begin..]) {
                return Ok(());
            }
            to.write_all(&message).await?;
        }
    }

    /// Counts a statement. Answers whether it ends the line before it.
    fn is_due(&self, statement: &[u8]) -> bool {
        let mut plan = self.plan.lock().unwrap();
        match &mut *plan {
            Some((_, Where::CommitsAnswer)) if !statement.starts_with(b"COMMIT") => false,
            Some((0, place)) => {
                let place = *place;
                *plan = None;
                drop(plan);
                match place {
                    Where::Statement => self.sever(),
                    Where::Answer | Where::CommitsAnswer => self.loses_answers.store(true, Ordering::SeqCst),
                }
                place == Where::Statement
            }
            Some((passing, _)) => {
                *passing -= 1;
                false
            }
            None => false,
        }
    }

    async fn answers(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> std::io::Result<()> {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let length = from.read(&mut buffer).await?;
            if length == 0 {
                return Ok(());
            }
            if self.loses_answers.load(Ordering::SeqCst) {
                self.sever();
                return Ok(());
            }
            to.write_all(&buffer[..length]).await?;
        }
    }
}
