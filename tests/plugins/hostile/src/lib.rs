//! A plugin that does everything a plugin must not do, one thing a call. It uses the raw bindings, because the SDK
//! would keep it from most of this. Tests only.

use std::hint::black_box;

use counterfoil_sdk::bindings::counterfoil::target::log;
use counterfoil_sdk::bindings::counterfoil::target::remote::{self, Request};
use counterfoil_sdk::bindings::counterfoil::target::types::{Decimal, Failure, FailureClass, Money};
use counterfoil_sdk::bindings::exports::counterfoil::target::{connection, directory, documents};

struct Hostile;

fn failure(code: &str, message: String) -> Failure {
    Failure {
        class: FailureClass::Internal,
        code: code.to_owned(),
        message,
        retry_after_ms: None,
        attributes: Vec::new(),
    }
}

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Request {
        operation: "mischief".to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        query: Vec::new(),
        headers,
        body: Vec::new(),
    }
}

fn entity(id: &str) -> directory::Entity {
    directory::Entity {
        kind: "party".to_owned(),
        id: id.to_owned(),
        code: String::new(),
        name: "Name".to_owned(),
        currency: None,
        cycle: None,
        active: true,
        price: None,
        cost: None,
        attributes: Vec::new(),
    }
}

fn page(entities: Vec<directory::Entity>) -> Result<directory::Page, Failure> {
    Ok(directory::Page { entities, next: None })
}

/// Sends one request and hands back what the host said.
fn ask(request: Request) -> Result<directory::Page, Failure> {
    remote::read(&request).and_then(|response| page(vec![entity(&format!("status-{}", response.status))]))
}

/// Hands back all that reached it of an answer, in pieces that fit a name.
fn confess(request: Request) -> Result<directory::Page, Failure> {
    let heard = format!(
        "{:?}",
        remote::read(&request).map(|answer| {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            (answer.status, answer.headers, body)
        })
    );
    let letters: Vec<char> = heard.chars().collect();
    let piece = |(index, part): (usize, &[char])| directory::Entity {
        name: part.iter().collect(),
        ..entity(&format!("piece-{index}"))
    };
    page(letters.chunks(200).enumerate().map(piece).collect())
}

fn loop_forever() -> ! {
    let mut count = 0_u64;
    loop {
        count = black_box(count.wrapping_add(1));
    }
}

/// Not a tail call: every level keeps a frame.
#[expect(unconditional_recursion, reason = "this is what is tried")]
fn recurse(depth: u64) -> u64 {
    black_box(recurse(black_box(depth + 1)) + 1)
}

fn eat_memory() -> ! {
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    loop {
        eaten.push(black_box(vec![1; 1 << 20]));
    }
}

fn flood() -> Result<directory::Page, Failure> {
    let mut refused = 0_u32;
    let mut last = None;
    for _ in 0..1_000_000 {
        if let Err(failure) = remote::read(&request("GET", "/me", &[])) {
            refused += 1;
            last = Some(failure);
        }
    }
    Err(failure(&last.map(|failure| failure.code).unwrap_or_default(), format!("{refused} refused")))
}

impl connection::Guest for Hostile {
    fn probe() -> Result<connection::Account, Failure> {
        Ok(connection::Account {
            id: "1".to_owned(),
            name: "Books".to_owned(),
            base_currency: "dollars".to_owned(),
            country: String::new(),
            time_zone: String::new(),
            locked_until: None,
            attributes: Vec::new(),
        })
    }
}

impl directory::Guest for Hostile {
    fn search(kind: String, query: String, _: Option<String>) -> Result<directory::Page, Failure> {
        match kind.as_str() {
            "behave" => page(vec![entity("1")]),
            "loop" => loop_forever(),
            "memory" => eat_memory(),
            "panic" => panic!("no lines in invoice acme"),
            "recurse" => page(vec![entity(&recurse(1).to_string())]),
            "exit" => std::process::exit(3),
            "print" => {
                for line in 0..2000 {
                    eprintln!("line {line} of the flood");
                }
                panic!("printed enough")
            }
            "flood" => flood(),
            "log" => {
                for line in 0..100_000 {
                    log::event(log::Level::Info, &format!("line {line}"), &[("n".to_owned(), line.to_string())]);
                }
                log::event(log::Level::Info, &"x".repeat(1 << 20), &[]);
                page(Vec::new())
            }
            // A text that says it is a gigabyte: the memory for it cannot be had.
            "huge" => page(vec![entity(&"x".repeat(1 << 30))]),
            // Fits the memory, but not through the door.
            "large" => page(vec![entity(&"x".repeat(10 << 20))]),
            "long-id" => page(vec![entity(&"x".repeat(5000))]),
            "many" => page((0..10_001).map(|index| entity(&index.to_string())).collect()),
            "empty-id" => page(vec![entity("")]),
            "scale" => {
                page(vec![directory::Entity { price: Some(Decimal { coefficient: 1, scale: 30 }), ..entity("1") }])
            }
            "request" => {
                let (method, path) = query.split_once(' ').unwrap_or(("GET", &query));
                ask(request(method, path, &[]))
            }
            "confess" => confess(request("GET", &query, &[])),
            "authorization" => ask(request("GET", "/me", &[("Authorization", "Bearer stolen")])),
            "keyless" => remote::write(" ", &request("POST", "/charges", &[])).and_then(|_| page(Vec::new())),
            "write" => remote::write("k", &request("POST", "/charges", &[])).and_then(|_| page(Vec::new())),
            "environment" => {
                let environment: Vec<_> = std::env::vars().map(|(name, _)| entity(&name)).collect();
                let arguments = std::env::args().map(|argument| entity(&argument));
                page(environment.into_iter().chain(arguments).collect())
            }
            "clock" => {
                let clock =
                    || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
                let first = clock();
                for _ in 0..50_000_000 {
                    black_box(0);
                }
                page(vec![entity(&format!("{first} {}", clock()))])
            }
            other => Err(failure("hostile-kind", format!("no {other}"))),
        }
    }

