//! A mail server on loopback that does what a test wants.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// How the server takes mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It takes them.
    Accepting,
    /// It answers this to every recipient.
    Refusing(&'static str),
    /// It greets, and says nothing more.
    Hanging,
    /// It takes the mail, and closes before it says so.
    ClosingAfterData,
}

#[derive(Clone)]
pub(crate) struct MailServer {
    port: u16,
    manner: Arc<Mutex<Manner>>,
    taken: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    hanging: Arc<AtomicUsize>,
}

impl MailServer {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self {
            port,
            manner: Arc::new(Mutex::new(manner)),
            taken: Arc::default(),
            connections: Arc::default(),
            hanging: Arc::default(),
        };
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepting.connections.fetch_add(1, Ordering::SeqCst);
                let serving = accepting.clone();
                tokio::spawn(async move { drop(serving.serve(stream).await) });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub(crate) fn becomes(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// The mails that came whole, as they came, but for soft line breaks.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How many clients wait for an answer that never comes.
    pub(crate) fn hanging(&self) -> usize {
        self.hanging.load(Ordering::SeqCst)
    }

    fn manner(&self) -> Manner {
        *self.manner.lock().unwrap()
    }

    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let (reading, mut writing) = stream.into_split();
        let mut lines = BufReader::new(reading).lines();
        writing.write_all(b"220 mail.test ESMTP\r\n").await?;
        while let Some(line) = lines.next_line().await? {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer = match (verb.as_str(), self.manner()) {
                (_, Manner::Hanging) => {
                    self.hanging.fetch_add(1, Ordering::SeqCst);
                    std::future::pending().await
                }
                ("EHLO", _) => "250-mail.test\r\n250-8BITMIME\r\n250 SMTPUTF8",
                ("RCPT", Manner::Refusing(answer)) => answer,
                ("DATA", manner) => {
                    writing.write_all(b"354 go on\r\n").await?;
                    let mut mail = String::new();
                    while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                        mail.push_str(&line);
                        mail.push('\n');
                    }
                    self.taken.lock().unwrap().push(mail);
                    if manner == Manner::ClosingAfterData {
                        return Ok(());
                    }
                    "250 2.0.0 taken"
                }
                ("QUIT", _) => "221 bye",
                _ => "250 ok",
            };
            writing.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
        Ok(())
    }
}

/// A header's value, unfolded.
pub(crate) fn header(mail: &str, name: &str) -> String {
    let head = mail.split("\n\n").next().unwrap().replace("\n ", " ");
    let found = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    found.unwrap_or_default().to_owned()
}

/// The text part and the HTML part.
pub(crate) fn parts(mail: &str) -> (String, String) {
    let content_type = header(mail, "Content-Type");
    let boundary = content_type.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
    let marker = format!("--{boundary}");
    let parts: Vec<_> = mail.split(marker.as_str()).skip(1).take(2).map(decode).collect();
    (parts[0].clone(), parts[1].clone())
}

fn decode(part: &str) -> String {
    let part = part.trim_start_matches('\n');
    let (head, body) = part.split_once("\n\n").unwrap();
    let bytes = if head.contains("base64") {
        use base64::Engine as _;
        base64::prelude::BASE64_STANDARD.decode(body.replace('\n', "")).unwrap()
    } else if head.contains("quoted-printable") {
        quoted_printable(body)
    } else {
        body.as_bytes().to_vec()
    };
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

/// RFC 2045 §6.7.
fn quoted_printable(body: &str) -> Vec<u8> {
    let joined = body.replace("=\n", "");
    let mut rest = joined.as_bytes();
    let mut bytes = Vec::new();
    while let [first, others @ ..] = rest {
        rest = others;
        if let (b'=', Some((digits, after))) = (first, others.split_at_checked(2)) {
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    bytes
}
