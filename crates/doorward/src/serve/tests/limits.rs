//! Peers that are slow, many, large or devious.

use tokio::time::Instant;

use super::*;

/// A clock that stands still and jumps to the next timer when nothing else is to be done.
async fn closed_after(client: &mut Client<TcpStream>) -> u64 {
    let begun = Instant::now();
    let rest = client.rest().await;
    assert_eq!(rest, "");
    begun.elapsed().as_secs()
}

fn limited() -> ServeConfig {
    ServeConfig {
        header_read_timeout: 5 * SECOND,
        body_read_timeout: 7 * SECOND,
        write_timeout: 9 * SECOND,
        idle_timeout: 60 * SECOND,
        ..config()
    }
}

#[tokio::test(start_paused = true)]
async fn f1_slow_loris_is_cut_at_the_header_limit() {
    let server = Running::start(limited()).await;
    for begin in ["", "G", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nHost: l"] {
        let mut client = server.connect().await;
        client.send(begin).await;
        assert_eq!(closed_after(&mut client).await, 5, "{begin:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn f1_slow_loris_buys_no_time_by_a_byte_now_and_then() {
    let server = Running::start(limited()).await;
    let mut client = server.connect().await;
    client.get().await;
    tokio::time::sleep(20 * SECOND).await;

    let begun = Instant::now();
    client.send("GET / HTTP/1.1\r\nX: ").await;
    let mut byte = [0];
    loop {
        tokio::select! {
            _ = client.0.read(&mut byte) => break,
            () = tokio::time::sleep(SECOND) => {
                let _ = client.0.write_all(b"x").await;
            }
        }
    }
    assert_eq!(begun.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_at_the_idle_limit() {
    let server = Running::start(limited()).await;
    let mut client = server.connect().await;
    client.get().await;
    tokio::time::sleep(50 * SECOND).await;
    client.get().await;
    assert_eq!(closed_after(&mut client).await, 60);
}

#[tokio::test(start_paused = true)]
async fn f1_a_body_that_does_not_come_ends_at_its_limit() {
    let server = Running::start(limited()).await;
    for head in ["Content-Length: 100", "Transfer-Encoding: chunked"] {
        let mut client = server.connect().await;
        client.send(&format!("POST /echo HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n1")).await;
        let begun = Instant::now();
        let answer = client.answer().await;
        assert_eq!(begun.elapsed().as_secs(), 7);
        assert!(answer.contains("didn't arrive within 7 s"), "{answer}");
        client.rest().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_its_answer_is_cut() {
    let mut server = Running::start(limited()).await;
    let mut client = server.connect().await;
    client.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    // Only what the system's own buffers held comes, not the whole answer.
    tokio::time::sleep(20 * SECOND).await;
    let mut got = Vec::new();
    let _ = client.0.read_to_end(&mut got).await;
    assert!(got.len() < 64 << 20, "{} bytes", got.len());
    server.stop().await;
    server.task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_survives_the_request_body_that_nobody_read() {
    let server = Running::start(config()).await;
    let mut client = server.connect().await;
    let body = "x".repeat(5 << 20);
    client
        .send(&format!("POST /refuse HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
        .await;
    let answer = client.answer().await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn idle_connections_make_room_for_new_ones() {
    let server = Running::start(ServeConfig { max_connections: 2, ..config() }).await;
    let mut idle = server.connect().await;
    idle.get().await;
    let mut busy = server.connect().await;
    busy.send(GET_GATE).await;
    server.gate.entered.notified().await;

    let mut newcomer = server.connect().await;
    assert!(newcomer.get().await.ends_with("hello"));
    assert_eq!(idle.rest().await, "", "closed for the newcomer");

    server.gate.open.notify_one();
    assert!(busy.answer().await.ends_with("through"), "never cut");
}

#[tokio::test(start_paused = true)]
async fn silent_connections_make_room_for_new_ones() {
    let server =
        Running::start(ServeConfig { max_connections: 2, header_read_timeout: 3600 * SECOND, ..config() }).await;
    let _silent = [server.connect().await, server.connect().await];
    let begun = Instant::now();
    assert!(server.connect().await.get().await.ends_with("hello"));
    assert!(begun.elapsed() < 2 * SECOND, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn newcomers_wait_while_every_connection_is_busy() {
    let server = Running::start(ServeConfig { max_connections: 1, ..config() }).await;
    let mut busy = server.connect().await;
    busy.send(GET_GATE).await;
    server.gate.entered.notified().await;

    let mut newcomer = server.connect().await;
    newcomer.send(GET).await;
    let mut byte = [0];
    let waiting = tokio::time::timeout(60 * SECOND, newcomer.0.read(&mut byte)).await;
    assert!(waiting.is_err(), "nothing yet");

    server.gate.open.notify_one();
    busy.answer().await;
    assert!(newcomer.answer().await.ends_with("hello"));
}

#[tokio::test]
async fn heads_are_bounded_in_size_and_number() {
    let server = Running::start(config()).await;
    for (head, status) in [
        (format!("X: {}\r\n", "x".repeat(40_000)), 431),
        ("X: y\r\n".repeat(101), 431),
        (format!("token: {}\r\n", "x".repeat(10_000)), 200),
    ] {
        let mut client = server.connect().await;
        client.send(&format!("GET / HTTP/1.1\r\nHost: localhost\r\n{head}\r\n")).await;
        let answer = client.answer().await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

/// A request that hides another behind a length that one party believes and the other does not.
const HIDDEN: &str = "GET /peer HTTP/1.1\r\nHost: hidden\r\n\r\n";

#[tokio::test]
async fn f1_content_length_beside_transfer_encoding_smuggles_nothing() {
    let server = Running::start(config()).await;
    for lengths in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 44\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\nContent-Length: 6",
    ] {
        let mut client = server.connect().await;
        client.send(&format!("POST /echo HTTP/1.1\r\nHost: localhost\r\n{lengths}\r\n\r\n0\r\n\r\n{HIDDEN}")).await;
        let everything = client.rest().await;
        assert_eq!(everything.matches("HTTP/1.1 ").count(), 1, "{lengths}: {everything}");
        assert!(!everything.contains("Peer"), "{lengths}: {everything}");
    }
}

#[tokio::test]
async fn f1_ambiguous_lengths_are_refused() {
    let server = Running::start(config()).await;
    for lengths in [
        "Content-Length: 0\r\nContent-Length: 36",
        "Content-Length: 0, 36",
        "Content-Length: +0",
        "Content-Length: -1",
        "Content-Length: 0x0",
        "Content-Length: 18446744073709551616",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: \x0bchunked",
        "Transfer-Encoding : chunked",
        "Content-Length : 5",
        " Content-Length: 5",
        "Content-Length: 5\r\n Transfer-Encoding: chunked",
    ] {
        let mut client = server.connect().await;
        client.send(&format!("POST /echo HTTP/1.1\r\nHost: localhost\r\n{lengths}\r\n\r\n0\r\n\r\n{HIDDEN}")).await;
        let everything = client.rest().await;
        assert!(everything.starts_with("HTTP/1.1 400 "), "{lengths:?}: {everything}");
        assert_eq!(everything.matches("HTTP/1.1 ").count(), 1, "{lengths:?}: {everything}");
    }
}

#[tokio::test]
async fn f1_transfer_encoding_in_http_1_0_is_refused() {
    let server = Running::start(config()).await;
    let mut client = server.connect().await;
    client
        .send(&format!(
            "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"
        ))
        .await;
    let everything = client.rest().await;
    assert_eq!(everything.matches("HTTP/1.").count(), 1, "{everything}");
    assert!(everything.contains(" 400 "), "{everything}");
}
