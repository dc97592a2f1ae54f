use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::time::Instant;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_request_in_flight_is_answered_and_then_the_connection_closes() {
    let mut server = Running::start(config()).await;
    let mut client = server.connect().await;
    client.send(GET_GATE).await;
    server.gate.entered.notified().await;

    server.stop().await;
    assert!(!server.task.is_finished());
    server.gate.open.notify_one();
    let answer = client.answer().await;
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(answer.ends_with("through"), "{answer}");
    assert_eq!(client.rest().await, "");
    server.task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn idle_connections_close_at_once() {
    let mut server = Running::start(config()).await;
    let mut client = server.connect().await;
    client.get().await;
    let begun = Instant::now();
    server.stop().await;
    assert_eq!(client.rest().await, "");
    server.task.await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn who_connected_before_the_stop_is_answered() {
    let mut server = Running::start(config()).await;
    // Blocking, so that the server has not accepted the connections when it hears of the stop.
    let waiting = [(); 3].map(|()| std::net::TcpStream::connect(server.address()).unwrap());
    server.stop.take().unwrap().send(()).unwrap();
    let begun = Instant::now();
    for stream in waiting {
        stream.set_nonblocking(true).unwrap();
        let mut client = Client(TcpStream::from_std(stream).unwrap());
        let answer = client.get().await;
        assert!(answer.ends_with("hello"), "{answer}");
        assert_eq!(client.rest().await, "", "and nothing after it");
    }
    server.task.await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn who_connected_and_asks_nothing_does_not_delay_the_stop() {
    let mut server = Running::start(config()).await;
    let mut client = server.connect().await;
    let begun = Instant::now();
    server.stop.take().unwrap().send(()).unwrap();
    assert_eq!(client.rest().await, "");
    server.task.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_outlasts_the_grace_is_cut() {
    let mut server = Running::start(config()).await;
    let mut client = server.connect().await;
    client.send(GET_GATE).await;
    server.gate.entered.notified().await;
    let begun = Instant::now();
    server.stop().await;
    server.task.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert_eq!(client.rest().await, "");
}

#[tokio::test(start_paused = true)]
async fn http2_finishes_its_streams() {
    let mut server = Running::start(config()).await;
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = axum::http::Request::get("http://localhost/gate").body(Empty::<Bytes>::new()).unwrap();
    let answer = tokio::spawn(sender.send_request(request));
    server.gate.entered.notified().await;

    server.stop().await;
    server.gate.open.notify_one();
    let answer = answer.await.unwrap().unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "through");
    connection.await.unwrap().unwrap();
    server.task.await.unwrap();
}

/// An HTTP/2 client's preface, its empty SETTINGS and a GET of `/`, all of it from HPACK's static table.
const HTTP2_GET: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\
    \0\0\0\x04\0\0\0\0\0\
    \0\0\x03\x01\x05\0\0\0\x01\x82\x86\x84";

#[tokio::test(start_paused = true)]
async fn an_idle_http2_peer_that_says_nothing_more_delays_the_stop_by_a_second() {
    let mut server = Running::start(config()).await;
    let mut client = server.connect().await;
    client.0.write_all(HTTP2_GET).await.unwrap();
    let mut got = Vec::new();
    while !got.ends_with(b"hello") {
        client.0.read_buf(&mut got).await.unwrap();
    }

    let begun = Instant::now();
    server.stop().await;
    server.task.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 1);
}