    fn get(_: String, _: Vec<String>) -> Result<Vec<directory::Entity>, Failure> {
        Ok(vec![entity("somebody-else")])
    }

    fn create(_: String, _: directory::Draft) -> Result<directory::Entity, Failure> {
        Err(failure(&"c".repeat(100_000), "m".repeat(1_000_000)))
    }

    /// Says that it revised something else than was named.
    fn revise(_: String, id: String, _: directory::Draft) -> Result<directory::Entity, Failure> {
        Ok(entity(&format!("not-{id}")))
    }
}

fn change(document: &str, currency: &str, scale: u8) -> documents::Change {
    documents::Change {
        key: "k".to_owned(),
        action: documents::Action::Create,
        document: document.to_owned(),
        target: None,
        title: "Charge".to_owned(),
        fields: Vec::new(),
        lines: Vec::new(),
        total: Money { amount: Decimal { coefficient: 100, scale }, currency: currency.to_owned() },
        why: String::new(),
        attributes: Vec::new(),
    }
}

impl documents::Guest for Hostile {
    /// The first job's setting `behaviour` says what to do.
    fn plan(jobs: Vec<documents::Job>) -> Vec<Result<documents::Proposal, Failure>> {
        let behaviour =
            jobs.first().and_then(|job| job.settings.first()).map(|(_, value)| value.clone()).unwrap_or_default();
        let plan = |job: &documents::Job| {
            let good = documents::Proposal {
                job: job.id.clone(),
                changes: vec![change("charge", "USD", 2)],
                left_out: Vec::new(),
                notes: Vec::new(),
                payload: Vec::new(),
                adopted: Vec::new(),
                attributes: Vec::new(),
            };
            Ok(match behaviour.as_str() {
                "scale" => documents::Proposal { changes: vec![change("charge", "USD", 30)], ..good },
                "currency" => documents::Proposal { changes: vec![change("charge", "usd", 2)], ..good },
                "document" => documents::Proposal { changes: vec![change("payroll", "USD", 2)], ..good },
                "twice" => documents::Proposal {
                    changes: vec![change("charge", "USD", 2), change("charge", "USD", 2)],
                    ..good
                },
                "other-job" => documents::Proposal { job: "another".to_owned(), ..good },
                "payload" => documents::Proposal { payload: vec![0; 5 << 20], ..good },
                "big-payload" => documents::Proposal { payload: vec![0; (2 << 20) + 1], ..good },
                _ => good,
            })
        };
        let mut plans: Vec<_> = jobs.iter().map(plan).collect();
        match behaviour.as_str() {
            "too-few" => drop(plans.pop()),
            "too-many" => plans.push(Err(failure("extra", String::new()))),
            "loop" => loop_forever(),
            "confess" => plans = jobs.iter().map(|job| Err(failure("confession", format!("{job:?}")))).collect(),
            _ => {}
        }
        plans
    }

    /// Claims a document that nobody planned.
    fn apply(plans: Vec<documents::Proposal>) -> Vec<Result<documents::Receipt, Failure>> {
        let receipt = |plan: &documents::Proposal| documents::Receipt {
            job: plan.job.clone(),
            changes: vec![documents::ChangeReceipt {
                key: "invented".to_owned(),
                action: documents::Action::Create,
                document: "charge".to_owned(),
                reference: "9".to_owned(),
                number: String::new(),
                total: None,
                attributes: Vec::new(),
            }],
            attributes: Vec::new(),
        };
        plans.iter().map(|plan| Ok(receipt(plan))).collect()
    }

    fn locate(_: documents::Proposal, _: String) -> Result<documents::Located, Failure> {
        Ok(documents::Located::Several(Vec::new()))
    }

    fn observe(_: Vec<documents::Receipt>) -> Vec<Result<documents::Observation, Failure>> {
        Vec::new()
    }
}

counterfoil_sdk::bindings::export_raw!(Hostile with_types_in counterfoil_sdk::bindings);
