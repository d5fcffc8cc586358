//! No spelling of an address, name or path leads inside: nothing is heard by a socket that listens there.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use counterfoil_domain::connection::Exceptions;
use counterfoil_domain::ports::{Door as _, Route, SendError, Vault, WallClock};
use counterfoil_egress::{ExchangeSink, HttpDoor, Reach, Resolver, check_route, reach};
use tokio::net::TcpListener;

use crate::support::{MemoryVault, auth, raw, read, route, write};

/// PORT is where somebody listens on all loopback addresses.
const URLS: &[&str] = &[
    // IPv4 spellings of loopback
    "http://127.0.0.1:PORT",
    "http://127.0.0.2:PORT",
    "http://127.1:PORT",
    "http://127.0.1:PORT",
    "http://127.255.255.254:PORT",
    "http://2130706433:PORT",
    "http://0x7f000001:PORT",
    "http://0x7F.0.0.1:PORT",
    "http://0x7f.1:PORT",
    "http://017700000001:PORT",
    "http://0177.0.0.1:PORT",
    "http://0177.1:PORT",
    "http://127.0.0.1.:PORT",
    "http://127.0.0.0x1:PORT",
    "http://0000127.0.0.1:PORT",
    "http://%31%32%37.0.0.1:PORT",
    "http://①②⑦.0.0.1:PORT",
    "http://127。0。0。1:PORT",
    "http://１２７.0.0.1:PORT",
    // unspecified, private, shared, link-local, reserved
    "http://0.0.0.0:PORT",
    "http://0:PORT",
    "http://0x0:PORT",
    "http://0.1:PORT",
    "http://0.1.2.3:PORT",
    "http://10.0.0.1:PORT",
    "http://10.255.255.255:PORT",
    "http://167772161:PORT",
    "http://172.16.0.1:PORT",
    "http://172.31.255.254:PORT",
    "http://192.168.0.1:PORT",
    "http://192.168.1.254:PORT",
    "http://0xC0A80001:PORT",
    "http://100.64.0.1:PORT",
    "http://100.127.255.254:PORT",
    "http://169.254.0.1:PORT",
    "http://169.254.169.254",
    "http://169.254.169.254/latest/meta-data",
    "http://2852039166",
    "http://0xA9FEA9FE",
    "http://169.254.170.2",
    "http://100.100.100.200",
    "http://168.63.129.16",
    "http://198.18.0.1:PORT",
    "http://198.19.255.255:PORT",
    "http://192.0.0.1:PORT",
    "http://192.0.2.1:PORT",
    "http://198.51.100.7:PORT",
    "http://203.0.113.9:PORT",
    "http://192.88.99.1:PORT",
    "http://224.0.0.1:PORT",
    "http://239.255.255.250:PORT",
    "http://240.0.0.1:PORT",
    "http://255.255.255.255:PORT",
    // IPv6
    "http://[::1]:PORT",
    "http://[0:0:0:0:0:0:0:1]:PORT",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT",
    "http://[::]:PORT",
    "http://[::ffff:127.0.0.1]:PORT",
    "http://[::ffff:7f00:1]:PORT",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT",
    "http://[::ffff:10.0.0.1]:PORT",
    "http://[::ffff:169.254.169.254]",
    "http://[::ffff:8.8.8.8]",
    "http://[::127.0.0.1]:PORT",
    "http://[::7f00:1]:PORT",
    "http://[::ffff:0:127.0.0.1]:PORT",
    "http://[64:ff9b::127.0.0.1]:PORT",
    "http://[64:ff9b::7f00:1]:PORT",
    "http://[64:ff9b::10.0.0.1]:PORT",
    "http://[64:ff9b::169.254.169.254]",
    "http://[64:ff9b:1::1]:PORT",
    "http://[2002:7f00:1::]:PORT",
    "http://[2002:a00:1::1]:PORT",
    "http://[2002:808:808::1]",
    "http://[2001::1]:PORT",
    "http://[2001:0:7f00:1::]:PORT",
    "http://[2001:db8::1]:PORT",
    "http://[3fff::1]:PORT",
    "http://[fc00::1]:PORT",
    "http://[fd12:3456:789a::1]:PORT",
    "http://[fd00:ec2::254]",
    "http://[fe80::1]:PORT",
    "http://[febf::1]:PORT",
    "http://[fec0::1]:PORT",
    "http://[ff02::1]:PORT",
    "http://[ff0e::1]:PORT",
    "http://[100::1]:PORT",
    "http://[5f00::1]:PORT",
    "http://[4000::1]:PORT",
    "https://127.0.0.1:PORT",
    "https://[::1]:PORT",
    "https://[::ffff:127.0.0.1]:PORT",
    "https://localhost:PORT",
    // names
    "http://localhost:PORT",
    "http://LOCALHOST:PORT",
    "http://localhost.:PORT",
    "http://loop.test:PORT",
    "http://Loop.Test.:PORT",
    "http://mapped.test:PORT",
    "http://mixed.test:PORT",
    "http://mixed6.test:PORT",
    "http://private.test:PORT",
    "http://shared.test:PORT",
    "http://metadata.test",
    "http://nat64.test:PORT",
    "http://ula.test:PORT",
    "http://zero.test:PORT",
    "http://nobody.test:PORT",
    "http://fails.test:PORT",
    "http://xn--lcalhost-n4a.test:PORT",
    // another host before or behind, other schemes, no URL
    "http://user@127.0.0.1:PORT",
    "http://api.example.com@127.0.0.1:PORT",
    "http://api.example.com:443@127.0.0.1:PORT",
    "http://a:b@loop.test:PORT",
    "http://127.0.0.1:PORT#@api.example.com",
    "http://127.0.0.1:PORT?@api.example.com",
    "http:\\\\127.0.0.1:PORT",
    "http://api.example.com\\@127.0.0.1:PORT",
    "http:127.0.0.1:PORT",
    "http:/127.0.0.1:PORT",
    "http:///127.0.0.1:PORT",
    " http://127.0.0.1:PORT",
    "http://127.0.0.1:PORT\r\nHost: x",
    "ht\ttp://127.0.0.1:PORT",
    "file:///etc/passwd",
    "ftp://127.0.0.1:PORT",
    "gopher://127.0.0.1:PORT/_",
    "unix:/run/docker.sock",
    "data:text/plain,x",
    "javascript:alert(1)",
    "//127.0.0.1:PORT",
    "127.0.0.1:PORT",
    "localhost:PORT",
    "",
    "http://",
    "http://:PORT",
    "http://[::1",
    "http://.",
    "http://256.256.256.256:PORT",
    "http://[fe80::1%25lo]:PORT",
    // more spellings that some resolver, library or proxy reads as inside
    "http://0x7f.0x0.0x0.0x1:PORT",
    "http://0177.0000.0000.0001:PORT",
    "http://127.0x0.0.1:PORT",
    "http://127.0.1.0x1:PORT",
    "http://127.65535:PORT",
    "http://0x000000007f000001:PORT",
    "http://4294967295:PORT",
    "http://4294967296:PORT",
    "http://3232235521:PORT",
    "http://0300.0250.0.1:PORT",
    "http://192.168.257:PORT",
    "http://10.1:PORT",
    "http://0x0a.1:PORT",
    "http://0251.0376.0251.0376",
    "http://169.16689662",
    "http://127.0.0.1%00.example.com:PORT",
    "http://127.0.0.1%09:PORT",
    "http://127.0.0.1%2f@example.com:PORT",
    "http://example.com%2f@127.0.0.1:PORT",
    "http://example.com%40127.0.0.1:PORT",
    "http://127.0.0.1\u{ad}:PORT",
    "http://l\u{2060}ocalhost:PORT",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT",
    "http://loc%61lhost:PORT",
    "http://localhost%2e:PORT",
    "http://[::ffff:0x7f.0.0.1]:PORT",
    "http://[::ffff:127.1]:PORT",
    "http://[::ffff:a9fe:a9fe]",
    "http://[::ffff:c0a8:1]:PORT",
    "http://[0:0:0:0:0:ffff:7f00:0001]:PORT",
    "http://[::ffff:0:7f00:1]:PORT",
    "http://[64:ff9b:1:0:0:0:7f00:1]:PORT",
    "http://[64:ff9b::c0a8:1]:PORT",
    "http://[2002:c0a8:1::1]:PORT",
    "http://[2002:a9fe:a9fe::]",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:PORT",
    "http://[2001:10::1]:PORT",
    "http://[2001:20::1]:PORT",
    "http://[fe80::1%lo]:PORT",
    "http://[fe80::7f00:1%251]:PORT",
    "http://[ff01::1]:PORT",
    "http://[ff05::2]:PORT",
    "http://[fd00::1]:PORT",
    "http://[fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:PORT",
    "http://[::1%25eth0]:PORT",
    "http://[v1.loop]:PORT",
    "http://many.test:PORT",
    "http://last.test:PORT",
    "http://ip6-localhost:PORT",
    "http://broadcast.test:PORT",
    "http://multicast.test:PORT",
    "http://linklocal.test:PORT",
    "http://documentation.test:PORT",
    "http://compatible.test:PORT",
    "http://teredo.test:PORT",
    "http://sixtofour.test:PORT",
    "http://unspecified6.test:PORT",
    "http://loop.test..:PORT",
    "http://xn--localhost:PORT",
    "http://ｌｏｏｐ．ｔｅｓｔ:PORT",
    "https://loop.test:PORT",
    "http://127.0.0.1:0PORT",
    "http://127.0.0.1:65536",
    "http://127.0.0.1:-1",
    "http://127.0.0.1:PORT:80",
    "http://a@b@127.0.0.1:PORT",
    "http://@127.0.0.1:PORT",
    "http://:@127.0.0.1:PORT",
    "http://127.0.0.1;example.com:PORT",
    "http://127.0.0.1:PORT\\@example.com",
    "http://example.com:PORT\u{0}@127.0.0.1",
    "jar:http://127.0.0.1:PORT!/",
    "ws://127.0.0.1:PORT",
    "dict://127.0.0.1:PORT/x",
    "ldap://127.0.0.1:PORT",
    "tftp://127.0.0.1:PORT/x",
    "blob:http://127.0.0.1:PORT/x",
    "view-source:http://127.0.0.1:PORT",
];

