//! The door: strings the checks together in their order and implements the port. All decisions are elsewhere.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};

use counterfoil_domain::ports::{Call, Caller, Clock, Door, ExchangeRecord, Pending, Refusal, Route, SendError, Vault};
use counterfoil_domain::wire::Response;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use tokio::time::{Instant, timeout_at};

use crate::auth::{Credentials, Flight, Method, Signing, Token, sign};
use crate::base::Base;
use crate::budget::{BudgetKeeper, BudgetSnapshot, Flying, Gate, Told as Answered};
use crate::discovery::{self, Told};
use crate::guard::Resolver;
use crate::policy::{self, Outgoing, refuse};
use crate::record::{Draft, ExchangeSink, caller_text, shown_path, shown_url};
use crate::route::{Place, Prepared};
use crate::scrub::Scrubber;
use crate::step::{self, Past, Step};
use crate::wire::{self, Answer, Sheet};

type Registered = Result<Arc<Prepared>, Refusal>;

/// The only implementation of `Door` that reaches a network.
#[derive(Debug)]
pub struct HttpDoor {
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    sink: ExchangeSink,
    resolver: Resolver,
    gate: Gate,
    routes: RwLock<HashMap<Caller, Registered>>,
}

impl HttpDoor {
    pub fn new(vault: Arc<dyn Vault>, clock: Arc<dyn Clock>, sink: ExchangeSink) -> Self {
        Self::with_resolver(vault, clock, sink, Resolver::system())
    }

    pub fn with_resolver(vault: Arc<dyn Vault>, clock: Arc<dyn Clock>, sink: ExchangeSink, resolver: Resolver) -> Self {
        Self { vault, gate: Gate::new(Arc::clone(&clock)), clock, sink, resolver, routes: RwLock::default() }
    }

    /// Keeps what is counted where a crash cannot lose it: no call goes out that the keeper does not take for used.
    #[must_use]
    pub fn keeping(mut self, keeper: BudgetKeeper) -> Self {
        self.gate.keep_with(keeper);
        self
    }

    /// Gives the keeper what changed since it was last given anything; nothing, when nothing did.
    pub async fn keep_budgets(&self) -> Result<(), String> {
        self.gate.save_changes().await
    }

    /// Keeps the budgets for the last time. Nothing goes out afterwards.
    pub async fn close(&self) -> Result<(), String> {
        self.gate.end().await
    }

    /// Adds or replaces. A route that cannot work refuses every call with the reason; `check_route` tells earlier.
    pub fn set_route(&self, route: Route) {
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        let former = routes.get(&route.caller).and_then(|known| known.as_ref().ok()).cloned();
        if former.as_ref().is_some_and(|former| former.route == route) {
            // Unchanged: its token and connections stay.
            return;
        }
        let caller = route.caller.clone();
        routes.insert(caller, Prepared::new(route, &self.resolver, former.as_deref()).map(Arc::new));
    }

    /// Calls under way finish.
    pub fn remove_route(&self, caller: &Caller) {
        self.routes.write().unwrap_or_else(PoisonError::into_inner).remove(caller);
    }

    /// What was counted and closed, to be kept across a restart.
    pub fn snapshot(&self) -> BudgetSnapshot {
        self.gate.snapshot()
    }

    pub fn restore(&self, snapshot: &BudgetSnapshot) {
        self.gate.restore(snapshot);
    }

    fn route(&self, caller: &Caller) -> Registered {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        routes.get(caller).cloned().unwrap_or_else(|| {
            Err(refuse(
                "no-route",
                format!("{} is not connected, so nothing was sent. Enable it in the setup.", caller_text(caller)),
                None,
            ))
        })
    }

    async fn pass(&self, call: Call) -> Result<Response, SendError> {
        let begun = Instant::now();
        let draft = Draft {
            at: self.clock.now(),
            caller: caller_text(&call.caller),
            operation: call.request.operation.clone(),
            method: call.request.method.to_ascii_uppercase(),
            path: shown_path(&call.request.path, &call.request.query, &Scrubber::default()),
        };
        let ended = match self.route(&call.caller) {
            Ok(route) => self.run(&route, call, begun).await,
            Err(refusal) => Err(Stop::Before(SendError::Refused(refusal))),
        };
        match ended {
            Ok(response) => Ok(response),
            Err(Stop::Recorded(error)) => Err(error),
            Err(Stop::Before(error)) => {
                self.record(draft.failed(&error, begun.elapsed(), &Scrubber::default()));
                Err(error)
            }
        }
    }

