//! A target that tells where it is: asked without credentials, again when a request finds nobody, and never followed to
//! a stranger.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use axum::response::IntoResponse;
use counterfoil_domain::card::{AgainWhen, AuthScheme, Discovery};
use counterfoil_domain::ports::{Door as _, Lookup, Route, SendError};
use counterfoil_egress::HttpDoor;

use crate::support::{MemoryVault, Records, auth, door, read, route, serve, write};

/// A cloud whose code base moves.
#[derive(Default)]
struct Cloud {
    codebase: Mutex<String>,
    /// Instead of its usual answer to "where are you?".
    answer: Mutex<Option<(u16, String)>>,
    asked: AtomicUsize,
    asked_with_credentials: AtomicUsize,
    took: Mutex<Vec<String>>,
    says_in_words: AtomicUsize,
}

impl Cloud {
    fn moves(&self, codebase: &str) {
        *self.codebase.lock().unwrap() = codebase.to_owned();
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn took(&self) -> Vec<String> {
        std::mem::take(&mut *self.took.lock().unwrap())
    }

    fn tell(&self, headers: &HeaderMap) -> (StatusCode, String) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if headers.contains_key(AUTHORIZATION) {
            self.asked_with_credentials.fetch_add(1, Ordering::SeqCst);
        }
        if let Some((status, body)) = self.answer.lock().unwrap().clone() {
            return (StatusCode::from_u16(status).unwrap(), body);
        }
        let codebase = self.codebase.lock().unwrap().clone();
        (StatusCode::OK, format!("\u{feff}{{\"CompanyName\":\"A\",\"Codebase\":\"{codebase}/\",\"IsCloud\":\"True\"}}"))
    }

    fn work(&self, method: &str, path: &str) -> (StatusCode, String) {
        let codebase = self.codebase.lock().unwrap().clone();
        let known = path.strip_prefix(&format!("/{codebase}/api"));
        let status = match known {
            Some("/things") => StatusCode::OK,
            None if self.says_in_words.load(Ordering::SeqCst) > 0 => {
                return (StatusCode::BAD_REQUEST, "Cannot route. Codebase/company is invalid".to_owned());
            }
            _ => StatusCode::NOT_FOUND,
        };
        self.took.lock().unwrap().push(format!("{method} {path} {}", status.as_u16()));
        (status, String::new())
    }
}

async fn serve_cloud(cloud: &Arc<Cloud>) -> String {
    async fn any(State(cloud): State<Arc<Cloud>>, request: Request) -> impl IntoResponse {
        let path = request.uri().path().to_owned();
        if path == "/where/acme" {
            return cloud.tell(request.headers());
        }
        cloud.work(request.method().as_str(), &path)
    }
    serve(Router::new().fallback(any).with_state(Arc::clone(cloud))).await
}

fn asking(at: &str, writes_again: bool) -> Route {
    let discovery = Discovery {
        url: String::new(),
        fields: vec![("codebase".to_owned(), "Codebase".to_owned()), ("site".to_owned(), "SiteUrl".to_owned())],
        site_suffixes: vec!["cloud.test".to_owned()],
        again_when: vec![
            AgainWhen { status: 404, text: None },
            AgainWhen { status: 400, text: Some("Cannot route".to_owned()) },
        ],
        writes_again,
    };
    let (scheme, site) = at.split_once("://").unwrap();
    let lookup = Lookup {
        url: format!("{at}/where/acme"),
        base: format!("{scheme}://{{site}}/{{codebase}}/api"),
        settings: vec![("codebase".to_owned(), "v4".to_owned()), ("site".to_owned(), site.to_owned())],
        named_by: vec!["site".to_owned(), "company".to_owned()],
        discovery,
    };
    Route { discovery: Some(lookup), auth: Some(auth(AuthScheme::Bearer, None)), ..route(&format!("{at}/v4/api")) }
}

async fn cloud(codebase: &str, writes_again: bool) -> (Arc<Cloud>, HttpDoor, Records) {
    let cloud = Arc::new(Cloud::default());
    cloud.moves(codebase);
    let at = serve_cloud(&cloud).await;
    let (door, records) = door(&MemoryVault::with(&[("token", "canary-token")]), asking(&at, writes_again));
    (cloud, door, records)
}

#[tokio::test]
async fn what_the_target_tells_fills_the_address_and_is_asked_once() {
    let (cloud, door, records) = cloud("v1", true).await;
    let (one, two) = tokio::join!(door.send(read("/things")), door.send(read("/things")));
    assert_eq!((one.unwrap().status, two.unwrap().status), (200, 200));
    assert_eq!(door.send(read("/things")).await.unwrap().status, 200);
    assert_eq!(cloud.asked(), 1, "one answer serves all");
    assert_eq!(cloud.asked_with_credentials.load(Ordering::SeqCst), 0);
    assert_eq!(cloud.took(), ["GET /v1/api/things 200"; 3]);
    let operations: Vec<String> = records.lock().unwrap().iter().map(|record| record.operation.clone()).collect();
    assert_eq!(operations.iter().filter(|operation| *operation == "discovery").count(), 1, "{operations:?}");
}

#[tokio::test]
async fn a_code_base_that_changes_in_between_costs_one_question_and_loses_no_request() {
    for in_words in [0, 1] {
        let (cloud, door, _) = cloud("v1", true).await;
        cloud.says_in_words.store(in_words, Ordering::SeqCst);
        assert_eq!(door.send(read("/things")).await.unwrap().status, 200);
        cloud.moves("v2");
        let (one, two) = tokio::join!(door.send(write("{}")), door.send(read("/things")));
        assert_eq!((one.unwrap().status, two.unwrap().status), (200, 200));
        assert_eq!(cloud.asked(), 2, "the one that waited took the other's answer");
        let written = cloud.took().iter().filter(|took| *took == "POST /v2/api/things 200").count();
        assert_eq!(written, 1, "written once, and only where it was taken");
    }
}

