//! The API as the verbs see it: address, token, answers, problems, and following a run until it is over. Owns
//! how a refusal becomes words and an exit code; does not own what a verb does with an answer.

use std::fmt;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use counterfoil_server::wire::{ConnectionPage, RunView};
use counterfoil_server::{OutcomeWord, ProblemBody};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reqwest::{Method, Url, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::args::Remote;
use super::show;
use crate::exit::Exit;

/// Look-ups in a target go through to it, and it may take its time.
const ANSWER_WITHIN: Duration = Duration::from_secs(180);
/// A command that starts work is repeated under the same key, so that a lost answer starts nothing twice.
const TRIES: u32 = 3;
/// How long a service may be away while its run is followed: a restart takes the run up again.
const AWAY: Duration = Duration::from_secs(30);
const FIRST_POLL: Duration = Duration::from_millis(150);
const SLOWEST_POLL: Duration = Duration::from_secs(1);
/// More problems than this are counted, not listed.
const PROBLEMS_SHOWN: usize = 20;

/// A call that did not go through: the text for a person, and what scripts are told.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) exit: Exit,
    text: String,
    /// No answer came.
    lost: bool,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Refusal {}

/// A refusal is told and becomes its exit code; other errors go on to the caller.
pub(super) fn conclude(result: Result<Exit>) -> Result<Exit> {
    match result.map_err(anyhow::Error::downcast::<Refusal>) {
        Ok(exit) => Ok(exit),
        Err(Ok(refusal)) => {
            eprintln!("counterfoil: {refusal}");
            Ok(refusal.exit)
        }
        Err(Err(error)) => Err(error),
    }
}

#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    server: String,
    token: String,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.server)
    }
}

/// An answer of the API as it came.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) text: String,
}

impl Client {
    pub(super) fn new(remote: &Remote) -> Result<Self> {
        // Only the first call installs it; the others find it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = remote.server.trim_end_matches('/').to_owned();
        let url = Url::parse(&server).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let Some(url) = url else {
            bail!(
                "\"{server}\" is not the address of a service. Nothing was asked. Give --server or COUNTERFOIL_SERVER such as http://127.0.0.1:8420"
            );
        };
        let http = client_for(&url)
            .no_proxy()
            // A token goes to the address that was given and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(ANSWER_WITHIN)
            .build()
            .context("the HTTP client cannot be started. Nothing was asked. For https this machine needs root certificates (ca-certificates, or SSL_CERT_FILE)")?;
        Ok(Self { http, server, token: token(remote)? })
    }

