//! Whose record it is. Customers are known by the publisher's id of their tenant wherever one is told: it is the same at every
//! source, so that mappings outlive a move from one to another. Owns resolving references, domains and names to tenants;
//! what cannot be resolved keeps a key of its own.

use std::collections::BTreeMap;

use counterfoil_domain::id::CustomerId;
use counterfoil_domain::market::Customer;

use super::row::Row;
use crate::simple_api::Problem;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tenant {
    pub(crate) id: CustomerId,
    pub(crate) name: String,
    /// The source's own number of it.
    pub(crate) number: Option<String>,
    /// The reseller's own text, often the customer's number elsewhere.
    pub(crate) reference: Option<String>,
    /// Whole ones and the part before ".onmicrosoft.com", in lower case.
    pub(crate) domains: Vec<String>,
    pub(crate) active: bool,
}

impl Tenant {
    pub(crate) fn customer(self) -> Customer {
        Customer {
            id: self.id,
            name: self.name,
            external_id: self.reference,
            tax_number: None,
            email: None,
            active: self.active,
        }
    }
}

/// A tenant's id at its publisher, in its one spelling; None: it is something else.
pub(crate) fn guid(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches('{').trim_end_matches('}');
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let d = digits.to_ascii_lowercase();
    Some([d.get(..8)?, d.get(8..12)?, d.get(12..16)?, d.get(16..20)?, d.get(20..)?].join("-"))
}

const NUMBERS: &[&str] = &["Id", "CustomerTenantId", "CustomerId"];
const GUIDS: &[&str] = &[
    "PublisherCustomerId",
    "ExternalPublisherCustomerId",
    "MicrosoftTenantId",
    "TenantId",
    "CspTenantId",
    "ExternalId",
];

/// A row of a list of tenants.
pub(crate) fn tenant(row: &Row) -> Result<Tenant, Problem> {
    let number = row.text(NUMBERS).map(str::to_owned);
    let known = GUIDS.iter().find_map(|name| guid(row.text(&[name])?));
    let known = known.or_else(|| guid(number.as_deref()?));
    let id = match (known, &number) {
        (Some(guid), _) => CustomerId::new(guid),
        (None, Some(number)) => CustomerId::new(format!("tenant:{number}")),
        (None, None) => return Err(row.problem(&["PublisherCustomerId"], "missing, and there is no id either")),
    };
    let domain = row.text(&["Domain", "PrimaryDomain", "TenantPrimaryDomain", "DomainName"]);
    let prefix = row.text(&["DomainPrefix"]);
    let mut domains: Vec<String> = domain.into_iter().chain(prefix).flat_map(spellings).collect();
    domains.sort();
    domains.dedup();
    let name = row.text(&["Name", "CompanyName", "CustomerName", "TenantName", "DisplayName"]).or(domain);
    let state = row.text(&["EntityStatus", "Status", "State"]).map(str::to_ascii_lowercase);
    let ended = ["deleted", "inactive", "disabled", "deactivated"];
    Ok(Tenant {
        name: name.unwrap_or(id.as_str()).to_owned(),
        number,
        reference: row.text(&["Reference", "CustomerReference"]).map(str::to_owned),
        domains,
        active: !state.is_some_and(|state| ended.contains(&state.as_str())) && !row.is(&["IsDeleted", "IsDeactivated"]),
        id,
    })
}

/// "contoso" and "contoso.onmicrosoft.com" are one.
fn spellings(domain: &str) -> Vec<String> {
    let domain = domain.trim().to_ascii_lowercase();
    let short = domain.strip_suffix(".onmicrosoft.com").map(str::to_owned);
    let long = (!domain.contains('.')).then(|| format!("{domain}.onmicrosoft.com"));
    std::iter::once(domain).chain(short).chain(long).collect()
}

/// By everything that a record may name a tenant by. Under a word that two tenants share stands nobody.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tenants {
    all: BTreeMap<CustomerId, Tenant>,
    by: BTreeMap<(Word, String), Option<CustomerId>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Number,
    Reference,
    Domain,
    Name,
}

impl Tenants {
    pub(crate) fn add(&mut self, tenant: Tenant) {
        let id = tenant.id.clone();
        let mut words: Vec<(Word, String)> = vec![(Word::Name, tenant.name.to_lowercase())];
        words.extend(tenant.number.iter().map(|number| (Word::Number, number.clone())));
        words.extend(tenant.reference.iter().map(|reference| (Word::Reference, reference.to_lowercase())));
        words.extend(tenant.domains.iter().map(|domain| (Word::Domain, domain.clone())));
        for word in words {
            let known = self.by.entry(word).or_insert_with(|| Some(id.clone()));
            if known.as_ref() != Some(&id) {
                *known = None;
            }
        }
        self.all.entry(id).or_insert(tenant);
    }