#[tokio::test]
async fn a_write_is_not_sent_again_where_the_card_does_not_say_that_nothing_was_done() {
    let (cloud, door, _) = cloud("v1", false).await;
    assert_eq!(door.send(read("/things")).await.unwrap().status, 200);
    cloud.moves("v2");
    assert_eq!(door.send(write("{}")).await.unwrap().status, 404);
    assert_eq!(cloud.asked(), 1);
    assert_eq!(door.send(read("/things")).await.unwrap().status, 200, "a read goes again");
    assert_eq!(door.send(write("{}")).await.unwrap().status, 200, "and tells the writes that follow");
}

#[tokio::test]
async fn a_record_that_is_not_there_costs_one_question_a_minute_and_no_second_request() {
    let (cloud, door, _) = cloud("v1", true).await;
    for _ in 0..5 {
        assert_eq!(door.send(read("/things/7")).await.unwrap().status, 404);
    }
    assert_eq!(cloud.asked(), 2, "at the start, and after the first 404");
    assert_eq!(cloud.took(), ["GET /v1/api/things/7 404"; 5], "nothing was sent twice to the same place");
}

#[tokio::test]
async fn where_nothing_is_told_the_settings_stand() {
    for (status, body) in [(503, ""), (404, "{}"), (200, "<html>"), (200, "[]"), (200, "{}"), (200, "{\"Codebase\":7}")]
    {
        let (cloud, door, _) = cloud("v4", true).await;
        *cloud.answer.lock().unwrap() = Some((status, body.to_owned()));
        for _ in 0..3 {
            assert_eq!(door.send(read("/things")).await.unwrap().status, 200, "{status} {body}");
        }
        assert_eq!(cloud.asked(), 1, "{status} {body}: not asked before each request");
        assert_eq!(cloud.took(), ["GET /v4/api/things 200"; 3]);
    }
}

#[tokio::test]
async fn an_unknown_company_and_a_stranger_are_refused_by_name_before_anything_is_sent() {
    for (body, rule, words) in [
        ("null", "discovery-unknown", vec!["company or site", "nothing was sent"]),
        (
            "{\"Codebase\":\"v1/\",\"SiteUrl\":\"evil.test\"}",
            "discovery-elsewhere",
            vec!["http://evil.test", "cloud.test"],
        ),
        ("{\"SiteUrl\":\"evilcloud.test\"}", "discovery-elsewhere", vec!["evilcloud.test"]),
        ("{\"SiteUrl\":\"cloud.test.evil.test\"}", "discovery-elsewhere", vec!["cloud.test.evil.test"]),
        ("{\"SiteUrl\":\"evil.test/x\"}", "url-not-plain", vec![]),
        ("{\"SiteUrl\":\"me@evil.test\"}", "url-not-plain", vec![]),
        ("{\"SiteUrl\":\"127.0.0.1\"}", "discovery-elsewhere", vec!["http://127.0.0.1"]),
    ] {
        let (cloud, door, _) = cloud("v4", true).await;
        *cloud.answer.lock().unwrap() = Some((200, body.to_owned()));
        for _ in 0..2 {
            match door.send(write("{}")).await {
                Err(SendError::Refused(refusal)) => {
                    assert_eq!(refusal.rule, rule, "{body}: {}", refusal.message);
                    for word in &words {
                        assert!(refusal.message.contains(word), "{body}: {}", refusal.message);
                    }
                }
                other => panic!("{body}: {other:?}"),
            }
        }
        assert_eq!(cloud.asked(), 1, "{body}: remembered for a minute");
        assert!(cloud.took().is_empty(), "{body}");
    }
}

#[tokio::test]
async fn one_who_leads_elsewhere_later_leaves_the_404_as_it_is() {
    let (cloud, door, _) = cloud("v1", true).await;
    assert_eq!(door.send(read("/things")).await.unwrap().status, 200);
    *cloud.answer.lock().unwrap() = Some((200, "{\"SiteUrl\":\"evil.test\"}".to_owned()));
    assert_eq!(door.send(read("/things/7")).await.unwrap().status, 404);
    assert_eq!(door.send(read("/things")).await.unwrap().status, 200, "what stood before stands");
}

#[tokio::test]
async fn a_discovery_obeys_the_rules_of_every_request() {
    let (cloud, plain, _) = cloud("v1", true).await;
    assert_eq!(plain.send(read("/things")).await.unwrap().status, 200);
    let at = serve_cloud(&cloud).await;
    let mut closed = asking(&at, true);
    closed.exceptions.private_addresses = false;
    let (door, _) = door(&MemoryVault::with(&[("token", "t")]), closed);
    let before = cloud.asked();
    assert!(
        matches!(door.send(read("/things")).await, Err(SendError::Refused(refusal)) if refusal.rule == "private-address")
    );
    let mut open = asking("https://api.cloud.test", true);
    open.exceptions.plain_http = false;
    open.discovery.as_mut().unwrap().url = "http://api.cloud.test/where".to_owned();
    assert_eq!(counterfoil_egress::check_route(&open).unwrap_err().rule, "plain-http");
    assert_eq!(cloud.asked(), before);
}
