//! The whole way of a secret and back: what the service is asked, and where it is looked for.

use chrono::Utc;
use counterfoil_sim::SimClock;
use counterfoil_sim::cloudblue::{CloudBlueConfig, CloudBlueHandle, CloudBlueSim};
use counterfoil_sim::world::{NewSale, OrderStatus, World, WorldSpec};
use reqwest::Method;
use serde_json::{Value, json};

use crate::canaries::{self, API_KEY, CLIENT_SECRET, MARKET_KEY, MARKET_PASSWORD, PASSWORD, REFUSED_SECRET, TOKEN};
use crate::echo::Echo;
use crate::service::{Service, guest};

const HEARING: &str = "response_headers = [\"Content-Type\", \"X-Echo\", \"WWW-Authenticate\", \"Retry-After\", \"X-Rate-Limit-Problem\", \"ETag\", \"Location\"]\nmax_response_bytes = 65536";
type Secrets = &'static [(&'static str, &'static str)];

/// Connection and plugin, what its card says of signing in, and its secrets.
const SIGN_INS: &[(&str, &str, Secrets)] = &[
    ("by-bearer", "scheme = \"bearer\"\nsecrets = [\"token\"]", &[("token", TOKEN)]),
    ("by-header", "scheme = \"header\"\nheader = \"X-Api-Key\"\nsecrets = [\"key\"]", &[("key", API_KEY)]),
    (
        "by-basic",
        "scheme = \"basic\"\nsecrets = [\"username\", \"password\"]",
        &[("username", "somebody"), ("password", PASSWORD)],
    ),
    (
        "by-client",
        "scheme = \"oauth2-client-credentials\"\ntoken_url = \"https://login.example.com/granting\"\nsecrets = [\"client_id\", \"client_secret\"]",
        &[("client_id", "somebody"), ("client_secret", CLIENT_SECRET)],
    ),
    (
        "by-refusal",
        "scheme = \"oauth2-client-credentials\"\ntoken_url = \"https://login.example.com/refusing\"\nsecrets = [\"client_id\", \"client_secret\"]",
        &[("client_id", "somebody"), ("client_secret", REFUSED_SECRET)],
    ),
];
const SEATS: &str = "CFQ7TTC0LCHC:0002-P1M";
const MODES: &[&str] = &["200", "400", "401", "403", "404", "500", "bytes", "large", "redirect", "503", "429"];

async fn plugins() -> Vec<(String, Vec<u8>)> {
    let mut plugins = Vec::new();
    for (id, auth, _) in SIGN_INS {
        let change = |card: String| {
            card.replace("id = \"hostile\"", &format!("id = \"{id}\""))
                .replace("scheme = \"bearer\"\nsecrets = [\"token\"]", auth)
                .replace("max_response_bytes = 65536", HEARING)
                + "\n[settings.behaviour]\ntype = \"string\"\nlabel = \"Behaviour\"\ndefault = \"confess\"\n"
        };
        plugins.push((format!("{id}.wasm"), guest("hostile", change).await));
    }
    let hearing = |card: String| card.replace("max_response_bytes = 65536", HEARING);
    plugins.push(("tiny.wasm".to_owned(), guest("tiny", hearing).await));
    plugins
}

async fn market() -> (CloudBlueHandle, String) {
    let spec = WorldSpec { customers: 2, subscriptions: 0, orders: 0, ..WorldSpec::new(4, Utc::now().date_naive()) };
    let mut world = World::generate(&spec);
    let customer = world.customers()[0].id.clone();
    for quantity in [2, 3] {
        let at = Utc::now() - chrono::Duration::minutes(quantity);
        let (customer_id, mpn) = (Some(customer.clone()), Some(SEATS.to_owned()));
        world.new_sale(&NewSale { customer_id, mpn, quantity, at, status: OrderStatus::Completed }).unwrap();
    }
    let config = CloudBlueConfig {
        password: MARKET_PASSWORD.to_owned(),
        subscription_key: MARKET_KEY.to_owned(),
        ..CloudBlueConfig::default()
    };
    (CloudBlueSim::new(world, config, SimClock::wall()).start(None).await.unwrap(), customer)
}

