//! One catalog replaced, exactly once: the intent is on disk first, a lost answer is looked up, and only what surely did not
//! land is sent again, under the same key and the same condition.

use std::time::Duration;

use counterfoil_domain::catalog::run::{landed, print};
use counterfoil_domain::catalog::{CatalogStep, Landed, ResellerCatalog, StepState};
use counterfoil_domain::id::CatalogVersion;
use counterfoil_domain::ports::{CatalogError, CatalogSource, ReplaceError};

use super::CatalogRunError;
use super::desk::Desk;

/// How often one catalog is sent, or looked for, before its turn ends.
const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// A longer wait is not sat out: the step fails and a new preview finds the same differences.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A process that ends does not sit out a wait.
const NAP: Duration = Duration::from_millis(500);

/// What became of the write.
#[derive(Debug)]
pub(super) enum Outcome {
    Written(CatalogVersion),
    NotWritten(String),
    /// Nobody can say yet: the step stays as sending, and is looked at again.
    Unknown,
}

/// Whether the step's changes are made or taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Make,
    TakeBack,
}

/// What is there, seen from one write.
#[derive(Debug)]
enum Found {
    Landed(CatalogVersion),
    /// As it was read. What is still on its way meets the same condition.
    AsRead,
    /// Somebody changed it, and none of the changes are in it. What is still on its way cannot land any more.
    Elsewhere,
    /// Somebody changed it, and some of the changes are in it.
    Mixed,
}

const MOVED: &str = "somebody else changed the catalog of this reseller meanwhile. Nothing was written there; make a new \
                     preview and look at what is different";
const MIXED: &str = "somebody else changed the catalog of this reseller while it was being written. It is not known \
                     whether these changes were in between; make a new preview to see what is missing";
const REMADE: &str =
    "the changes cannot be made again as they were sent before; they did not arrive. Make a new preview";

/// Writes a catalog for the first time.
pub(super) async fn write(
    desk: &mut Desk<'_>,
    source: &dyn CatalogSource,
    way: Way,
    step: &mut CatalogStep,
    (catalog, read): (&ResellerCatalog, CatalogVersion),
) -> Result<Outcome, CatalogRunError> {
    let wanted = print(catalog);
    step.state = StepState::Sending { read: read.clone(), wanted: wanted.clone() };
    desk.intend(step.clone()).await?;
    Errand { source, step, way, read: &read, wanted: &wanted }.send(desk, catalog, false).await
}

/// Goes on where a process ended, or could not look: `again` makes the catalog anew from what is there, if it did not land.
pub(super) async fn resume(
    desk: &mut Desk<'_>,
    source: &dyn CatalogSource,
    way: Way,
    step: &CatalogStep,
    (read, wanted): (&CatalogVersion, &str),
    again: impl FnOnce(ResellerCatalog) -> Option<ResellerCatalog>,
) -> Result<Outcome, CatalogRunError> {
    let errand = Errand { source, step, way, read, wanted };
    let Ok(now) = source.reseller(&step.reseller).await else { return Ok(Outcome::Unknown) };
    match errand.found(&now.version, &now.value) {
        Found::AsRead => match again(now.value).filter(|catalog| print(catalog) == wanted) {
            Some(catalog) => errand.send(desk, &catalog, true).await,
            None => Ok(Outcome::NotWritten(REMADE.to_owned())),
        },
        found => Ok(over(found, true).unwrap_or(Outcome::Unknown)),
    }
}

/// One write: what is compared with what is there.
struct Errand<'a> {
    source: &'a dyn CatalogSource,
    step: &'a CatalogStep,
    way: Way,
    read: &'a CatalogVersion,
    wanted: &'a str,
}

impl Errand<'_> {
    /// `maybe`: an earlier try of ours may have landed, or still land.
    async fn send(
        &self,
        desk: &Desk<'_>,
        catalog: &ResellerCatalog,
        mut maybe: bool,
    ) -> Result<Outcome, CatalogRunError> {
        let key = self.step.key();
        let mut wait = FIRST_WAIT;
        let mut last = String::new();
        for _ in 0..TRIES {
            match self.source.replace(catalog, self.read, &key).await {
                Ok(version) => return Ok(Outcome::Written(version)),
                Err(ReplaceError::NotWritten(error)) => {
                    last = said(&error);
                    let Some(told) = worth_waiting(desk, &error) else { break };
                    rest(desk, told.max(wait)).await?;
                }
                Err(error @ (ReplaceError::Uncertain(_) | ReplaceError::Moved)) => {
                    maybe |= error != ReplaceError::Moved;
                    last = error.to_string();
                    rest(desk, wait).await?;
                    if let Ok(Some(outcome)) = self.look().await.map(|found| over(found, maybe)) {
                        return Ok(outcome);
                    }
                }
            }
            wait *= 2;
        }
        let seen = self.look().await.ok().and_then(|found| over(found, maybe));
        Ok(seen.unwrap_or(if maybe { Outcome::Unknown } else { Outcome::NotWritten(last) }))
    }

    async fn look(&self) -> Result<Found, CatalogError> {
        let now = self.source.reseller(&self.step.reseller).await?;
        Ok(self.found(&now.version, &now.value))
    }

    fn found(&self, version: &CatalogVersion, catalog: &ResellerCatalog) -> Found {
        match landed(self.read, self.wanted, version, catalog) {
            Landed::Yes => return Found::Landed(version.clone()),
            Landed::No => return Found::AsRead,
            Landed::Unknown => {}
        }
        match (self.step.stands_in(catalog), self.way) {
            (Landed::Yes, Way::Make) | (Landed::No, Way::TakeBack) => Found::Landed(version.clone()),
            (Landed::No, Way::Make) | (Landed::Yes, Way::TakeBack) => Found::Elsewhere,
            (Landed::Unknown, _) => Found::Mixed,
        }
    }
}

/// How the write ends by what was found; not at all where it may be sent again.
fn over(found: Found, maybe: bool) -> Option<Outcome> {
    match found {
        Found::Landed(version) => Some(Outcome::Written(version)),
        Found::AsRead => None,
        Found::Elsewhere => Some(Outcome::NotWritten(MOVED.to_owned())),
        // Where no try of ours can have landed, all that is there is somebody else's.
        Found::Mixed => Some(Outcome::NotWritten(if maybe { MIXED } else { MOVED }.to_owned())),
    }
}

/// What is on disk as sending is looked at when the process comes back.
async fn rest(desk: &Desk<'_>, whole: Duration) -> Result<(), CatalogRunError> {
    let mut left = whole;
    while !left.is_zero() {
        desk.go_on()?;
        let nap = left.min(NAP);
        tokio::time::sleep(nap).await;
        left = left.saturating_sub(nap);
    }
    desk.go_on()
}

fn worth_waiting(desk: &Desk<'_>, error: &CatalogError) -> Option<Duration> {
    match error {
        CatalogError::Unreachable(_) => Some(Duration::ZERO),
        CatalogError::Throttled { until } => {
            let wait = (*until - desk.engine.clock.now()).to_std().unwrap_or_default();
            (wait <= LONGEST_WAIT).then_some(wait)
        }
        _ => None,
    }
}

fn said(error: &CatalogError) -> String {
    format!("{error}. Nothing was written for this reseller")
}