fn lookup(name: &str) -> Option<Vec<IpAddr>> {
    let addresses: &[&str] = match name.trim_end_matches('.') {
        "localhost" | "ip6-localhost" => &["127.0.0.1", "::1"],
        // The bad one stands where a check of the first few would miss it.
        "many.test" => &["8.8.8.8", "1.1.1.1", "9.9.9.9", "8.8.4.4", "127.0.0.1", "2606:4700::1111"],
        "last.test" => &["8.8.8.8", "2606:4700::1111", "2001:4860::8888", "10.0.0.1"],
        "broadcast.test" => &["255.255.255.255"],
        "multicast.test" => &["224.0.0.251"],
        "linklocal.test" => &["169.254.1.1"],
        "documentation.test" => &["203.0.113.7"],
        "compatible.test" => &["::7f00:1"],
        "teredo.test" => &["2001:0:7f00:1::1"],
        "sixtofour.test" => &["2002:7f00:1::1"],
        "unspecified6.test" => &["::"],
        "loop.test" => &["127.0.0.1"],
        "mapped.test" => &["::ffff:127.0.0.1"],
        // What rebinding looks like: a good address to pass the check, a bad one to connect to.
        "mixed.test" => &["8.8.8.8", "127.0.0.1"],
        "mixed6.test" => &["2606:4700::1111", "::1"],
        "private.test" => &["10.1.2.3"],
        "shared.test" => &["100.64.9.9"],
        "metadata.test" => &["169.254.169.254"],
        "nat64.test" => &["64:ff9b::7f00:1"],
        "ula.test" => &["fd00::1"],
        "zero.test" => &["0.0.0.0"],
        "nobody.test" => &[],
        _ => return None,
    };
    Some(addresses.iter().map(|text| text.parse().unwrap()).collect())
}