fn setup(echo: &Echo, market: &CloudBlueHandle, customer: &str) -> Value {
    let config = market.config();
    let marketplace = |location: &str| {
        json!({
            "reseller": "demo", "kind": "cloudblue", "location": location, "plain_http": true,
            "private_addresses": true, "settings": { "sign_in": "token", "marketplace": config.marketplace },
            "secrets": {
                "username": config.username, "password": MARKET_PASSWORD, "subscription_key": MARKET_KEY,
            },
        })
    };
    let links = json!([
        { "kind": "party", "source": customer, "target": "c-1", "name": "Somebody" },
        { "kind": "item", "source": SEATS, "target": "any", "name": "Seats" },
    ]);
    let connection = |plugin: &str, marketplace: &str, secrets: Value| {
        json!({
            "reseller": "demo", "plugin": plugin, "marketplace": marketplace, "base_url": echo.url(),
            "plain_http": true, "private_addresses": true, "secrets": secrets, "link": links,
        })
    };
    let mut connections = serde_json::Map::new();
    for (id, auth, secrets) in SIGN_INS {
        let secrets: serde_json::Map<_, _> =
            secrets.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let mut one = connection(id, "market", Value::Object(secrets));
        if let Some((_, path)) = auth.split_once("login.example.com/") {
            one["token_url"] = json!(format!("{}/{}", echo.url(), path.split('"').next().unwrap()));
        }
        connections.insert((*id).to_owned(), one);
    }
    connections.insert("books".to_owned(), connection("tiny", "market", json!({ "token": TOKEN })));
    connections.insert("astray".to_owned(), connection("tiny", "evil", json!({ "token": TOKEN })));
    json!({
        "reseller": { "demo": { "name": "Demo reseller" } },
        "marketplace": {
            "market": marketplace(&market.base_url()), "evil": marketplace(&format!("{}/market", echo.url())),
        },
        "connection": connections,
    })
}

/// Everything that the product does with a target and a marketplace, on each of them.
async fn live(service: &mut Service, echo: &Echo, market: &CloudBlueHandle, customer: &str) {
    let document = setup(echo, market, customer);
    service.post("/v1/setup?dry_run=true", &document).await;
    service.post("/v1/setup?dry_run=false", &document).await;
    // A setup with a mistake is refused, and what it refuses is not repeated.
    for (field, wrong) in
        [("plugin", json!("nobody")), ("unheard_of", json!(1)), ("secrets", json!({ "token": [TOKEN] }))]
    {
        let mut broken = document.clone();
        broken["connection"]["books"][field] = wrong;
        service.call(Method::POST, "/v1/setup?dry_run=false", Some(&broken)).await;
    }
    for connection in ["books", "astray", "by-bearer", "by-header", "by-basic", "by-client", "by-refusal"] {
        service.run(&format!("/v1/connections/{connection}/check"), &json!({})).await;
        service.run("/v1/plans", &json!({ "connection": connection })).await;
        service.call(Method::POST, &format!("/v1/connections/{connection}/test"), Some(&json!({}))).await;
    }
    // Documents are written, their answers journaled, and read back.
    let (_, tasks) = service.get("/v1/tasks?connection=books&state=planned&limit=200").await;
    let tasks: Value = serde_json::from_str(&tasks).unwrap();
    let plans: Vec<&Value> = tasks["tasks"].as_array().unwrap().iter().map(|task| &task["plan"]).collect();
    assert!(!plans.is_empty(), "{tasks}");
    service.run("/v1/syncs", &json!({ "connection": "books", "plans": plans })).await;
    for (connection, _, _) in SIGN_INS {
        for mode in MODES {
            let path = format!("/v1/connections/{connection}/search?kind=confess&query=/customers/{mode}");
            service.get(&path).await;
        }
        service.get(&format!("/v1/connections/{connection}/search?kind=environment&query=")).await;
    }
}

