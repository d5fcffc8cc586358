//! What is surely not sent, and what is lost: the table on which "exactly once" rests.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use counterfoil_domain::ports::{Door as _, Outcome, SendError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{MemoryVault, door, raw, read, route, serve, write};

async fn read_some(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    let _ = stream.read(&mut buffer).await;
}

/// What the server does with a connection.
#[derive(Debug, Clone, Copy)]
enum Fault {
    CloseAtOnce,
    ReadThenClose,
    ReadThenReset,
    HalfHeaders,
    HalfBody,
    ChunkedWithoutEnd,
    Garbage,
    Silent,
    SlowHeaders,
    SlowBody,
}

async fn act(fault: Fault, mut stream: TcpStream) {
    let drip = |mut stream: TcpStream, text: &'static str| async move {
        for byte in text.bytes().cycle() {
            if stream.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if matches!(fault, Fault::CloseAtOnce) {
        return;
    }
    if matches!(fault, Fault::ReadThenReset) {
        // Unread bytes at the close make a reset of it.
        let _ = stream.read(&mut [0; 10]).await;
        return;
    }
    read_some(&mut stream).await;
    let answer: &[u8] = match fault {
        Fault::CloseAtOnce | Fault::ReadThenClose | Fault::ReadThenReset => return,
        Fault::HalfHeaders => b"HTTP/1.1 200 OK\r\nContent-Le",
        Fault::HalfBody => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":",
        Fault::ChunkedWithoutEnd => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        Fault::Garbage => b"220 mail.example.com ESMTP\r\n",
        Fault::Silent => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            return;
        }
        Fault::SlowHeaders => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Drip: ").await;
            return drip(stream, "a").await;
        }
        Fault::SlowBody => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n").await;
            return drip(stream, "b").await;
        }
    };
    let _ = stream.write_all(answer).await;
}