    async fn run(&self, route: &Arc<Prepared>, call: Call, begun: Instant) -> Result<Response, Stop> {
        let operation = call.request.operation.clone();
        let refused = |refusal| Stop::Before(SendError::Refused(refusal));
        let mut outgoing = policy::check(&route.route, &route.base, &route.taken, &call).map_err(refused)?;
        let deadline = begun + call.timeout.min(route.route.egress.timeout);
        let _permit = before(deadline, self.gate.permit(&route.permits)).await?;
        let mut base = before(deadline, self.whereabouts(route, deadline)).await?;
        outgoing.url = policy::address(&base, &call.request).map_err(refused)?;
        let mut past = Past::default();
        let mut bad = None;
        loop {
            let ready = before(deadline, self.ready(route, &outgoing, bad)).await?;
            let scrubber = ready.scrubber.clone();
            let serial = ready.serial;
            let answer = self.transmit(route, &outgoing, ready, deadline, &operation).await?;
            if let Some(moved) = self.moved(route, &outgoing, &base, &mut past, &answer, deadline).await {
                outgoing.url = policy::address(&moved, &call.request).map_err(refused)?;
                base = moved;
                continue;
            }
            match step::next(
                &route.route,
                &base,
                &outgoing,
                route.signing.can_renew(),
                past,
                answer.status,
                &answer.headers,
            ) {
                Step::HandOver => return Ok(handed_over(&route.route, answer, &scrubber)),
                Step::SignInAgain => {
                    past.signed_in_again = true;
                    bad = serial;
                }
                Step::Follow(url) => {
                    past.redirects += 1;
                    outgoing.url = url;
                }
                Step::Refuse(refusal) => {
                    // It names where the answer pointed to: the other side's words.
                    let message = scrubber.text(&refusal.message);
                    return Err(Stop::Before(SendError::Refused(Refusal { message, ..refusal })));
                }
            }
        }
    }

    /// Where the requests of a route go by now.
    async fn whereabouts(&self, route: &Arc<Prepared>, deadline: Instant) -> Result<Base, SendError> {
        let Some(place) = &route.place else { return Ok(route.base.clone()) };
        let mut known = place.known.lock().await;
        let stands = match known.standing(&route.base, Instant::now()) {
            Some(stands) => stands,
            None => {
                let told = self.ask(route, place, deadline).await;
                known.took(told, &route.base, Instant::now())
            }
        };
        stands.map_err(SendError::Refused)
    }

    /// The new place, where an answer says that nobody took the request and the target says that it moved. Once a request.
    async fn moved(
        &self,
        route: &Arc<Prepared>,
        outgoing: &Outgoing,
        used: &Base,
        past: &mut Past,
        answer: &Answer,
        deadline: Instant,
    ) -> Option<Base> {
        let place = route.place.as_ref()?;
        if past.looked_again || !discovery::says_moved(&place.lookup, outgoing, answer.status, &answer.body) {
            return None;
        }
        past.looked_again = true;
        let mut known = timeout_at(deadline, place.known.lock()).await.ok()?;
        if let Some(moved) = known.moved_from(used) {
            return Some(moved);
        }
        if !known.may_ask_again(Instant::now()) {
            return None;
        }
        let told = self.ask(route, place, deadline).await;
        known.took_again(told, used)
    }

    /// Without credentials and the card's headers; through the same checks of address and budget as every request.
    async fn ask(&self, route: &Arc<Prepared>, place: &Place, deadline: Instant) -> Told {
        let deadline = deadline.min(Instant::now() + discovery::ANSWERS_WITHIN);
        let outgoing = Outgoing {
            method: reqwest::Method::GET,
            url: place.url.clone(),
            headers: HeaderMap::new(),
            body: Vec::new(),
            is_read: true,
        };
        let ready = async {
            route.guard.check(&outgoing.url).await?;
            self.gate.wait_for_room(&route.scopes).await?;
            let client = route.client()?;
            let flying = self.gate.take(route).await?;
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
            Ok(Ready { client, headers, scrubber: Scrubber::default(), serial: None, flying })
        };
        let answer = match before(deadline, ready).await {
            Ok(ready) => self.transmit(route, &outgoing, ready, deadline, "discovery").await,
            Err(stop) => Err(stop),
        };
        match answer {
            Ok(answer) => discovery::read(&route.route, &place.lookup, &route.base, answer.status, &answer.body),
            // An address that may not be called must not be taken for a target that is silent.
            Err(Stop::Before(SendError::Refused(refusal))) => Told::Refused(refusal),
            Err(_) => Told::Nothing,
        }
    }

