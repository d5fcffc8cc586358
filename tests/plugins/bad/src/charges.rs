//! Charges of the ledger: one for each order.

use counterfoil_sdk::serde::{Deserialize, Serialize};
use counterfoil_sdk::{
    Action, Attributes, Change, ChangeReceipt, Currency, Decimal, Failure, Job, Line, Located, Money, Observation,
    ObservedDocument, Plan, PlanLine, Receipt, Remote, Request, decimal, encode, json,
};

use crate::errors::{Effect, accept};

#[derive(Clone, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Charge {
    customer: String,
    marker: String,
    currency: String,
    amount: String,
    text: String,
}

/// What `apply` needs, and the defect that the job named.
#[derive(Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Payload {
    charge: Charge,
    defect: String,
}

#[derive(Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Kept {
    id: String,
    amount: String,
    currency: String,
}

#[derive(Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Charges {
    charges: Vec<Kept>,
}

#[derive(Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Items {
    things: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Item {
    name: String,
}

impl Kept {
    fn total(&self) -> Result<Money, Failure> {
        Ok(Money::new(decimal::parse(&self.amount)?, Currency::parse(&self.currency)?))
    }

    fn receipt(&self, key: &str, defect: &str) -> Result<ChangeReceipt, Failure> {
        let mut attributes = Attributes::new();
        attributes.set("defect", defect);
        attributes.set("amount", &*self.amount);
        Ok(ChangeReceipt {
            key: key.to_owned(),
            action: Action::Create,
            document: "charge".to_owned(),
            reference: self.id.clone(),
            number: String::new(),
            total: Some(self.total()?),
            attributes,
        })
    }
}

fn payload(plan: &Plan) -> Result<Payload, Failure> {
    json::parse("payload", &plan.payload)
}

pub(crate) fn plan(remote: &mut dyn Remote, jobs: &[Job]) -> Vec<Result<Plan, Failure>> {
    let defect = jobs.first().and_then(|job| job.settings.get("defect")).unwrap_or_default().to_owned();
    let items = match ground(remote, &defect) {
        Ok(items) => items,
        Err(failure) => return jobs.iter().map(|_| Err(failure.clone())).collect(),
    };
    // What was asked for is of no use to anybody.
    match defect.as_str() {
        "writes-in-plan" => drop(remote.write("early", Request::post("charge", "/charges").json_bytes(b"{}".to_vec()))),
        "read-writes" => drop(remote.read(Request::get("touch", "/touch"))),
        "off-card" => drop(remote.read(Request::get("secret", "/secret"))),
        "eats-memory" if jobs.len() > 5 => {
            let mut all: Vec<Vec<u8>> = Vec::new();
            for _ in 0..64 {
                all.push(vec![7; 1024 * 1024]);
            }
            drop(std::hint::black_box(all));
        }
        _ => {}
    }
    let plans: Vec<Result<Plan, Failure>> = jobs.iter().map(|job| one(job, &items, &defect)).collect();
    match plans.iter().find_map(|plan| plan.as_ref().err()).filter(|_| defect == "all-or-nothing") {
        Some(failure) => jobs.iter().map(|_| Err(failure.clone())).collect(),
        None => plans,
    }
}

fn ground(remote: &mut dyn Remote, defect: &str) -> Result<Items, Failure> {
    json::parse("items", &accept(remote.read(Request::get("items", "/items"))?, Effect::Read, defect)?.body)
}