    /// The address of a path, part by part, so that an id with a slash stays one part.
    pub(super) fn url(&self, parts: &[&str], query: &[(&str, &str)]) -> Result<Url> {
        let mut url = Url::parse(&self.server)?;
        url.path_segments_mut()
            .map_err(|()| anyhow!("{} has no paths", self.server))?
            .pop_if_empty()
            .push("v1")
            .extend(parts);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// A path and query as somebody typed them.
    pub(super) fn typed_url(&self, path: &str) -> Result<Url> {
        if !path.starts_with('/') {
            bail!("the path \"{path}\" must begin with /, for example /v1/tasks. Nothing was asked");
        }
        Ok(Url::parse(&format!("{}{path}", self.server))?)
    }

    /// One exchange; any status is an answer.
    pub(super) async fn exchange(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<Answer> {
        let mut tries = 1;
        loop {
            let mut request = self.http.request(method.clone(), url.clone()).bearer_auth(&self.token);
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            if let Some(body) = body {
                request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
            }
            let answer = async {
                let response = request.send().await?;
                let status = response.status().as_u16();
                Ok::<Answer, reqwest::Error>(Answer { status, text: response.text().await? })
            };
            match answer.await {
                Ok(answer) => return Ok(answer),
                Err(error) if key.is_some() && !error.is_connect() && tries < TRIES => tries += 1,
                Err(error) => return Err(self.no_answer(&method, &error, key.is_some()).into()),
            }
        }
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<T> {
        let reads = method == Method::GET;
        let answer = self.exchange(method, url, body, key).await?;
        understood(&answer, reads)
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, parts: &[&str], query: &[(&str, &str)]) -> Result<T> {
        self.call(Method::GET, self.url(parts, query)?, None, None).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        parts: &[&str],
        query: &[(&str, &str)],
        body: &Value,
    ) -> Result<T> {
        self.call(Method::POST, self.url(parts, query)?, Some(body), None).await
    }

    pub(super) async fn put<T: DeserializeOwned>(&self, parts: &[&str], body: &Value) -> Result<T> {
        self.call(Method::PUT, self.url(parts, &[])?, Some(body), None).await
    }

    /// Sends a file as it is. Sent twice it is the same file, but it is not repeated by itself: it may be large.
    /// A file, and the signature file that belongs to it.
    pub(super) async fn upload<T: DeserializeOwned>(
        &self,
        parts: &[&str],
        kind: &str,
        (file, signature): (Vec<u8>, Option<String>),
    ) -> Result<T> {
        let mut request = self.http.post(self.url(parts, &[])?).bearer_auth(&self.token);
        if let Some(signature) = signature {
            request = request.header("counterfoil-signature", STANDARD.encode(signature));
        }
        let sent = async {
            let response = request.header(header::CONTENT_TYPE, kind).body(file).send().await?;
            let status = response.status().as_u16();
            Ok::<Answer, reqwest::Error>(Answer { status, text: response.text().await? })
        };
        let answer = sent.await.map_err(|error| self.no_answer(&Method::POST, &error, false))?;
        understood(&answer, false)
    }

    pub(super) async fn delete<T: DeserializeOwned>(&self, parts: &[&str]) -> Result<T> {
        self.call(Method::DELETE, self.url(parts, &[])?, None, None).await
    }

    pub(super) async fn delete_with<T: DeserializeOwned>(&self, parts: &[&str], query: &[(&str, &str)]) -> Result<T> {
        self.call(Method::DELETE, self.url(parts, query)?, None, None).await
    }

    /// Starts a run, once, however often the request has to be repeated.
    pub(super) async fn start(&self, parts: &[&str], body: Option<&Value>) -> Result<RunView> {
        self.start_as(parts, body).await
    }

    pub(super) async fn start_as<T: DeserializeOwned>(&self, parts: &[&str], body: Option<&Value>) -> Result<T> {
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random)
            .map_err(|error| anyhow!("this machine gives no random numbers: {error}. Nothing was started"))?;
        let key = format!("cli-{:032x}", u128::from_be_bytes(random));
        self.call(Method::POST, self.url(parts, &[])?, body, Some(&key)).await
    }

    fn no_answer(&self, method: &Method, error: &reqwest::Error, keyed: bool) -> Refusal {
        let server = &self.server;
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        if error.is_connect() {
            let text = format!(
                "not-running No service answers at {server} ({cause}). Nothing was asked and nothing was changed. Start it with `counterfoil serve`, or name another with --server"
            );
            return Refusal { exit: Exit::Error, text, lost: true };
        }
        let (exit, meaning) = match (*method == Method::GET, keyed) {
            (true, _) => (Exit::Error, "Nothing was changed. Try again"),
            (false, true) => (
                Exit::Uncertain,
                "Whether it took the request is not known; asked again, it starts nothing twice. Look at `counterfoil runs` first",
            ),
            (false, false) => (Exit::Uncertain, "Whether it took the request is not known. Look before you repeat it"),
        };
        Refusal {
            exit,
            text: format!("no-answer The service at {server} did not answer ({cause}). {meaning}"),
            lost: true,
        }
    }

    /// The connection that is meant: the given one, or the only one.
    pub(super) async fn connection(&self, given: Option<&str>) -> Result<String> {
        if let Some(given) = given {
            return Ok(given.to_owned());
        }
        let page: ConnectionPage = self.get(&["connections"], &[("limit", "500")]).await?;
        let mut ids: Vec<String> = page.connections.into_iter().map(|connection| connection.id).collect();
        match (ids.len(), ids.pop()) {
            (1, Some(only)) => Ok(only),
            (0, _) | (_, None) => bail!(
                "there is no connection yet. Nothing was started. Describe one in a setup file and run `counterfoil apply -f setup.toml`"
            ),
            (_, Some(last)) => {
                ids.push(last);
                bail!(
                    "there are several connections and none was named. Nothing was started. Add --connection with one of: {}",
                    ids.join(", ")
                )
            }
        }
    }

    /// Follows a run until it is over, then tells its problems.
    pub(super) async fn wait(&self, started: RunView) -> Result<RunView> {
        let bar = Bar::new(&started.kind);
        let id = started.id.clone();
        let look = |run: &RunView| {
            bar.show(run.total, run.done);
            run.is_over
        };
        let run = self.until_over(started, &["runs", &id], &format!("runs {id}"), look).await?;
        drop(bar);
        eprint!("{}", problems(&run));
        Ok(run)
    }

    /// Asks again until it is over. A service that is away for a moment takes its runs up again; `kept` is the verb that
    /// shows this one later.
    pub(super) async fn until_over<T: DeserializeOwned>(
        &self,
        started: T,
        parts: &[&str],
        kept: &str,
        look: impl Fn(&T) -> bool,
    ) -> Result<T> {
        let (mut run, mut pause, mut away) = (started, FIRST_POLL, None);
        while !look(&run) {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(SLOWEST_POLL);
            match self.get::<T>(parts, &[]).await {
                Ok(now) => {
                    away = None;
                    run = now;
                }
                Err(error) => {
                    let since = *away.get_or_insert_with(Instant::now);
                    let lost = error.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.lost);
                    if !lost {
                        return Err(error);
                    }
                    if since.elapsed() > AWAY {
                        let text = format!(
                            "{error}. The run is kept and goes on when the service does: look with `counterfoil {kept}`"
                        );
                        return Err(Refusal { exit: Exit::Error, text, lost: true }.into());
                    }
                }
            }
        }
        Ok(run)
    }
}

fn understood<T: DeserializeOwned>(answer: &Answer, reads: bool) -> Result<T> {
    if !(200..300).contains(&answer.status) {
        return Err(refusal(answer, reads).into());
    }
    serde_json::from_str(&answer.text).map_err(|error| {
        anyhow!("the service answered something that this version of the command does not understand ({error}). What was asked for was done. Use the command and the service of one version")
    })
}

/// Plain http needs no root certificates, and a machine without any must not need them.
pub(super) fn client_for(url: &Url) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder();
    if url.scheme() == "http" { builder.tls_certs_only([]) } else { builder }
}