#[tokio::test]
async fn once_a_connection_was_there_an_answer_can_only_be_lost() {
    use Fault::*;
    for fault in [
        CloseAtOnce,
        ReadThenClose,
        ReadThenReset,
        HalfHeaders,
        HalfBody,
        ChunkedWithoutEnd,
        Garbage,
        Silent,
        SlowHeaders,
        SlowBody,
    ] {
        let (address, heard) = raw(move |stream| act(fault, stream)).await;
        let (door, records) = door(&MemoryVault::with(&[]), route(&format!("http://{address}")));
        for mut call in [write(&"x".repeat(20_000)), read("/things")] {
            call.timeout = Duration::from_millis(400);
            let begun = Instant::now();
            let error = door.send(call).await.expect_err("no whole answer");
            assert!(matches!(error, SendError::AnswerLost { .. }), "{fault:?}: {error:?}");
            assert_eq!(error.outcome(), Outcome::Uncertain);
            assert!(begun.elapsed() < Duration::from_millis(1400), "{fault:?} took {:?}", begun.elapsed());
        }
        assert_eq!(heard.load(Ordering::SeqCst), 2, "{fault:?}: nothing was sent twice");
        let records = records.lock().unwrap();
        assert_eq!(
            records.iter().map(|record| record.outcome.as_str()).collect::<Vec<_>>(),
            ["uncertain", "uncertain"],
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn what_never_connects_was_never_sent() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (no_tls, _) = raw(|mut stream| async move {
        read_some(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
    })
    .await;
    let (hangs_up, _) = raw(|_| async {}).await;
    for url in [
        format!("http://{closed}"),
        format!("https://{closed}"),
        format!("https://{no_tls}"),
        format!("https://{hangs_up}"),
        "http://name.invalid".to_owned(),
    ] {
        let (door, records) = door(&MemoryVault::with(&[]), route(&url));
        let error = door.send(write("{}")).await.expect_err(&url);
        assert!(matches!(error, SendError::NoConnection { .. }), "{url}: {error:?}");
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert_eq!(records.lock().unwrap()[0].outcome, "not-sent", "{url}");
    }
}

/// TCP is there and the handshake never ends: nothing of the request was sent.
#[tokio::test]
async fn a_handshake_that_hangs_is_no_connection() {
    let (silent, _) = raw(|stream| act(Fault::Silent, stream)).await;
    let (door, _) = door(&MemoryVault::with(&[]), route(&format!("https://{silent}")));
    let mut call = write("{}");
    call.timeout = Duration::from_secs(15);
    let error = door.send(call).await.unwrap_err();
    assert!(matches!(error, SendError::NoConnection { .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_cut_off() {
    let app = Router::new()
        .route("/things", get(|| async { "x".repeat(65 * 1024) }))
        .route("/things/fits", get(|| async { "x".repeat(64 * 1024) }));
    let (door, _) = door(&MemoryVault::with(&[]), route(&serve(app).await));
    assert_eq!(door.send(read("/things")).await.unwrap_err(), SendError::TooLarge { limit: 64 * 1024 });
    assert_eq!(door.send(read("/things/fits")).await.unwrap().body.len(), 64 * 1024);
    // Without a length announced it is counted as it comes.
    let (address, _) = raw(|mut stream| async move {
        read_some(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        let chunk = [b"400\r\n".as_slice(), &[b'x'; 1024], b"\r\n"].concat();
        while stream.write_all(&chunk).await.is_ok() {}
    })
    .await;
    let (door, _) = crate::support::door(&MemoryVault::with(&[]), route(&format!("http://{address}")));
    assert_eq!(door.send(read("/things")).await.unwrap_err(), SendError::TooLarge { limit: 64 * 1024 });
}

#[tokio::test]
async fn a_write_goes_out_as_asked_with_the_hosts_headers() {
    let app = Router::new().route(
        "/base/things",
        post(|headers: HeaderMap, body: String| async move {
            let seen =
                |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
            format!(
                "{}|{}|{}|{}|{body}",
                seen("idempotency-key"),
                seen("x-static"),
                seen("content-type"),
                seen("accept-encoding")
            )
        }),
    );
    let mut route = route(&format!("{}/base/", serve(app).await));
    route.static_headers = vec![("X-Static".to_owned(), "yes".to_owned())];
    let (door, records) = door(&MemoryVault::with(&[]), route);
    let mut call = write("{\"a\":1}");
    call.request.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    let response = door.send(call).await.unwrap();
    assert_eq!(String::from_utf8(response.body).unwrap(), "cf-1|yes|application/json||{\"a\":1}");
    let record = records.lock().unwrap()[0].clone();
    assert_eq!(
        (record.caller.as_str(), record.method.as_str(), record.path.as_str(), record.status, record.outcome.as_str()),
        ("connection/a", "POST", "/base/things", 200, "answered")
    );
}

#[tokio::test]
async fn only_listed_answer_headers_are_handed_over() {
    let app = Router::new().route(
        "/things",
        get(|| async { ([("x-echo", "1"), ("x-secret", "2"), ("set-cookie", "a=b"), ("server", "acme")], "ok") }),
    );
    let mut route = route(&serve(app).await);
    route.egress.response_headers.push("Set-Cookie".to_owned());
    let (door, _) = door(&MemoryVault::with(&[]), route);
    let mut names: Vec<String> =
        door.send(read("/things")).await.unwrap().headers.into_iter().map(|(name, _)| name).collect();
    names.sort();
    assert_eq!(names, ["content-type", "x-echo"]);
}

#[tokio::test]
async fn connections_are_kept_for_the_next_call() {
    let (address, opened) = raw(|mut stream| async move {
        loop {
            let mut buffer = [0; 4096];
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.is_err() {
                return;
            }
        }
    })
    .await;
    let same = route(&format!("http://{address}"));
    let (door, _) = door(&MemoryVault::with(&[]), same.clone());
    for _ in 0..20 {
        door.send(read("/things")).await.unwrap();
        door.set_route(same.clone());
    }
    assert_eq!(opened.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_full_record_queue_never_holds_up_a_send() {
    let app = Router::new().route("/things", get(|| async { "ok" }));
    let (sink, receiver) = counterfoil_egress::ExchangeSink::channel(2);
    let door = counterfoil_egress::HttpDoor::new(
        MemoryVault::with(&[]),
        Arc::new(counterfoil_domain::ports::WallClock),
        sink.clone(),
    );
    door.set_route(route(&serve(app).await));
    for _ in 0..5 {
        door.send(read("/things")).await.unwrap();
    }
    assert_eq!((receiver.len(), sink.dropped()), (2, 3));
    let unknown = counterfoil_domain::ports::Caller::Connection("b".into());
    let error = door.send(counterfoil_domain::ports::Call { caller: unknown, ..read("/things") }).await.unwrap_err();
    assert!(matches!(error, SendError::Refused(refusal) if refusal.rule == "no-route"));
}
