//! Which security role of ConnectWise a call needs, in ConnectWise's own words.
//!
//! Owns the table. A missing permission is named, so that whoever sets up the API member knows what to tick.

use counterfoil_sdk::Failure;

/// Beginning of a path, and where the permission stands in the security role. The first that fits counts.
const ROLES: [(&str, &str); 9] = [
    ("/company/companies/statuses", "System > Table Setup"),
    ("/company/companies/types", "System > Table Setup"),
    ("/company/companies", "Companies > Company Maintenance"),
    ("/company/contacts", "Companies > Contacts"),
    ("/company/countries", "System > Table Setup"),
    ("/finance/agreement", "Finance > Agreements"),
    ("/finance/", "System > Table Setup"),
    ("/procurement/catalog", "Procurement > Product Catalog"),
    ("/procurement/", "System > Table Setup"),
];

/// The permission that a call needs: "Finance > Agreements (Edit)".
pub(crate) fn needed(method: &str, path: &str) -> Option<String> {
    let (_, role) = ROLES.iter().find(|(beginning, _)| path.starts_with(beginning))?;
    let level = match method {
        "POST" => "Add",
        "PATCH" => "Edit",
        _ => "Inquire",
    };
    Some(format!("{role} ({level})"))
}

/// Name of the attribute of a failure that holds the permission.
pub(crate) const MISSING: &str = "missing-role";

/// The failure with the permission that it is about.
pub(crate) fn named(mut failure: Failure, method: &str, path: &str) -> Failure {
    if let Some(role) = needed(method, path) {
        failure.message.push_str(&format!(
            " The security role of the API member needs {role}. Set it in ConnectWise under System > Security Roles, then try again."
        ));
        failure.attributes.set(MISSING, role);
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_its_role() {
        for (method, path, want) in [
            ("GET", "/company/companies", Some("Companies > Company Maintenance (Inquire)")),
            ("POST", "/company/companies", Some("Companies > Company Maintenance (Add)")),
            ("GET", "/company/companies/statuses", Some("System > Table Setup (Inquire)")),
            ("GET", "/finance/agreements/12/additions", Some("Finance > Agreements (Inquire)")),
            ("PATCH", "/finance/agreements/12/additions/3", Some("Finance > Agreements (Edit)")),
            ("GET", "/finance/agreementrecap/12", Some("Finance > Agreements (Inquire)")),
            ("GET", "/finance/billingCycles", Some("System > Table Setup (Inquire)")),
            ("POST", "/procurement/catalog", Some("Procurement > Product Catalog (Add)")),
            ("GET", "/system/info", None),
        ] {
            assert_eq!(needed(method, path).as_deref(), want, "{method} {path}");
        }
    }
}