async fn read_everything(service: &mut Service) {
    let mut paths: Vec<String> = [
        "/metrics",
        "/healthz",
        "/readyz",
        "/v1/openapi.json",
        "/v1/summary",
        "/v1/connections",
        "/v1/tasks?limit=200",
        "/v1/links",
        "/v1/runs",
        "/v1/exchanges?limit=500",
        "/v1/exchanges",
        "/v1/audit",
        "/v1/plugins",
        "/",
        "/tasks",
        "/connections",
        "/runs",
        "/exchanges",
        "/audit",
        "/plugins",
        "/settings",
        "/login",
        "/v1/connections/nobody",
    ]
    .map(str::to_owned)
    .to_vec();
    for (list, field, path) in
        [("/v1/tasks?limit=200", "tasks", "/v1/tasks/"), ("/v1/connections", "connections", "/v1/connections/")]
    {
        let (_, text) = service.get(list).await;
        let rows: Value = serde_json::from_str(&text).unwrap();
        for row in rows[field].as_array().into_iter().flatten() {
            let id = row["id"].as_str().unwrap();
            paths.push(format!("{path}{id}"));
            paths.push(format!("/{field}/{id}"));
        }
    }
    for path in paths {
        service.get(&path).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_canary_is_anywhere() {
    let echo = Echo::start().await;
    let (market, customer) = market().await;
    let mut service = Service::start(&plugins().await).await;
    live(&mut service, &echo, &market, &customer).await;
    read_everything(&mut service).await;

    // With the write-ahead log as it stands, and again at rest.
    let mut places: Vec<(String, Vec<u8>)> =
        service.files().into_iter().map(|(path, bytes)| (format!("running: {}", path.display()), bytes)).collect();
    assert!(places.iter().any(|(name, bytes)| name.ends_with("-wal") && !bytes.is_empty()), "the log of the database");
    service.stop();
    places.extend(service.files().into_iter().map(|(path, bytes)| (format!("stopped: {}", path.display()), bytes)));
    let answers = std::mem::take(&mut service.answers);

    // They were set, sent and sent back, or the search proves nothing.
    for canary in canaries::ALL {
        assert!(echo.heard(canary) > 0, "{canary} was never sent");
    }
    let text = |name: &str| {
        let of = |(called, bytes): &(String, Vec<u8>)| {
            called.contains(name).then(|| String::from_utf8_lossy(bytes).into_owned())
        };
        answers.iter().filter_map(of).collect::<String>()
    };
    for (connection, _, _) in SIGN_INS.iter().filter(|(id, _, _)| *id != "by-refusal") {
        assert!(text(&format!("{connection}/search?kind=confess")).contains("[secret]"), "{connection} heard no echo");
    }
    let log = service.log();
    assert!(log.contains("TRACE") && log.contains("exchange"), "the log is to be at its most talkative");
    assert!(text("/v1/tasks/").contains("confession"), "what a guest is given to plan with is to be seen");

    let everywhere = answers.iter().chain(&places);
    let mut leaks = Vec::new();
    let (mut looked, mut bytes_seen) = (0, 0);
    for (name, bytes) in everywhere {
        looked += 1;
        bytes_seen += bytes.len();
        leaks.extend(canaries::found(bytes).into_iter().map(|found| format!("{name}: {found}")));
    }
    println!(
        "{} canaries looked for in {looked} places ({} answers of the API, {} files), {} KiB: {} found",
        canaries::ALL.len(),
        answers.len(),
        places.len(),
        bytes_seen / 1024,
        leaks.len()
    );
    assert!(leaks.is_empty(), "{leaks:#?}");
}