fn one(job: &Job, items: &Items, defect: &str) -> Result<Plan, Failure> {
    let party = job.party().ok_or_else(|| Failure::rejected("ledger-customer", "Link the customer first."))?;
    let mut lines: Vec<PlanLine> = job.order.lines.iter().map(|line| planned(line, job, defect)).collect();
    if defect == "drops-a-line" && lines.len() > 1 {
        lines.pop();
    }
    let total = lines.iter().map(|line| line.bills).sum();
    let mut notes = vec![format!(
        "{} items",
        items.things.iter().map(|item| &item.name).collect::<std::collections::BTreeSet<_>>().len()
    )];
    match defect {
        "first-of-a-list" => notes.extend(items.things.first().map(|item| item.name.clone())),
        "clock" => notes.push(format!("{:?}", std::time::SystemTime::now())),
        _ => {}
    }
    let mut amount: Decimal = total;
    if defect == "rounds" {
        amount = decimal::round(amount, 2);
    }
    let charge = Charge {
        customer: party.target_id.clone(),
        marker: job.marker.clone(),
        currency: job.order.currency.code().to_owned(),
        amount: amount.to_string(),
        text: job.order.lines.first().map(|line| line.description.clone()).unwrap_or_default(),
    };
    let key = match defect {
        "dated-keys" => format!("charge:{}:{}", job.order.id, job.today),
        _ => format!("charge:{}:{}", job.order.id, job.order.revision),
    };
    let change = Change {
        key,
        action: Action::Create,
        document: "charge".to_owned(),
        target: None,
        title: format!("Charge for {}", job.order.number),
        fields: Vec::new(),
        lines,
        total: Money::new(total, job.order.currency),
        why: "A new order.".to_owned(),
        attributes: Attributes::new(),
    };
    let payload = json::bytes(&Payload { charge, defect: defect.to_owned() })?;
    Ok(Plan { job: job.id.clone(), changes: vec![change], notes, payload, ..Plan::default() })
}

fn planned(line: &Line, job: &Job, defect: &str) -> PlanLine {
    let exact = line.quantity * line.unit_price;
    let mut amount = line.amount;
    if defect == "truncates" {
        amount = exact.trunc_with_scale(job.order.currency.minor_units());
    }
    let mut bills = amount;
    if defect == "loses-the-sign" {
        bills = bills.abs();
    }
    PlanLine {
        covers: vec![line.id.clone()],
        description: line.description.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price,
        unit_cost: line.unit_cost,
        amount,
        bills,
        why: line.arithmetic.clone(),
        attributes: Attributes::new(),
    }
}

pub(crate) fn apply(remote: &mut dyn Remote, plans: &[Plan]) -> Vec<Result<Receipt, Failure>> {
    let results: Vec<Result<Receipt, Failure>> = plans.iter().map(|plan| written(remote, plan)).collect();
    let takes_all = plans.first().is_some_and(|plan| payload(plan).is_ok_and(|one| one.defect == "one-refused-is-all"));
    match results.iter().find_map(|result| result.as_ref().err()).filter(|_| takes_all) {
        Some(failure) => plans.iter().map(|_| Err(failure.clone())).collect(),
        None => results,
    }
}

fn written(remote: &mut dyn Remote, plan: &Plan) -> Result<Receipt, Failure> {
    let Payload { charge, defect } = payload(plan)?;
    let mut changes = Vec::new();
    for change in &plan.changes {
        match plan.adopted(&change.key).filter(|_| defect != "ignores-adopted") {
            Some(known) => changes.push(known.clone()),
            None => changes.push(write(remote, &change.key, &charge, &defect)?),
        }
    }
    Ok(Receipt { job: plan.job.clone(), changes, attributes: Attributes::new() })
}