fn token(remote: &Remote) -> Result<String> {
    let (text, place) = match &remote.token_file {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| {
                format!("the token file {} cannot be read. Nothing was asked. `counterfoil init` prints where it put the first token", path.display())
            })?;
            (text, path.display().to_string())
        }
        None => (std::env::var("COUNTERFOIL_TOKEN").unwrap_or_default(), "COUNTERFOIL_TOKEN".to_owned()),
    };
    let token = text.trim();
    if token.is_empty() && remote.token_file.is_none() {
        bail!(
            "there is no API token. Nothing was asked. Give --token-file, or set COUNTERFOIL_TOKEN; `counterfoil init` prints where it put the first token"
        );
    }
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!(
            "{place} does not hold a token. Nothing was asked. A token is one word that begins with cf_; `counterfoil init` prints where it put the first one"
        );
    }
    Ok(token.to_owned())
}

/// What a problem means for scripts.
fn exit_of(problem: &ProblemBody, reads: bool) -> Exit {
    match problem.status {
        _ if problem.outcome == OutcomeWord::Uncertain && !reads => Exit::Uncertain,
        403 | 409 | 412 => Exit::Refused,
        422 if matches!(
            problem.code.as_str(),
            "plan-blocked" | "target-refused" | "idempotency-key-reused" | "plugin-refused" | "plugin-untrusted"
        ) =>
        {
            Exit::Refused
        }
        _ => Exit::Error,
    }
}