    fn one(&self, word: Word, text: &str) -> Option<&Tenant> {
        self.all.get(self.by.get(&(word, text.trim().to_lowercase()))?.as_ref()?)
    }

    pub(crate) fn by_guid(&self, text: &str) -> Option<&Tenant> {
        self.all.get(&CustomerId::new(guid(text)?))
    }

    pub(crate) fn by_number(&self, number: &str) -> Option<&Tenant> {
        self.one(Word::Number, number)
    }
}

/// Who it is, and the name to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whose {
    pub(crate) customer: CustomerId,
    pub(crate) name: String,
}

impl Whose {
    fn of(tenant: &Tenant) -> Self {
        Self { customer: tenant.id.clone(), name: tenant.name.clone() }
    }
}

const RECORD_GUIDS: &[&str] =
    &["PublisherCustomerId", "TenantId", "CustomerTenantId", "CustomerId", "MicrosoftTenantId", "TenantReference"];
const REFERENCES: &[&str] = &["TenantReference", "CustomerReference"];
const DOMAINS: &[&str] =
    &["TenantPrimaryDomain", "PrimaryDomain", "CustomerDomain", "TenantDomain", "DomainName", "Domain"];
const NAMES: &[&str] = &["CustomerName", "TenantName", "EndCustomerName", "CompanyName", "Customer"];

