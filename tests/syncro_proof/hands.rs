//! The one time that everybody believes in, and a door through which a wait takes none of ours. Owns no expectation.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Duration, NaiveDate, Utc};
use counterfoil_domain::ports::{Call, Clock as _, Door, ManualClock, Pending, SendError};
use counterfoil_domain::wire::Response;
use counterfoil_egress::HttpDoor;
use counterfoil_sim::SimClock;

/// Our clock and that of every simulator, turned together.
#[derive(Debug, Clone)]
pub(crate) struct Hands {
    pub(crate) ours: Arc<ManualClock>,
    pub(crate) theirs: SimClock,
}

impl Hands {
    pub(crate) fn at(at: DateTime<Utc>) -> Self {
        Self { ours: Arc::new(ManualClock::at(at)), theirs: SimClock::fixed(at) }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.ours.now()
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.ours.advance(time);
        self.theirs.advance(time);
    }

    /// Until noon of that day, unless it is later already.
    pub(crate) fn until(&self, day: NaiveDate) {
        let noon = day.and_hms_opt(12, 0, 0).unwrap().and_utc();
        self.pass((noon - self.now()).max(Duration::zero()));
    }
}

/// The door as it is, but whoever has to wait for a budget finds the clocks turned.
#[derive(Debug)]
pub(crate) struct Turning {
    inner: Arc<HttpDoor>,
    hands: Hands,
    /// How long each call takes, in milliseconds.
    each: AtomicI64,
}

/// Beyond the moment at which the next call is allowed: those after it need not wait one by one.
const ROOM: Duration = Duration::seconds(31);

impl Turning {
    pub(crate) fn new(inner: Arc<HttpDoor>, hands: Hands) -> Self {
        Self { inner, hands, each: AtomicI64::new(0) }
    }

    pub(crate) fn each_takes(&self, time: Duration) {
        self.each.store(time.num_milliseconds(), Ordering::Relaxed);
    }
}

impl Door for Turning {
    fn send(&self, call: Call) -> Pending<'_, Result<Response, SendError>> {
        Box::pin(async move {
            loop {
                let answer = self.inner.send(call.clone()).await;
                let Err(SendError::OverBudget { until, .. }) = answer else {
                    self.hands.pass(Duration::milliseconds(self.each.load(Ordering::Relaxed)));
                    return answer;
                };
                self.hands.pass((until - self.hands.now()).max(Duration::zero()) + ROOM);
            }
        })
    }
}