/// The words of an answer that is none of the good ones.
pub(super) fn refusal(answer: &Answer, reads: bool) -> Refusal {
    let Ok(problem) = serde_json::from_str::<ProblemBody>(&answer.text) else {
        let start: String = show::clean(&answer.text).chars().take(200).collect();
        let text = format!(
            "http-{} The answer is not one of a Counterfoil service: {start}. Check the address given by --server",
            answer.status
        );
        return Refusal { exit: if reads { Exit::Error } else { Exit::Uncertain }, text, lost: false };
    };
    let mut text = format!("{} {}", problem.code, show::clean(&problem.detail));
    // A single fault is often the whole sentence already.
    for fault in problem.errors.iter().filter(|fault| !problem.detail.contains(&fault.detail)) {
        let place = toml_path(&fault.pointer);
        let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
        text.push_str(&format!("\n  {place}{} ({})", show::clean(&fault.detail), fault.code));
    }
    if problem.code == "sign-in-needed" {
        text.push_str("\n  The token is not known to this service: give the one of its own folder (admin.token) with --token-file or COUNTERFOIL_TOKEN.");
    }
    if let Some(seconds) = problem.retry_after_seconds {
        text.push_str(&format!("\n  Not before {seconds} s."));
    }
    if !problem.request_id.is_empty() {
        text.push_str(&format!("\n  request {}", problem.request_id));
    }
    Refusal { exit: exit_of(&problem, reads), text, lost: false }
}

/// A JSON pointer as a person finds it in a TOML file: `connection.xero-main.link[2].kind`.
pub(super) fn toml_path(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        let bare =
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        match part.parse::<usize>() {
            Ok(index) if !path.is_empty() => path.push_str(&format!("[{index}]")),
            _ => {
                let dot = if path.is_empty() { "" } else { "." };
                path.push_str(&if bare { format!("{dot}{part}") } else { format!("{dot}\"{part}\"") });
            }
        }
    }
    path
}

fn problems(run: &RunView) -> String {
    let mut text = String::new();
    for problem in run.problems.iter().take(PROBLEMS_SHOWN) {
        text.push_str(&format!("  {} {}\n", problem.code, show::clean(&problem.message)));
    }
    // The list of a run is cut; its count is not.
    let all = run.counts.get("problems").copied().unwrap_or_default().max(show::number(run.problems.len()));
    let more = all.saturating_sub(show::number(PROBLEMS_SHOWN));
    if more > 0 {
        text.push_str(&format!("  and {more} more: counterfoil runs {} --json\n", run.id));
    }
    text
}

/// Progress on a terminal; nothing where there is none.
pub(super) struct Bar(Option<ProgressBar>);

impl Bar {
    pub(super) fn new(kind: &str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        bar.set_message(match kind {
            "check" => "reading the marketplace",
            "reconcile" => "holding the marketplace against the target",
            "plan" => "planning",
            "sync" => "sending",
            "preview" => "comparing",
            "undo" => "taking back",
            _ => "working",
        });
        Self(Some(bar))
    }

