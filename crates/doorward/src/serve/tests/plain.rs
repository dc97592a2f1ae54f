use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::UnixStream;

use super::*;

#[tokio::test]
async fn http1_is_answered_and_kept_alive() {
    let server = Running::start(config()).await;
    let mut client = server.connect().await;
    for _ in 0..3 {
        let answer = client.get().await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    }
}

#[tokio::test]
async fn http2_is_answered_by_prior_knowledge() {
    let server = Running::start(config()).await;
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = axum::http::Request::get("http://localhost/").body(Empty::<Bytes>::new()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.version(), axum::http::Version::HTTP_2);
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "hello");
}

#[tokio::test]
async fn the_peer_stands_in_the_request() {
    let server = Running::start(config()).await;
    let mut client = server.connect().await;
    let local = client.0.local_addr().unwrap();
    client.send("GET /peer HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let answer = client.answer().await;
    let expected = Peer { address: Some(local), tls: false };
    assert!(answer.ends_with(&format!("{expected:?}")), "{answer}");
}

#[tokio::test]
async fn several_listeners_serve_the_same() {
    let (_folder, path) = folder();
    let mut config = config();
    config.listen.push("127.0.0.1:0".parse().unwrap());
    config.listen.push(format!("unix:{}", path.display()).parse().unwrap());
    let server = Running::start(config).await;

    let ports: Vec<_> = server.addresses.iter().filter_map(BoundAddress::tcp).collect();
    assert_eq!(ports.len(), 2);
    assert_ne!(ports[0], ports[1]);
    for address in ports {
        let mut client = Client(TcpStream::connect(address).await.unwrap());
        assert!(client.get().await.ends_with("hello"));
    }

    let mut client = Client(UnixStream::connect(&path).await.unwrap());
    assert!(client.get().await.ends_with("hello"));
    client.send("GET /peer HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let expected = Peer { address: None, tls: false };
    let answer = client.answer().await;
    assert!(answer.ends_with(&format!("{expected:?}")), "{answer}");
}

#[tokio::test]
async fn nowhere_to_listen_is_an_error() {
    let error = Server::bind(ServeConfig::default()).await.unwrap_err();
    assert!(error.to_string().contains("set `listen`"), "{error}");
}
