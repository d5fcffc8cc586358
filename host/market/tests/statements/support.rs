//! A door that answers by a function, and what the tests share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use counterfoil_domain::connection::{Exceptions, Marketplace, MarketplaceKind};
use counterfoil_domain::ports::{
    Call, Caller, DetailError, Door, ManualClock, Pending, SendError, Sending, SourceError, StatementSource,
};
use counterfoil_domain::statement::{Statement, StatementHead};
use counterfoil_domain::wire::Response;
use counterfoil_market::cloudblue::Pace;
use counterfoil_market::{CloudIqClient, PrismClient};

pub(crate) type Answer = Result<Response, SendError>;

type Script = dyn Fn(&Call) -> Answer + Send + Sync;

pub(crate) struct ScriptedDoor {
    answer: Box<Script>,
    pub(crate) calls: Mutex<Vec<Call>>,
}

impl fmt::Debug for ScriptedDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScriptedDoor")
    }
}

impl ScriptedDoor {
    pub(crate) fn new(answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { answer: Box::new(answer), calls: Mutex::default() })
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        let shown = |call: &Call| {
            let query: Vec<_> = call.request.query.iter().map(|(n, v)| format!("{n}={v}")).collect();
            format!("{} {}", call.request.path, query.join("&")).trim_end().to_owned()
        };
        calls.iter().map(shown).collect()
    }
}

impl Door for ScriptedDoor {
    fn send(&self, call: Call) -> Pending<'_, Answer> {
        assert_eq!(call.caller, Caller::Marketplace("crayon".into()));
        assert_eq!((&call.sending, call.request.method.as_str()), (&Sending::Read, "GET"), "nothing but reads");
        let answer = (self.answer)(&call);
        self.calls.lock().unwrap().push(call);
        Box::pin(async move { answer })
    }
}

pub(crate) fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Ok(Response { status, headers: Vec::new(), body: body.into(), replayed: false })
}

pub(crate) fn query<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.request.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

pub(crate) fn marketplace(kind: MarketplaceKind, location: &str, settings: &[(&str, &str)]) -> Marketplace {
    Marketplace {
        id: "crayon".into(),
        reseller: "r1".into(),
        kind,
        location: location.to_owned(),
        settings: settings.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>(),
        exceptions: Exceptions { plain_http: true, private_addresses: true },
    }
}

pub(crate) fn pace() -> Pace {
    Pace {
        tries: 3,
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_secs(2),
        at_once: 4,
        timeout: Duration::from_secs(5),
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-11-22T10:00:00Z".parse().unwrap()))
}

pub(crate) fn cloudiq(door: &Arc<ScriptedDoor>, settings: &[(&str, &str)]) -> CloudIqClient {
    let marketplace = marketplace(MarketplaceKind::CloudIq, "https://api.example.com/api/v1", settings);
    let door: Arc<dyn Door> = door.clone();
    CloudIqClient::new(&marketplace, door, clock()).unwrap().with_pace(pace())
}

pub(crate) fn prism(door: &Arc<ScriptedDoor>, settings: &[(&str, &str)]) -> PrismClient {
    let marketplace = marketplace(MarketplaceKind::Prism, "https://api.example.com", settings);
    let door: Arc<dyn Door> = door.clone();
    PrismClient::new(&marketplace, door, clock()).unwrap().with_pace(pace())
}

pub(crate) async fn heads(source: &dyn StatementSource) -> Result<(Vec<StatementHead>, Vec<String>), SourceError> {
    let (mut heads, mut bad, mut after) = (Vec::new(), Vec::new(), None);
    for _ in 0..200 {
        let page = source.statements(after).await?;
        heads.extend(page.rows);
        bad.extend(page.unreadable.into_iter().map(|row| format!("{}: {}", row.place, row.problem)));
        after = page.next;
        if after.is_none() {
            return Ok((heads, bad));
        }
    }
    panic!("the walk does not end");
}

pub(crate) async fn only(source: &dyn StatementSource) -> Result<Statement, DetailError> {
    let (heads, bad) = heads(source).await.unwrap();
    assert_eq!((heads.len(), bad.len()), (1, 0), "{bad:?}");
    source.statement(heads[0].clone()).await
}
