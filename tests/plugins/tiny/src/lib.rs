//! A tiny ledger as a target: the smallest plugin that does everything the contract asks. Owns the translation to
//! the ledger's JSON; the tests play the ledger.

use counterfoil_sdk::serde::{Deserialize, Serialize};
use counterfoil_sdk::{
    Account, Action, Attributes, Change, ChangeReceipt, Class, Currency, Date, Draft, Entity, EntityPage, Failure, Job,
    Located, Money, Observation, ObservedDocument, Omission, Plan, PlanLine, Receipt, Remote, Request, Target, encode,
    json, log,
};

#[derive(Debug, Default)]
pub struct Tiny;

#[derive(Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Charge {
    #[serde(default)]
    id: String,
    customer: String,
    note: String,
    currency: String,
    amount: json::Exact,
}

#[derive(Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Charges {
    charges: Vec<Charge>,
}

#[derive(Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Customer {
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Customers {
    customers: Vec<Customer>,
    next: Option<String>,
}

impl Customer {
    fn entity(self) -> Entity {
        Entity::new("party", self.id, "", self.name)
    }
}

fn only_parties(kind: &str) -> Result<(), Failure> {
    if kind == "party" { Ok(()) } else { Err(Failure::unsupported("tiny-kind", format!("The ledger has no {kind}."))) }
}

fn receipt(change: &str, charge: Charge) -> Result<ChangeReceipt, Failure> {
    Ok(ChangeReceipt {
        key: change.to_owned(),
        action: Action::Create,
        document: "charge".to_owned(),
        reference: charge.id,
        number: String::new(),
        total: Some(Money::new(charge.amount.0, Currency::parse(&charge.currency)?)),
        attributes: Attributes::new(),
    })
}

impl Target for Tiny {
    fn probe(&self, remote: &mut dyn Remote) -> Result<Account, Failure> {
        let answer = remote.read(Request::get("me", "/me"))?;
        let me = json::Object::parse("me", &answer.body)?;
        Ok(Account {
            id: me.text("id")?,
            name: me.text("name")?,
            base_currency: Currency::parse(&me.text("currency")?)?,
            country: "IE".to_owned(),
            time_zone: "Europe/Dublin".to_owned(),
            locked_until: Some(Date::parse("2026-01-31")?),
            attributes: Attributes::new(),
        })
    }

    fn search(
        &self,
        remote: &mut dyn Remote,
        kind: &str,
        query: &str,
        cursor: Option<&str>,
    ) -> Result<EntityPage, Failure> {
        only_parties(kind)?;
        let mut request = Request::get("list-customers", "/customers").query("q", query);
        if let Some(cursor) = cursor {
            request = request.query("after", cursor);
        }
        let found: Customers = json::parse("customers", &remote.read(request)?.body)?;
        Ok(EntityPage { entities: found.customers.into_iter().map(Customer::entity).collect(), next: found.next })
    }

    fn get(&self, remote: &mut dyn Remote, kind: &str, ids: &[String]) -> Result<Vec<Entity>, Failure> {
        only_parties(kind)?;
        let mut found = Vec::new();
        for id in ids {
            let answer = remote.read(Request::get("get-customer", format!("/customers/{}", encode::segment(id))))?;
            if answer.is_success() {
                found.push(json::parse::<Customer>("customer", &answer.body)?.entity());
            }
        }
        Ok(found)
    }

    fn create(&self, remote: &mut dyn Remote, kind: &str, draft: &Draft) -> Result<Entity, Failure> {
        only_parties(kind)?;
        let body = format!("{{\"name\":\"{}\"}}", draft.name);
        let answer =
            remote.write(&draft.key, Request::post("create-customer", "/customers").json_bytes(body.into_bytes()))?;
        Ok(json::parse::<Customer>("customer", &answer.body)?.entity())
    }

    fn plan(&self, _: &mut dyn Remote, jobs: &[Job]) -> Vec<Result<Plan, Failure>> {
        log::info("planning", &[("jobs", &jobs.len().to_string())]);
        jobs.iter().map(plan).collect()
    }

    fn apply(&self, remote: &mut dyn Remote, plans: &[Plan]) -> Vec<Result<Receipt, Failure>> {
        plans.iter().map(|plan| apply(remote, plan)).collect()
    }

