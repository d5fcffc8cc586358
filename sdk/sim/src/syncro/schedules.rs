//! Owns recurring invoices, which the API calls schedules: how they and their lines are read, written and destroyed. Does
//! not own what a run of them bills.

use chrono::{DateTime, Datelike as _, Duration, NaiveDate, Utc};

use super::answer::{Answer, Refusal};
use super::calendar::Frequency;
use super::config::{NextRun, Permission, RemoveAnswer, RemoveBody, RemoveFailure};
use super::json::{Json, as_number, object};
use super::lines::{Line, added, written};
use super::listing::{Call, List};
use super::money::units;
use super::params::Params;
use super::tenant::{Kind, Maker, Tenant};
use super::watch::{ViolationKind, changed_by_omission};

/// A recurring invoice as it stands; the id of one that is to be put there is given by the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub id: i64,
    pub customer: i64,
    /// "Template Name" on the screens.
    pub name: String,
    pub frequency: Frequency,
    pub next_run: NaiveDate,
    pub email_customer: bool,
    pub snail_mail: bool,
    /// Charges the customer's card as soon as the invoice is made.
    pub charge_mop: bool,
    pub invoice_unbilled_ticket_charges: bool,
    pub paused: bool,
    pub last_invoice_paid: Option<bool>,
    pub maker: Maker,
    /// The day of the month that somebody asked for; whoever edits `next_run` by hand sets it as well.
    pub anchor: u32,
    pub created_at: DateTime<Utc>,
}

type Flag<'a> = (&'static str, &'a mut bool);

