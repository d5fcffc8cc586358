//! Owns: organizations, profiles, tenants, subscriptions and the price list, filtered and cut into pages.

use chrono::NaiveDate;

use super::answer::{self, Failure};
use super::show;
use super::state::Memory;
use crate::statements::Tenant;
use crate::statements::door::{Asked, BadValue, Json};
use crate::world::Currency;

type Rows = Result<Json, Failure>;

fn contains(asked: &Asked, names: &[&str]) -> bool {
    let Some(wanted) = asked.text("Search").map(str::to_lowercase) else { return true };
    names.iter().any(|name| name.to_lowercase().contains(&wanted))
}

/// A filter by number; absent lets everything through.
fn is(wanted: Option<u32>, held: u32) -> bool {
    wanted.is_none_or(|wanted| wanted == held)
}

pub(super) fn organizations(memory: &Memory, asked: &Asked) -> Rows {
    let all = memory.world.organizations().iter();
    let found = all.filter(|one| contains(asked, &[&one.name]));
    answer::list(asked, &memory.switches, found.map(|one| show::organization(&memory.switches, one)).collect())
}

pub(super) fn profiles(memory: &Memory, asked: &Asked) -> Rows {
    let organization = asked.number("OrganizationId")?;
    let all = memory.world.profiles().iter();
    let found = all.filter(|one| is(organization, one.organization) && contains(asked, &[&one.name]));
    let shown = found.map(|one| show::profile(&memory.world, &memory.switches, one));
    answer::list(asked, &memory.switches, shown.collect())
}

pub(super) fn tenants(memory: &Memory, asked: &Asked) -> Rows {
    let (organization, profile) = (asked.number("OrganizationId")?, asked.number("InvoiceProfileId")?);
    let domain = asked.text("Domain");
    let fits = |one: &&Tenant| {
        is(organization, one.organization)
            && is(profile, one.profile)
            && domain.is_none_or(|domain| one.domain.eq_ignore_ascii_case(domain))
            && contains(asked, &[&one.name, &one.domain, &one.reference])
    };
    let found = memory.world.tenants().iter().filter(fits);
    let shown = found.map(|one| show::tenant(&memory.world, &memory.switches, one));
    answer::list(asked, &memory.switches, shown.collect())
}

pub(super) fn subscriptions(memory: &Memory, asked: &Asked, today: NaiveDate) -> Rows {
    let (world, switches) = (&memory.world, &memory.switches);
    let (organization, tenant) = (asked.number("OrganizationId")?, asked.number("CustomerTenantId")?);
    // Flags: any of them will do.
    let statuses = asked.number("Statuses")?.filter(|flags| *flags != 0);
    let found = world.subscriptions().iter().filter(|life| {
        let Some(owner) = life.tenant.and_then(|id| world.tenant(id)) else { return false };
        let status = show::status(life, today);
        life.start <= today
            && is(organization, owner.organization)
            && is(tenant, owner.id)
            && statuses.is_none_or(|flags| flags & status != 0)
            && (life.active_on(today) || !switches.forget_ended_subscriptions)
    });
    answer::list(asked, switches, found.map(|life| show::subscription(world, switches, life, today)).collect())
}

/// In the tenant's currency, or in all that the organization's tenants have.
pub(super) fn products(memory: &Memory, asked: &Asked, today: NaiveDate) -> Rows {
    let world = &memory.world;
    let organization = asked.number("OrganizationId")?.ok_or(Failure::Missing("OrganizationId"))?;
    let tenant = asked.number("CustomerTenantId")?;
    let parts = asked.text("Include.PartNumbers");
    let mut currencies: Vec<Currency> = Vec::new();
    for one in world.tenants().iter().filter(|one| one.organization == organization && is(tenant, one.id)) {
        if !currencies.contains(&one.currency) {
            currencies.push(one.currency);
        }
    }
    if let (true, Some(id)) = (currencies.is_empty(), tenant) {
        let value = id.to_string();
        return Err(Failure::Bad(BadValue { name: "CustomerTenantId".to_owned(), value }));
    }
    let offers = currencies.into_iter().flat_map(|currency| world.price_list(currency, today));
    let found = offers.filter(|offer| {
        parts.is_none_or(|part| offer.part_number == part) && contains(asked, &[&offer.name, &offer.part_number])
    });
    let shown = found.enumerate().map(|(index, offer)| show::offer(index, &offer));
    answer::list(asked, &memory.switches, shown.collect())
}