    fn locate(&self, remote: &mut dyn Remote, plan: &Plan, change_key: &str) -> Result<Located, Failure> {
        let sent: Charge = json::parse("payload", &plan.payload)?;
        let found: Charges = json::parse(
            "charges",
            &remote.read(Request::get("list-charges", "/charges").query("note", sent.note))?.body,
        )?;
        let mut found: Vec<_> =
            found.charges.into_iter().map(|charge| receipt(change_key, charge)).collect::<Result<_, _>>()?;
        Ok(match found.len() {
            0 => Located::Absent,
            1 => Located::Found(found.remove(0)),
            _ => Located::Several(found),
        })
    }

    fn observe(&self, remote: &mut dyn Remote, receipts: &[Receipt]) -> Vec<Result<Observation, Failure>> {
        receipts.iter().map(|receipt| observe(remote, receipt)).collect()
    }
}

fn plan(job: &Job) -> Result<Plan, Failure> {
    let party = job.party().ok_or_else(|| Failure::rejected("tiny-customer", "Link the customer first."))?;
    let (zero, billed): (Vec<_>, Vec<_>) = job.order.lines.iter().partition(|line| line.amount.is_zero());
    let charge = Charge {
        id: String::new(),
        customer: party.target_id.clone(),
        note: job.marker.clone(),
        currency: job.order.currency.code().to_owned(),
        amount: json::Exact(job.order.total),
    };
    let lines = billed
        .into_iter()
        .map(|line| PlanLine {
            covers: vec![line.id.clone()],
            description: line.description.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            unit_cost: line.unit_cost,
            amount: line.amount,
            bills: line.amount,
            why: line.arithmetic.clone(),
            attributes: line.attributes.clone(),
        })
        .collect();
    let change = Change {
        key: format!("charge:{}:{}", job.order.id, job.order.revision),
        action: Action::Create,
        document: "charge".to_owned(),
        target: None,
        title: format!("Charge for {}", job.order.number),
        fields: Vec::new(),
        lines,
        total: Money::new(job.order.total, job.order.currency),
        why: "A new order.".to_owned(),
        attributes: Attributes::new(),
    };
    let left_out =
        zero.into_iter().map(|line| Omission { line: line.id.clone(), why: "Nothing to bill.".to_owned() }).collect();
    Ok(Plan { job: job.id.clone(), changes: vec![change], left_out, payload: json::bytes(&charge)?, ..Plan::default() })
}

fn apply(remote: &mut dyn Remote, plan: &Plan) -> Result<Receipt, Failure> {
    let mut receipts = plan.adopted.clone();
    for change in plan.changes.iter().filter(|change| plan.adopted(&change.key).is_none()) {
        let answer = remote.write(&change.key, Request::post("charge", "/charges").json_bytes(plan.payload.clone()))?;
        if !answer.is_success() {
            return Err(Failure::unknown_outcome("tiny-charge", format!("The ledger answered {}.", answer.status)));
        }
        let stored: Charge = json::parse("charge", &answer.body)
            .map_err(|failure| Failure { class: Class::UnknownOutcome, ..failure })?;
        receipts.push(receipt(&change.key, stored)?);
    }
    Ok(Receipt { job: plan.job.clone(), changes: receipts, attributes: Attributes::new() })
}

fn observe(remote: &mut dyn Remote, receipt: &Receipt) -> Result<Observation, Failure> {
    let mut documents = Vec::new();
    for change in &receipt.changes {
        let answer =
            remote.read(Request::get("get-charge", format!("/charges/{}", encode::segment(&change.reference))))?;
        let charge: Charge = json::parse("charge", &answer.body)?;
        documents.push(ObservedDocument {
            key: change.key.clone(),
            reference: charge.id,
            number: String::new(),
            state: "BOOKED".to_owned(),
            total: Money::new(charge.amount.0, Currency::parse(&charge.currency)?),
            lines: Vec::new(),
            attributes: Attributes::new(),
        });
    }
    Ok(Observation { job: receipt.job.clone(), documents, attributes: Attributes::new() })
}

counterfoil_sdk::target!(Tiny);