/// What a record says itself counts; `by_subscription` only where it says nothing that is known. `reseller` takes what is
/// nobody's: the distributor's own charges.
pub(crate) fn whose(
    row: &Row,
    tenants: &Tenants,
    by_subscription: Option<&Tenant>,
    reseller: (&str, &str),
) -> Result<Whose, Problem> {
    let name = row.text(NAMES);
    let told_guid = RECORD_GUIDS.iter().find_map(|column| guid(row.text(&[column])?));
    let number = row.text(&["CustomerTenantId", "TenantId", "CustomerId"]);
    let (reference, domain) = (row.text(REFERENCES), row.text(DOMAINS));
    let strong = [
        told_guid.as_deref().and_then(|guid| tenants.by_guid(guid)),
        number.and_then(|number| tenants.by_number(number)),
        reference.and_then(|text| tenants.one(Word::Reference, text).or_else(|| tenants.one(Word::Number, text))),
        domain.and_then(|text| tenants.one(Word::Domain, text)),
    ];
    let mut found: Vec<&Tenant> = strong.into_iter().flatten().collect();
    found.dedup_by(|a, b| a.id == b.id);
    match found[..] {
        [one] => return Ok(Whose::of(one)),
        [] => {}
        [a, b, ..] => {
            let what = format!("says that it is of {} and of {}; which of them is to pay is not clear", a.name, b.name);
            return Err(row.problem(REFERENCES, what));
        }
    }
    if let Some(guid) = told_guid {
        let name = name.or(domain).unwrap_or(&guid).to_owned();
        return Ok(Whose { customer: CustomerId::new(guid), name });
    }
    let weak = by_subscription.or_else(|| reference.and_then(|text| tenants.one(Word::Name, text)));
    if let Some(tenant) = weak.or_else(|| tenants.one(Word::Name, name?)) {
        return Ok(Whose::of(tenant));
    }
    let own = |kind: &str, text: &str| {
        let customer = CustomerId::new(format!("{kind}:{}", text.to_lowercase()));
        Ok(Whose { customer, name: name.unwrap_or(text).to_owned() })
    };
    match (domain, reference, number, name) {
        (Some(domain), ..) => own("domain", domain),
        (_, Some(reference), ..) => own("reference", reference),
        (_, _, Some(number), _) => own("tenant", number),
        (_, _, _, Some(name)) if !name.eq_ignore_ascii_case(reseller.1) => own("name", name),
        _ => Ok(Whose {
            customer: CustomerId::new(format!("organization:{}", reseller.0)),
            name: format!("{} (no customer named)", reseller.1),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTOSO: &str = "0f6b1c9e-0000-4000-8000-00000000000a";
    const FABRIKAM: &str = "0f6b1c9e-0000-4000-8000-00000000000b";

    fn tenants() -> Tenants {
        let mut tenants = Tenants::default();
        for text in [
            r#"{"Id":1,"Name":"Contoso Ltd","PublisherCustomerId":"{0F6B1C9E-0000-4000-8000-00000000000A}","DomainPrefix":"contoso","Reference":"C-1"}"#,
            r#"{"Id":2,"Name":"Fabrikam Inc","PublisherCustomerId":"0f6b1c9e000040008000-00000000000b","Domain":"fabrikam.onmicrosoft.com","Reference":"shared"}"#,
            // The same tenant under another program.
            r#"{"Id":3,"Name":"Contoso Ltd","PublisherCustomerId":"0f6b1c9e-0000-4000-8000-00000000000a","Domain":"contoso.com"}"#,
            r#"{"Id":4,"Name":"Northwind","PublisherCustomerId":"aws-1","Reference":"shared"}"#,
        ] {
            tenants.add(tenant(&Row::json(text).unwrap()).unwrap());
        }
        tenants
    }

    #[test]
    fn records_find_their_tenants() {
        let tenants = tenants();
        let table: &[(&str, Option<&str>, &str, &str)] = &[
            (r#"{"TenantReference":"C-1"}"#, None, CONTOSO, "Contoso Ltd"),
            (r#"{"TenantPrimaryDomain":"Contoso.onmicrosoft.com"}"#, None, CONTOSO, "Contoso Ltd"),
            (r#"{"TenantPrimaryDomain":"contoso.com","TenantReference":"old"}"#, None, CONTOSO, "Contoso Ltd"),
            (r#"{"TenantPrimaryDomain":"fabrikam"}"#, None, FABRIKAM, "Fabrikam Inc"),
            (r#"{"TenantReference":"0F6B1C9E-0000-4000-8000-00000000000B"}"#, None, FABRIKAM, "Fabrikam Inc"),
            (r#"{"CustomerTenantId":3}"#, None, CONTOSO, "Contoso Ltd"),
            (r#"{"CompanyName":"fabrikam inc"}"#, None, FABRIKAM, "Fabrikam Inc"),
            // Two have this reference: only the name is left, or the subscription.
            (r#"{"TenantReference":"shared","CompanyName":"Northwind"}"#, None, "tenant:4", "Northwind"),
            (r#"{"TenantReference":"shared"}"#, Some("2"), FABRIKAM, "Fabrikam Inc"),
            (r#"{"TenantReference":"shared"}"#, None, "reference:shared", "shared"),
            // What the record says comes before what the subscription says now.
            (r#"{"TenantReference":"C-1"}"#, Some("2"), CONTOSO, "Contoso Ltd"),
            (r#"{}"#, Some("2"), FABRIKAM, "Fabrikam Inc"),
            // Nobody we know.
            (
                r#"{"TenantPrimaryDomain":"Tailspin.com","CompanyName":"Tailspin Toys"}"#,
                None,
                "domain:tailspin.com",
                "Tailspin Toys",
            ),
            (
                r#"{"TenantId":"0f6b1c9e-0000-4000-8000-00000000000c","CustomerName":"New"}"#,
                None,
                "0f6b1c9e-0000-4000-8000-00000000000c",
                "New",
            ),
            (r#"{"CompanyName":"Acme MSP"}"#, None, "organization:9", "Acme MSP (no customer named)"),
            (r#"{}"#, None, "organization:9", "Acme MSP (no customer named)"),
        ];
        for (text, number, customer, name) in table {
            let row = Row::json(text).unwrap();
            let by = number.and_then(|number| tenants.by_number(number));
            let found = whose(&row, &tenants, by, ("9", "Acme MSP")).unwrap();
            assert_eq!((found.customer.as_str(), found.name.as_str()), (*customer, *name), "{text}");
        }
        let both = Row::json(r#"{"TenantReference":"C-1","TenantPrimaryDomain":"fabrikam.onmicrosoft.com"}"#).unwrap();
        let problem = whose(&both, &tenants, None, ("9", "Acme MSP")).unwrap_err().to_string();
        assert!(problem.contains("Contoso Ltd and of Fabrikam Inc"), "{problem}");
    }

    #[test]
    fn a_tenant_is_a_customer() {
        let tenants = tenants();
        let shown: Vec<_> = tenants.all.values().map(|tenant| tenant.clone().customer()).collect();
        assert_eq!(shown.len(), 3);
        let contoso = shown.iter().find(|customer| customer.id.as_str() == CONTOSO).unwrap();
        assert_eq!(
            (contoso.name.as_str(), contoso.external_id.as_deref(), contoso.active),
            ("Contoso Ltd", Some("C-1"), true)
        );
        assert!(tenant(&Row::json(r#"{"Name":"x"}"#).unwrap()).is_err());
        assert_eq!(guid("CONTOSO"), None);
    }
}