    /// Everything between policy and the wire: address, budget, credentials. Returns with the call counted.
    async fn ready(&self, route: &Arc<Prepared>, outgoing: &Outgoing, bad: Option<u64>) -> Result<Ready, SendError> {
        route.guard.check(&outgoing.url).await?;
        self.gate.wait_for_room(&route.scopes).await?;
        let client = route.client()?;
        let (token, credentials) = match &*route.signing {
            Signing { method: Method::Token { grant, url }, .. } => {
                let flight = self.flight(route, client.clone());
                let (token, credentials) = route.tokens.get(flight, *grant, url.clone(), bad).await?;
                (Some(token), credentials)
            }
            signing => (None, Credentials::load(self.vault.as_ref(), &route.secret_scope(), signing).await?),
        };
        let mut headers = outgoing.headers.clone();
        sign(&route.signing, &credentials, token.as_ref(), &mut headers)?;
        let scrubber = Scrubber::of(credentials.secrets().chain(token.iter().map(|token| &token.access)));
        // Last of all, so that the moment counted is the moment of sending.
        let flying = self.gate.take(route).await?;
        Ok(Ready { client, headers, scrubber, serial: token.map(|token: Token| token.serial), flying })
    }

    fn flight(&self, route: &Arc<Prepared>, client: reqwest::Client) -> Flight {
        Flight {
            vault: Arc::clone(&self.vault),
            clock: Arc::clone(&self.clock),
            sink: self.sink.clone(),
            guard: Arc::clone(&route.guard),
            client,
            signing: Arc::clone(&route.signing),
            scope: route.secret_scope(),
            caller: route.caller.clone(),
        }
    }

    async fn transmit(
        &self,
        route: &Arc<Prepared>,
        outgoing: &Outgoing,
        ready: Ready,
        deadline: Instant,
        operation: &str,
    ) -> Result<Answer, Stop> {
        let draft = Draft {
            at: self.clock.now(),
            caller: route.caller.clone(),
            operation: operation.to_owned(),
            method: outgoing.method.to_string(),
            path: shown_url(&outgoing.url, &ready.scrubber),
        };
        let begun = Instant::now();
        let sheet = Sheet {
            method: outgoing.method.clone(),
            url: outgoing.url.clone(),
            headers: ready.headers,
            body: outgoing.body.clone(),
            deadline,
            limit: route.route.egress.max_response_bytes,
        };
        let sent = wire::transmit(&ready.client, sheet).await;
        drop(ready.flying);
        match sent {
            Ok(answer) => {
                let told = Answered { status: answer.status, headers: &answer.headers };
                self.gate.answered(&route.scopes, &told).await;
                self.record(draft.answered(answer.status, begun.elapsed(), ""));
                Ok(answer)
            }
            Err(error) => {
                if matches!(error, SendError::NoConnection { .. }) {
                    route.guard.forget(&outgoing.url);
                }
                let error = scrubbed(error, &ready.scrubber);
                self.record(draft.failed(&error, begun.elapsed(), &ready.scrubber));
                Err(Stop::Recorded(error))
            }
        }
    }

    fn record(&self, record: ExchangeRecord) {
        self.sink.put(record);
    }
}

impl Door for HttpDoor {
    fn send(&self, call: Call) -> Pending<'_, Result<Response, SendError>> {
        Box::pin(self.pass(call))
    }
}

/// Where a call ended without an answer for the caller.
#[derive(Debug)]
enum Stop {
    /// Not on the wire (any more): still to be recorded.
    Before(SendError),
    Recorded(SendError),
}

/// A request that needs nothing more than sending.
#[derive(Debug)]
struct Ready {
    client: reqwest::Client,
    headers: HeaderMap,
    scrubber: Scrubber,
    serial: Option<u64>,
    flying: Flying,
}

/// Whatever runs out of time before the wire was surely not sent.
async fn before<T>(deadline: Instant, work: impl Future<Output = Result<T, SendError>>) -> Result<T, Stop> {
    match timeout_at(deadline, work).await {
        Ok(done) => done.map_err(Stop::Before),
        Err(_) => Err(Stop::Before(SendError::NoConnection {
            message: "the time for this call was over before it could be sent; nothing was sent".to_owned(),
        })),
    }
}

fn scrubbed(error: SendError, scrubber: &Scrubber) -> SendError {
    match error {
        SendError::NoConnection { message } => SendError::NoConnection { message: scrubber.text(&message) },
        SendError::AnswerLost { message } => SendError::AnswerLost { message: scrubber.text(&message) },
        other => other,
    }
}

/// Only the headers on the card's list, and no secret anywhere.
fn handed_over(route: &Route, answer: Answer, scrubber: &Scrubber) -> Response {
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != reqwest::header::SET_COOKIE)
        .filter(|(name, _)| {
            route.egress.response_headers.iter().any(|listed| listed.eq_ignore_ascii_case(name.as_str()))
        })
        .map(|(name, value)| (name.as_str().to_owned(), scrubber.text(&String::from_utf8_lossy(value.as_bytes()))))
        .collect();
    Response { status: answer.status, headers, body: scrubber.bytes(answer.body), replayed: false }
}