    pub(super) fn show(&self, total: Option<u64>, done: u64) {
        let Some(bar) = &self.0 else { return };
        if let Some(total) = total.filter(|total| *total > 0 && bar.length() != Some(*total)) {
            bar.set_length(total);
            if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len}") {
                bar.set_style(style);
            }
        }
        bar.set_position(done);
        bar.tick();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use counterfoil_server::{Code, Fault};

    use super::*;

    fn answer(code: Code, outcome: OutcomeWord) -> Answer {
        let problem = ProblemBody {
            kind: format!("urn:counterfoil:problem:{}", code.name()),
            title: String::new(),
            status: code.status().as_u16(),
            detail: "It happened. Nothing was sent. Plan again.".to_owned(),
            code: code.name().to_owned(),
            request_id: "req_1".to_owned(),
            retriable: false,
            outcome,
            errors: vec![Fault::new(
                "/connection/xero-main/settings/acount_code",
                "unknown-setting",
                "did you mean \"account_code\"?",
            )],
            retry_after_seconds: None,
        };
        Answer { status: problem.status, text: serde_json::to_string(&problem).unwrap() }
    }

    #[test]
    fn a_problem_has_its_words_and_its_exit_code() {
        for (code, outcome, reads, exit) in [
            (Code::PlanStale, OutcomeWord::None, false, Exit::Refused),
            (Code::PlanBlocked, OutcomeWord::None, false, Exit::Refused),
            (Code::PlanNeedsPerson, OutcomeWord::None, false, Exit::Refused),
            (Code::ConnectionPaused, OutcomeWord::None, false, Exit::Refused),
            (Code::NotAllowed, OutcomeWord::None, true, Exit::Refused),
            (Code::SetupInvalid, OutcomeWord::None, false, Exit::Error),
            (Code::PlanUnknown, OutcomeWord::None, false, Exit::Error),
            (Code::NotFound, OutcomeWord::None, true, Exit::Error),
            (Code::Internal, OutcomeWord::Uncertain, false, Exit::Uncertain),
            (Code::Internal, OutcomeWord::Uncertain, true, Exit::Error),
            (Code::TargetUncertain, OutcomeWord::Uncertain, false, Exit::Uncertain),
        ] {
            let refusal = refusal(&answer(code, outcome), reads);
            assert_eq!(refusal.exit, exit, "{}", code.name());
            let text = refusal.to_string();
            assert!(text.starts_with(&format!("{} It happened. Nothing was sent. Plan again.", code.name())), "{text}");
            assert!(text.contains("connection.xero-main.settings.acount_code: did you mean"), "{text}");
        }
    }

    #[test]
    fn an_answer_of_something_else_is_told_as_such() {
        let page = Answer { status: 502, text: "<html>\u{1b}[31mBad gateway".to_owned() };
        let reading = refusal(&page, true);
        assert_eq!(reading.exit, Exit::Error);
        assert!(reading.to_string().contains("http-502") && !reading.to_string().contains('\u{1b}'), "{reading}");
        // A gateway's error says nothing about whether the service behind it took the request.
        assert_eq!(refusal(&page, false).exit, Exit::Uncertain);
    }

    #[test]
    fn pointers_are_told_as_toml_paths() {
        for (pointer, path) in [
            ("", ""),
            ("/connection/xero-main/link/2/kind", "connection.xero-main.link[2].kind"),
            ("/marketplace/a~1b/location", "marketplace.\"a/b\".location"),
            ("/plans/0", "plans[0]"),
        ] {
            assert_eq!(toml_path(pointer), path);
        }
    }

    #[test]
    fn ids_stay_one_part_of_the_path() {
        let client =
            Client { http: client_for_tests(), server: "http://127.0.0.1:1/base".to_owned(), token: "cf_x".to_owned() };
        let url = client.url(&["tasks", "a/../b c"], &[("text", "O'Brien & Sons")]).unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:1/base/v1/tasks/a%2F..%2Fb%20c?text=O%27Brien+%26+Sons");
        assert!(!format!("{client:?}").contains("cf_x"));
    }

    fn client_for_tests() -> reqwest::Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder().no_proxy().build().unwrap()
    }

    #[tokio::test]
    async fn nobody_listening_says_how_to_start_the_service() {
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let client =
            Client { http: client_for_tests(), server: format!("http://127.0.0.1:{port}"), token: "cf_x".to_owned() };
        let error = client.start(&["syncs"], None).await.unwrap_err();
        let refusal = error.downcast::<Refusal>().unwrap();
        assert_eq!(refusal.exit, Exit::Error);
        assert!(refusal.to_string().contains("counterfoil serve"), "{refusal}");
    }
}