fn table() -> Resolver {
    Resolver::with(|name, port| async move {
        let found = lookup(&name).ok_or_else(|| std::io::Error::other("no such name"))?;
        Ok(found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
    })
}

async fn listen() -> (u16, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let v4 = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = v4.local_addr().unwrap().port();
    let v6 = TcpListener::bind(("::", port)).await.ok();
    for listener in [Some(v4), v6].into_iter().flatten() {
        let count = Arc::clone(&count);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    (port, count)
}

fn strict(url: &str) -> Route {
    let mut route = route(url);
    route.exceptions = Exceptions { plain_http: true, private_addresses: false };
    route
}

fn guarded(route: Route) -> HttpDoor {
    let door = HttpDoor::with_resolver(
        MemoryVault::with(&[("client_id", "id"), ("client_secret", "s3cret-s3cret")]) as Arc<dyn Vault>,
        Arc::new(WallClock),
        ExchangeSink::none(),
        table(),
    );
    door.set_route(route);
    door
}

#[tokio::test]
async fn a_listening_socket_hears_nothing_from_any_spelling() {
    let (port, heard) = listen().await;
    let different: std::collections::BTreeSet<_> = URLS.iter().collect();
    assert_eq!(different.len(), URLS.len(), "each is tried once");
    assert!(URLS.len() >= 150, "{}", URLS.len());
    for url in URLS {
        let url = url.replace("PORT", &port.to_string());
        for call in [read("/things"), write("{}")] {
            let error = guarded(strict(&url)).send(call).await.expect_err(&url);
            assert!(matches!(error, SendError::Refused(_) | SendError::NoConnection { .. }), "{url}: {error:?}");
        }
        // The token URL obeys the same guard.
        let mut by_token = strict("http://8.8.8.8");
        by_token.auth = Some(auth(counterfoil_domain::card::AuthScheme::ClientCredentials, Some(url.clone())));
        let error = guarded(by_token).send(read("/things")).await.expect_err(&url);
        assert!(matches!(error, SendError::Refused(_) | SendError::NoConnection { .. }), "token URL {url}: {error:?}");
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    println!(
        "{} URLs as base and as token URL, {} addresses: {} connections",
        URLS.len(),
        ADDRESSES.len(),
        heard.load(Ordering::SeqCst)
    );
    assert_eq!(heard.load(Ordering::SeqCst), 0);
    // The socket would have heard it.
    tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(heard.load(Ordering::SeqCst), 1);
}

/// The other side is one that may be called; where it points to may not.
#[tokio::test]
async fn a_redirect_to_any_spelling_is_not_followed() {
    use axum::http::{HeaderValue, StatusCode, header::LOCATION};
    let (port, heard) = listen().await;
    let place = Arc::new(std::sync::Mutex::new(HeaderValue::from_static("")));
    let told = Arc::clone(&place);
    let app = axum::Router::new().route(
        "/things",
        axum::routing::get(move || async move { (StatusCode::FOUND, [(LOCATION, told.lock().unwrap().clone())]) }),
    );
    let home = crate::support::serve(app).await;
    let door = guarded(route(&home));
    let mut tried = 0;
    for url in URLS {
        let Ok(value) = HeaderValue::from_bytes(url.replace("PORT", &port.to_string()).as_bytes()) else { continue };
        *place.lock().unwrap() = value;
        tried += 1;
        match door.send(read("/things")).await {
            Ok(response) => assert_eq!(response.status, 302, "{url}: handed over, not followed"),
            Err(error) => assert!(matches!(error, SendError::Refused(_)), "{url}: {error:?}"),
        }
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    println!("{tried} redirects: {} connections", heard.load(Ordering::SeqCst));
    assert!(tried >= 150, "{tried}");
    assert_eq!(heard.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn paths_cannot_name_another_host() {
    let (port, heard) = listen().await;
    let door = guarded(strict("http://8.8.8.8/base"));
    for path in [
        "//127.0.0.1:PORT/things",
        "/@127.0.0.1:PORT/things",
        "@127.0.0.1:PORT/things",
        ":PORT/things",
        ".127.0.0.1:PORT",
        "/\\127.0.0.1:PORT",
        "http://127.0.0.1:PORT/things",
        "/..//127.0.0.1:PORT",
        "/%2f127.0.0.1:PORT",
        "?http://127.0.0.1:PORT",
        "#@127.0.0.1:PORT",
    ] {
        let path = path.replace("PORT", &port.to_string());
        let error = door.send(read(&path)).await.expect_err(&path);
        assert!(matches!(&error, SendError::Refused(_)), "{path}: {error:?}");
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(heard.load(Ordering::SeqCst), 0);
}

const ADDRESSES: &[(&str, &str)] = &[
    ("8.8.8.8", "public"),
    ("1.1.1.1", "public"),
    ("9.255.255.255", "public"),
    ("11.0.0.0", "public"),
    ("100.63.255.255", "public"),
    ("100.128.0.0", "public"),
    ("126.255.255.255", "public"),
    ("128.0.0.0", "public"),
    ("169.253.255.255", "public"),
    ("169.255.0.0", "public"),
    ("172.15.255.255", "public"),
    ("172.32.0.0", "public"),
    ("192.167.255.255", "public"),
    ("192.169.0.0", "public"),
    ("198.17.255.255", "public"),
    ("198.20.0.0", "public"),
    ("223.255.255.255", "public"),
    ("10.0.0.0", "local"),
    ("10.255.255.255", "local"),
    ("172.16.0.0", "local"),
    ("172.31.255.255", "local"),
    ("192.168.0.0", "local"),
    ("127.0.0.0", "local"),
    ("127.255.255.255", "local"),
    ("169.254.0.0", "local"),
    ("169.254.255.255", "local"),
    ("100.64.0.0", "local"),
    ("100.127.255.255", "local"),
    ("198.18.0.0", "local"),
    ("0.0.0.0", "never"),
    ("0.255.255.255", "never"),
    ("169.254.169.254", "never"),
    ("100.100.100.200", "never"),
    ("224.0.0.0", "never"),
    ("239.255.255.255", "never"),
    ("240.0.0.0", "never"),
    ("255.255.255.255", "never"),
    ("192.0.2.5", "never"),
    ("2606:4700:4700::1111", "public"),
    ("2a00:1450::1", "public"),
    ("2001:200::1", "public"),
    ("2001:4860::8888", "public"),
    ("64:ff9b::8.8.8.8", "public"),
    ("::1", "local"),
    ("fc00::", "local"),
    ("fdff::1", "local"),
    ("fe80::1", "local"),
    ("fec0::1", "local"),
    ("::ffff:8.8.8.8", "local"),
    ("::ffff:127.0.0.1", "local"),
    ("64:ff9b::10.0.0.1", "local"),
    ("64:ff9b:1::8.8.8.8", "local"),
    ("::", "never"),
    ("::2", "never"),
    ("::8.8.8.8", "never"),
    ("::ffff:0.0.0.0", "never"),
    ("::ffff:169.254.169.254", "never"),
    ("64:ff9b::169.254.169.254", "never"),
    ("fd00:ec2::254", "never"),
    ("2002:808:808::1", "never"),
    ("2001::1", "never"),
    ("2001:1ff::1", "never"),
    ("2001:db8::1", "never"),
    ("ff02::1", "never"),
    ("100::1", "never"),
    ("4000::1", "never"),
    ("fbff::1", "never"),
];

#[test]
fn addresses() {
    use Reach::{Local, Never, Public};
    let kind = |reach: Reach| match reach {
        Public => "public",
        Local(_) => "local",
        Never(_) => "never",
    };
    for (ip, expected) in ADDRESSES {
        assert_eq!(&kind(reach(ip.parse().unwrap())), expected, "{ip}");
    }
}

#[tokio::test]
async fn connections_go_to_the_checked_address_whatever_the_name_says_later() {
    let answers = |mut stream: tokio::net::TcpStream| async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await;
    };
    let (address, heard) = raw(answers).await;
    let other = TcpListener::bind(("127.0.0.2", address.port())).await.unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let turn = Arc::clone(&asked);
    let rebinding = Resolver::with(move |_, port| {
        let last = if turn.fetch_add(1, Ordering::SeqCst) == 0 { 1 } else { 2 };
        async move { Ok(vec![SocketAddr::new([127, 0, 0, last].into(), port)]) }
    });
    let door = HttpDoor::with_resolver(
        MemoryVault::with(&[]) as Arc<dyn Vault>,
        Arc::new(WallClock),
        ExchangeSink::none(),
        rebinding,
    );
    door.set_route(route(&format!("http://rebind.test:{}", address.port())));
    for _ in 0..5 {
        assert_eq!(door.send(read("/things")).await.unwrap().status, 200);
    }
    assert_eq!((heard.load(Ordering::SeqCst), asked.load(Ordering::SeqCst)), (5, 1));
    assert!(tokio::time::timeout(Duration::from_millis(20), other.accept()).await.is_err());
}

#[tokio::test]
async fn an_exception_opens_private_addresses_but_never_metadata() {
    let mut open = strict("http://metadata.test");
    open.exceptions.private_addresses = true;
    let error = guarded(open).send(read("/things")).await.unwrap_err();
    assert!(
        matches!(&error, SendError::Refused(refusal) if refusal.rule == "forbidden-address" && refusal.remedy.is_none()),
        "{error:?}"
    );
    let error = guarded(strict("http://private.test")).send(read("/things")).await.unwrap_err();
    let SendError::Refused(refusal) = error else { panic!("{error:?}") };
    assert_eq!(
        (refusal.rule.as_str(), refusal.remedy.as_deref()),
        ("private-address", Some("exceptions = { private_addresses = true }"))
    );
}

#[test]
fn plain_http_needs_the_exception() {
    let mut plain = route("http://api.example.com");
    plain.exceptions.plain_http = false;
    let refusal = check_route(&plain).unwrap_err();
    assert_eq!(
        (refusal.rule.as_str(), refusal.remedy.as_deref()),
        ("plain-http", Some("exceptions = { plain_http = true }"))
    );
    let mut token = route("https://api.example.com");
    token.exceptions.plain_http = false;
    token.auth = Some(auth(
        counterfoil_domain::card::AuthScheme::ClientCredentials,
        Some("http://login.example.com/token".to_owned()),
    ));
    assert_eq!(check_route(&token).unwrap_err().rule, "plain-http");
    assert!(check_route(&route("https://api.example.com")).is_ok());
}
