//! A small billing system on loopback that knows who its client is, and kills it at a moment of its choice: when a
//! connection comes, when a request has arrived, when it is carried out, when its answer is handed over. It also loses
//! requests and answers, commits late, says 500 after it committed, and hangs. Owns what stands in its books.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::http::{self, Asked};

/// The process that may be killed at any time, by whoever holds it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Victim(pub(crate) Arc<Mutex<Option<Child>>>);

impl Victim {
    /// kill -9. True: it lived until now.
    pub(crate) fn strike(&self) -> bool {
        let mut held = self.0.lock().unwrap();
        let Some(child) = held.as_mut() else { return false };
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        child.kill().unwrap();
        true
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.0.lock().unwrap().as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }
}

/// When it kills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// Somebody connects; nothing of it is read.
    Connected,
    /// A write was read; it is not carried out.
    Arrived,
    CarriedOut,
    /// Its answer was handed over.
    Answered,
    /// A write that was here before; it is not carried out again.
    Repeated,
    /// A search for a document.
    Looked,
    /// A document is read back.
    ReadBack,
}

/// What it does with a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Conduct {
    #[default]
    Honest,
    LosesRequest,
    LosesAnswer,
    ErrorAfterCommit,
    CommitsLate(Duration),
    Slow(Duration),
    /// It never answers.
    Hangs {
        commits: bool,
    },
}

/// How far a write came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Arrived,
    CarriedOut,
    Answered,
}

#[derive(Debug, Default)]
struct Books {
    charges: Vec<Value>,
    keys: HashMap<String, (usize, Instant)>,
    /// By note.
    seen: HashMap<String, Vec<(DateTime<Utc>, Stage)>>,
    /// The moment, and how often it passes before.
    traps: Vec<(Moment, u32)>,
    fired: BTreeSet<Moment>,
    next: VecDeque<Conduct>,
    always: Conduct,
    /// Whoever writes a note that begins so dies of it.
    lethal: Option<String>,
    faults: u64,
}

#[derive(Debug)]
struct Desk {
    books: Mutex<Books>,
    victim: Victim,
    keeps_keys: Option<Duration>,
    closed: AtomicBool,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    desk: Arc<Desk>,
    address: SocketAddr,
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.desk.closed.store(true, Ordering::SeqCst);
        // Wakes it up once more.
        let _ = TcpStream::connect(self.address);
    }
}

impl Ledger {
    pub(crate) fn start(victim: Victim, keeps_keys: Option<Duration>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::new(Desk { books: Mutex::default(), victim, keeps_keys, closed: AtomicBool::default() });
        let open = Arc::clone(&desk);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if open.closed.load(Ordering::SeqCst) {
                    return;
                }
                if open.kills_at(Moment::Connected) {
                    continue;
                }
                let desk = Arc::clone(&open);
                std::thread::spawn(move || desk.serve(stream));
            }
        });
        Self { desk, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.desk.books.lock().unwrap()
    }

    /// Kills at this moment, after it has passed so often.
    pub(crate) fn arm(&self, moment: Moment, passes: u32) {
        self.books().traps.push((moment, passes));
    }

    pub(crate) fn next(&self, conduct: Conduct) {
        self.books().next.push_back(conduct);
    }

    pub(crate) fn always(&self, conduct: Conduct) {
        self.books().always = conduct;
    }

    pub(crate) fn lethal(&self, note: Option<String>) {
        self.books().lethal = note;
    }

    /// From now on it is honest and harmless.
    pub(crate) fn calm(&self) {
        let mut books = self.books();
        books.traps.clear();
        books.next.clear();
        books.always = Conduct::Honest;
        books.lethal = None;
    }

    /// The moments at which it killed since it was last asked.
    pub(crate) fn fired(&self) -> BTreeSet<Moment> {
        std::mem::take(&mut self.books().fired)
    }

    /// How far a note came since then.
    pub(crate) fn stage(&self, note: &str, since: DateTime<Utc>) -> Option<Stage> {
        let books = self.books();
        let seen = books.seen.get(note).into_iter().flatten();
        seen.filter(|(at, _)| *at >= since).map(|(_, stage)| *stage).max()
    }

    /// Amounts by order number: each note begins with one.
    pub(crate) fn booked(&self) -> BTreeMap<String, Vec<Decimal>> {
        let mut booked: BTreeMap<String, Vec<Decimal>> = BTreeMap::new();
        for charge in &self.books().charges {
            let amount = charge["amount"].as_str().map_or_else(|| charge["amount"].to_string(), str::to_owned);
            let number = number_of(charge["note"].as_str().unwrap());
            booked.entry(number).or_default().push(amount.parse().unwrap());
        }
        booked
    }

    /// How often each order's write arrived.
    pub(crate) fn arrived(&self) -> BTreeMap<String, usize> {
        let count = |seen: &Vec<(DateTime<Utc>, Stage)>| seen.iter().filter(|(_, s)| *s == Stage::Arrived).count();
        self.books().seen.iter().map(|(note, seen)| (number_of(note), count(seen))).collect()
    }

    pub(crate) fn faults(&self) -> u64 {
        self.books().faults
    }
}