impl Schedule {
    #[must_use]
    pub fn of(customer: i64, name: &str, frequency: Frequency, next_run: NaiveDate) -> Self {
        Self {
            id: 0,
            customer,
            name: name.to_owned(),
            frequency,
            next_run,
            email_customer: false,
            snail_mail: false,
            charge_mop: false,
            invoice_unbilled_ticket_charges: false,
            paused: false,
            last_invoice_paid: None,
            maker: Maker::Person,
            anchor: next_run.day(),
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    fn flags(&mut self) -> [Flag<'_>; 5] {
        [
            ("email_customer", &mut self.email_customer),
            ("snail_mail", &mut self.snail_mail),
            ("charge_mop", &mut self.charge_mop),
            ("invoice_unbilled_ticket_charges", &mut self.invoice_unbilled_ticket_charges),
            ("paused", &mut self.paused),
        ]
    }

    fn shown(&self, tenant: &Tenant, with_lines: bool) -> Json {
        let switches = &tenant.config.switches;
        let lines = tenant.lines_of(self.id);
        let subtotal = lines.iter().map(|line| line.amount_cents()).fold(0, i64::saturating_add);
        let fresh = |line: &Line| tenant.now() - line.created_at < Duration::seconds(switches.line_lag_seconds);
        let visible = lines.into_iter().filter(|line| with_lines && !fresh(line));
        let midnight = |zone: &str| Json::Text(format!("{}T00:00:00.000{zone}", self.next_run));
        let next_run = match switches.next_run {
            NextRun::Midnight => midnight("Z"),
            NextRun::LocalMidnight => midnight(&tenant.config.time_offset()),
            NextRun::Day => Json::text(self.next_run.to_string()),
        };
        object([
            ("id", Json::whole(self.id)),
            ("account_id", Json::whole(1)),
            ("customer_id", Json::whole(self.customer)),
            ("email_customer", Json::Bool(self.email_customer)),
            ("frequency", Json::text(self.frequency.name())),
            ("name", Json::from(&self.name)),
            ("next_run", next_run),
            ("snail_mail", Json::Bool(self.snail_mail)),
            ("charge_mop", Json::Bool(self.charge_mop)),
            ("subtotal", as_number(units(subtotal), switches.numbers)),
            ("invoice_unbilled_ticket_charges", Json::Bool(self.invoice_unbilled_ticket_charges)),
            ("paused", Json::Bool(self.paused)),
            ("last_invoice_paid", self.last_invoice_paid.into()),
            ("lines", Json::List(visible.map(|line| line.shown(tenant)).collect())),
        ])
    }
}

pub(crate) fn serve(tenant: &mut Tenant, call: &Call<'_>) -> Result<Answer, Answer> {
    match (call.method, call.path) {
        ("GET", ["schedules"]) => {
            let customer = call.asked("customer_id").and_then(|id| id.parse::<i64>().ok());
            let wanted = |one: &&Schedule| call.sees(one.customer) && customer.is_none_or(|id| one.customer == id);
            let rows = tenant.schedules.values().filter(wanted).collect();
            let with_lines = !tenant.config.switches.schedules_listed_without_lines;
            List::Schedules.page(tenant, call, rows, |one: &Schedule| one.shown(tenant, with_lines))
        }
        ("POST", ["schedules"]) => create(tenant, call),
        ("GET", ["schedules", one]) => {
            call.need(Permission::RecurringList)?;
            Ok(Answer::wrapped("schedule", found(tenant, call, one)?.shown(tenant, true)))
        }
        ("PUT", ["schedules", one]) => update(tenant, call, one),
        ("DELETE", ["schedules", one]) => {
            call.need(Permission::RecurringDelete)?;
            let id = found(tenant, call, one)?.id;
            tenant.schedules.remove(&id);
            tenant.lines.retain(|_, line| line.schedule != id);
            Ok(Answer::empty(200))
        }
        ("POST", ["schedules", one, "add_line_item"]) => {
            call.need(Permission::RecurringEdit)?;
            let line = added(found(tenant, call, one)?.id);
            let id = tenant.add_line(written(tenant, &call.params, &line)?);
            line_answered(tenant, id)
        }
        ("PUT", ["schedules", one, "line_items", line]) => update_line(tenant, call, one, line),
        ("POST", ["schedules", one, "remove_line_item"]) => remove_line(tenant, call, one),
        _ => Err(Refusal::NoRoute.into()),
    }
}

fn found<'a>(tenant: &'a Tenant, call: &Call<'_>, id: &str) -> Result<&'a Schedule, Answer> {
    let known = id.parse().ok().and_then(|id| tenant.schedules.get(&id));
    known.filter(|schedule| call.sees(schedule.customer)).ok_or_else(|| Refusal::Gone.into())
}

fn line_answered(tenant: &Tenant, id: i64) -> Result<Answer, Answer> {
    let line = tenant.lines.get(&id).ok_or_else(|| Answer::from(Refusal::Gone))?;
    Ok(Answer::wrapped("schedule_line_item", line.shown(tenant)))
}

fn create(tenant: &mut Tenant, call: &Call<'_>) -> Result<Answer, Answer> {
    call.need(Permission::RecurringNew)?;
    let params = &call.params;
    let frequency = params.text("frequency").and_then(|name| Frequency::parse(&name));
    let customer = params.id("customer_id").filter(|id| tenant.customers.contains_key(id) && call.sees(*id));
    let mut errors = Vec::new();
    if frequency.is_none() {
        errors.push("Frequency Must be a valid selection");
    }
    for (is_blank, told) in [
        (params.word("frequency").is_none(), "Frequency can't be blank"),
        (params.day("next_run").is_none(), "Next run can't be blank"),
        (params.word("name").is_none(), "Name can't be blank"),
        (customer.is_none(), "Customer can't be blank"),
    ] {
        errors.extend(is_blank.then_some(told));
    }
    let (Some(frequency), Some(next_run), Some(name), Some(customer)) =
        (frequency, params.day("next_run"), params.word("name"), customer)
    else {
        return Err(Refusal::Errors(errors.into_iter().map(str::to_owned).collect()).into());
    };
    let mut schedule = Schedule { maker: Maker::Api, ..Schedule::of(customer, &name, frequency, next_run) };
    for (name, flag) in schedule.flags() {
        *flag = params.flag(name).unwrap_or_default();
    }
    let id = tenant.add_schedule(schedule);
    answered(tenant, id)
}

fn answered(tenant: &Tenant, id: i64) -> Result<Answer, Answer> {
    let schedule = tenant.schedules.get(&id).ok_or_else(|| Answer::from(Refusal::Gone))?;
    Ok(Answer::wrapped("schedule", schedule.shown(tenant, true)))
}

/// Members are kept where they are not said; flags are not.
fn update(tenant: &mut Tenant, call: &Call<'_>, one: &str) -> Result<Answer, Answer> {
    call.need(Permission::RecurringEdit)?;
    let params = &call.params;
    let mut before = found(tenant, call, one)?.clone();
    let mut after = before.clone();
    let mut errors = Vec::new();
    if params.has("name") {
        after.name = params.word("name").unwrap_or_default();
        errors.extend(after.name.is_empty().then_some("Name can't be blank"));
    }
    if params.has("next_run") {
        match params.day("next_run") {
            Some(day) if day != after.next_run => (after.next_run, after.anchor) = (day, day.day()),
            Some(_) => {}
            None => errors.push("Next run can't be blank"),
        }
    }
    if params.has("frequency") {
        match params.text("frequency").and_then(|name| Frequency::parse(&name)) {
            Some(frequency) => after.frequency = frequency,
            None => errors.push("Frequency Must be a valid selection"),
        }
    }
    if !errors.is_empty() {
        return Err(Refusal::Errors(errors.into_iter().map(str::to_owned).collect()).into());
    }
    let stays = tenant.config.switches.put_keeps_omitted;
    for (name, flag) in after.flags() {
        *flag = params.flag(name).unwrap_or(stays && *flag);
    }
    let id = after.id;
    let flags: Vec<_> =
        before.flags().into_iter().zip(after.flags()).map(|(old, new)| (old.0, *old.1, *new.1)).collect();
    let dropped = changed_by_omission(params, &flags);
    if !dropped.is_empty() {
        tenant.notice(ViolationKind::FlagByOmission, format!("schedule {id}: {}", dropped.join(", ")));
    }
    if before.maker != Maker::Api {
        tenant.notice(ViolationKind::ForeignSchedule, format!("schedule {id}"));
    }
    tenant.schedules.insert(id, after);
    answered(tenant, id)
}

fn line_on(tenant: &Tenant, schedule: i64, line: i64) -> Option<&Line> {
    tenant.lines.get(&line).filter(|line| line.schedule == schedule)
}

/// A line that the API did not make is nobody's but its maker's.
fn judge(tenant: &mut Tenant, line: &Line, what: &str) {
    if line.maker != Maker::Api {
        tenant.notice(ViolationKind::ForeignLine, format!("{what} line {} of schedule {}", line.id, line.schedule));
    }
}

fn update_line(tenant: &mut Tenant, call: &Call<'_>, one: &str, line: &str) -> Result<Answer, Answer> {
    call.need(Permission::RecurringEdit)?;
    let schedule = found(tenant, call, one)?.id;
    let known = line.parse().ok().and_then(|line| line_on(tenant, schedule, line));
    let before = known.cloned().ok_or_else(|| Answer::from(Refusal::Gone))?;
    judge(tenant, &before, "PUT to");
    let after = written(tenant, &call.params, &before)?;
    if tenant.config.switches.line_updates_ignored {
        return Ok(Answer::wrapped("schedule_line_item", after.shown(tenant)));
    }
    let flags = [
        ("taxable", before.taxable, after.taxable),
        ("one_time_charge", before.one_time_charge, after.one_time_charge),
    ];
    let dropped = changed_by_omission(&call.params, &flags);
    if !dropped.is_empty() {
        tenant.notice(ViolationKind::FlagByOmission, format!("line {}: {}", before.id, dropped.join(", ")));
    }
    tenant.lines.insert(after.id, after);
    line_answered(tenant, before.id)
}

fn remove_line(tenant: &mut Tenant, call: &Call<'_>, one: &str) -> Result<Answer, Answer> {
    call.need(Permission::RecurringEdit)?;
    let schedule = found(tenant, call, one)?.id;
    let switches = &tenant.config.switches;
    let (answer, failure) = (switches.remove_answer, switches.remove_failure);
    let named = match switches.remove_body {
        RemoveBody::Object => call.params.id("line_item_id"),
        RemoveBody::Bare => {
            // Read as if it were the only member of an object.
            Params::new(object([("line_item_id", call.params.json().clone())])).id("line_item_id")
        }
    };
    let done = match answer {
        RemoveAnswer::Empty => Answer::empty(200),
        RemoveAnswer::Success => Answer::ok(&object([("success", Json::Bool(true))])),
    };
    let Some(line) = named.and_then(|line| line_on(tenant, schedule, line)).cloned() else {
        return match failure {
            RemoveFailure::NotFound => Err(Refusal::Gone.into()),
            RemoveFailure::SaysDone => Ok(done),
        };
    };
    judge(tenant, &line, "removed");
    tenant.lines.remove(&line.id);
    Ok(done)
}

impl Tenant {
    pub(crate) fn add_schedule(&mut self, mut schedule: Schedule) -> i64 {
        schedule.created_at = self.now();
        schedule.id = self.give(Kind::Schedule);
        let id = schedule.id;
        self.schedules.insert(id, schedule);
        id
    }
}