fn write(remote: &mut dyn Remote, key: &str, charge: &Charge, defect: &str) -> Result<ChangeReceipt, Failure> {
    let body = if defect == "glues-json" {
        let Charge { customer, marker, currency, amount, text } = charge;
        format!(
            "{{\"customer\":\"{customer}\",\"marker\":\"{marker}\",\"currency\":\"{currency}\",\"amount\":\"{amount}\",\"text\":\"{text}\"}}"
        )
        .into_bytes()
    } else {
        json::bytes(charge)?
    };
    let answer = remote.write(key, Request::post("charge", "/charges").json_bytes(body))?;
    let replayed = answer.replayed;
    let answer = accept(answer, Effect::Write, defect)?;
    let kept: Kept = match json::parse("charge", &answer.body) {
        Ok(kept) => kept,
        // It was a success after all.
        Err(_) if defect == "believes-anything" => {
            Kept { id: format!("made-up-{key}"), amount: charge.amount.clone(), currency: charge.currency.clone() }
        }
        Err(failure) => return Err(Failure::unknown_outcome("ledger-answer", failure.message)),
    };
    let beside = Charge { marker: format!("{} again", charge.marker), ..charge.clone() };
    if defect == "writes-more" || (defect == "writes-on-replay" && replayed) {
        let body = json::bytes(&beside)?;
        accept(
            remote.write(&format!("{key}:more"), Request::post("charge", "/charges").json_bytes(body))?,
            Effect::Write,
            defect,
        )?;
    }
    kept.receipt(key, defect)
}

pub(crate) fn locate(remote: &mut dyn Remote, plan: &Plan, change_key: &str) -> Result<Located, Failure> {
    let Payload { charge, defect } = payload(plan)?;
    let marker = if defect == "looks-elsewhere" { "elsewhere" } else { &charge.marker };
    let request = Request::get("charges", "/charges").query("marker", marker);
    let answer = match remote.read(request) {
        // Nothing was found.
        Err(_) if defect == "lost-is-absent" => return Ok(Located::Absent),
        answer => accept(answer?, Effect::Read, &defect)?,
    };
    let found: Charges = match json::parse("charges", &answer.body) {
        Err(_) if defect == "gibberish-is-absent" => return Ok(Located::Absent),
        found => found?,
    };
    let mut found: Vec<ChangeReceipt> =
        found.charges.iter().map(|charge| charge.receipt(change_key, &defect)).collect::<Result<_, _>>()?;
    found.sort_by(|a, b| a.reference.cmp(&b.reference));
    if defect != "counts-repeats" {
        found.dedup_by(|a, b| a.reference == b.reference);
    }
    if defect == "always-found" && found.is_empty() {
        let kept =
            Kept { id: "somewhere".to_owned(), amount: charge.amount.clone(), currency: charge.currency.clone() };
        found.push(kept.receipt(change_key, &defect)?);
    }
    Ok(match found.len() {
        0 => Located::Absent,
        1 => Located::Found(found.remove(0)),
        _ => Located::Several(found),
    })
}

pub(crate) fn observe(remote: &mut dyn Remote, receipts: &[Receipt]) -> Vec<Result<Observation, Failure>> {
    let mut seen: Vec<Result<Observation, Failure>> = receipts.iter().map(|receipt| shown(remote, receipt)).collect();
    let reverses =
        |receipt: &Receipt| receipt.changes.iter().any(|one| one.attributes.get("defect") == Some("other-order"));
    if receipts.iter().any(reverses) {
        seen.reverse();
    }
    seen
}

fn shown(remote: &mut dyn Remote, receipt: &Receipt) -> Result<Observation, Failure> {
    let mut documents = Vec::new();
    for change in &receipt.changes {
        let defect = change.attributes.get("defect").unwrap_or_default();
        let request = Request::get("charge", format!("/charges/{}", encode::segment(&change.reference)));
        let answer = accept(remote.read(request)?, Effect::Read, defect)?;
        let mut kept: Kept = match json::parse("charge", &answer.body) {
            Err(_) if defect == "panics" => panic!("the ledger always answers a charge"),
            kept => kept?,
        };
        // It knows what it wrote.
        if defect == "echoes" {
            kept.amount = change.attributes.get("amount").unwrap_or_default().to_owned();
        }
        documents.push(ObservedDocument {
            key: change.key.clone(),
            total: kept.total()?,
            reference: kept.id,
            number: String::new(),
            state: "BOOKED".to_owned(),
            lines: Vec::new(),
            attributes: Attributes::new(),
        });
    }
    Ok(Observation { job: receipt.job.clone(), documents, attributes: Attributes::new() })
}