fn number_of(note: &str) -> String {
    note.split(' ').next().unwrap().to_owned()
}

impl Desk {
    /// True: the process is dead, and what it asked for goes no further.
    fn kills_at(&self, moment: Moment) -> bool {
        let mut books = self.books.lock().unwrap();
        let Some(at) = books.traps.iter().position(|(armed, _)| *armed == moment) else { return false };
        if books.traps[at].1 > 0 {
            books.traps[at].1 -= 1;
            return false;
        }
        if !self.victim.strike() {
            return false;
        }
        books.traps.remove(at);
        books.fired.insert(moment);
        true
    }

    fn serve(self: Arc<Self>, mut stream: TcpStream) {
        stream.set_nodelay(true).unwrap();
        let Some(asked) = http::read(&mut stream) else { return };
        match (asked.method.as_str(), asked.path.split('/').nth(1).unwrap(), asked.path.split('/').nth(2)) {
            ("POST", "charges", None) => self.write(&mut stream, &asked),
            ("GET", "charges", None) => {
                if self.kills_at(Moment::Looked) {
                    return;
                }
                let books = self.books.lock().unwrap();
                let wanted = asked.query.get("note").map(String::as_str);
                let found: Vec<Value> =
                    books.charges.iter().filter(|c| c["note"].as_str() == wanted).cloned().collect();
                drop(books);
                http::answer(&mut stream, 200, &json!({ "charges": found }));
            }
            ("GET", "charges", Some(id)) => {
                if self.kills_at(Moment::ReadBack) {
                    return;
                }
                let index: usize = id.trim_start_matches("c-").parse().unwrap();
                let charge = self.books.lock().unwrap().charges[index].clone();
                http::answer(&mut stream, 200, &charge);
            }
            ("GET", "me", None) => {
                http::answer(&mut stream, 200, &json!({ "id": "1", "name": "Ledger", "currency": "USD" }));
            }
            _ => {
                http::answer(&mut stream, 404, &json!({ "error": "nothing here" }));
            }
        }
    }

    fn note(&self, note: &str, stage: Stage) {
        self.books.lock().unwrap().seen.entry(note.to_owned()).or_default().push((Utc::now(), stage));
    }

    fn write(self: Arc<Self>, stream: &mut TcpStream, asked: &Asked) {
        let charge: Value = serde_json::from_slice(&asked.body).unwrap();
        let note = charge["note"].as_str().unwrap().to_owned();
        let key = asked.headers.get("idempotency-key").filter(|_| self.keeps_keys.is_some()).cloned();
        let was_here = self.books.lock().unwrap().seen.contains_key(&note);
        self.note(&note, Stage::Arrived);
        let (conduct, lethal) = {
            let mut books = self.books.lock().unwrap();
            let conduct = books.next.pop_front().unwrap_or(books.always);
            books.faults += u64::from(conduct != Conduct::Honest);
            (conduct, books.lethal.as_ref().is_some_and(|start| note.starts_with(start)))
        };
        if lethal && self.victim.strike() || self.kills_at(Moment::Arrived) {
            return;
        }
        if was_here && self.kills_at(Moment::Repeated) {
            return;
        }
        match conduct {
            Conduct::LosesRequest => return,
            Conduct::CommitsLate(late) => {
                std::thread::spawn(move || {
                    std::thread::sleep(late);
                    self.carry_out(&note, key, charge);
                });
                return;
            }
            Conduct::Slow(while_) => std::thread::sleep(while_),
            Conduct::Hangs { commits: false } => return http::hold(stream),
            _ => {}
        }
        let stored = self.carry_out(&note, key, charge);
        if self.kills_at(Moment::CarriedOut) {
            return;
        }
        let answered = match conduct {
            Conduct::LosesAnswer => return,
            Conduct::Hangs { .. } => return http::hold(stream),
            Conduct::ErrorAfterCommit => http::answer(stream, 500, &json!({ "error": "out of order" })),
            _ => http::answer(stream, 201, &stored),
        };
        if answered {
            self.note(&note, Stage::Answered);
            self.kills_at(Moment::Answered);
        }
    }

    /// Under a key that it knows there is one document, whenever it was asked for.
    fn carry_out(&self, note: &str, key: Option<String>, mut charge: Value) -> Value {
        let mut books = self.books.lock().unwrap();
        let known = key.as_ref().and_then(|key| books.keys.get(key));
        let lives = |at: &Instant| self.keeps_keys.is_some_and(|keeps| at.elapsed() < keeps);
        if let Some((index, _)) = known.filter(|(_, at)| lives(at)) {
            charge = books.charges[*index].clone();
        } else {
            let index = books.charges.len();
            charge["id"] = format!("c-{index}").into();
            books.charges.push(charge.clone());
            books.keys.extend(key.map(|key| (key, (index, Instant::now()))));
        }
        books.seen.entry(note.to_owned()).or_default().push((Utc::now(), Stage::CarriedOut));
        charge
    }
}
