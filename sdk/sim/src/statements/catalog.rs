//! Owns: the products of a generated world.

use super::model::{Product, ProductKind};
use super::month::Month;

/// Places in the list that the generator asks for by name.
pub(super) const AZURE: usize = 9;
pub(super) const RESERVATION: usize = 10;
pub(super) const SAVINGS: usize = 11;
pub(super) const PERPETUAL: usize = 12;
pub(super) const SAAS: usize = 13;
pub(super) const WORKSHOP: usize = 14;
pub(super) const SUPPORT: usize = 15;
/// Licences are the first so many; the last of them is sold no longer.
pub(super) const LICENCES: usize = 9;

const MICROSOFT: &str = "Microsoft";

type Row = (&'static str, &'static str, &'static str, ProductKind, i64, bool);

const ROWS: [Row; 16] = [
    ("CFQ7TTC0LH18:0001", "Microsoft 365 Business Basic", MICROSOFT, ProductKind::Licence, 600, true),
    ("CFQ7TTC0LDPB:0001", "Microsoft 365 Business Standard", MICROSOFT, ProductKind::Licence, 1_250, true),
    ("CFQ7TTC0LCHC:0002", "Microsoft 365 Business Premium", MICROSOFT, ProductKind::Licence, 2_200, true),
    ("CFQ7TTC0LH16:0001", "Exchange Online (Plan 1)", MICROSOFT, ProductKind::Licence, 400, true),
    ("CFQ7TTC0HD33:0003", "Visio Plan 2", MICROSOFT, ProductKind::Licence, 1_500, true),
    ("CFQ7TTC0LFLX:0001", "Microsoft 365 E3 (no Teams)", MICROSOFT, ProductKind::Licence, 3_375, true),
    // Quotes and a comma, for whoever splits lines by hand.
    ("CFQ7TTC0LGV0:0001", "Teams Rooms Pro, \"Shared Device\"", MICROSOFT, ProductKind::Licence, 4_000, true),
    ("CFQ7TTC0LHQB:0001", "Power BI Pro – für alle", MICROSOFT, ProductKind::Licence, 1_387, true),
    (
        "6FBAD345-B7DE-42A6-B6AB-79B363D0B371",
        "Office 365 Midsize Business",
        MICROSOFT,
        ProductKind::Licence,
        1_500,
        false,
    ),
    ("DZH318Z0BPS6:0001", "Azure plan", MICROSOFT, ProductKind::AzurePlan, 0, true),
    (
        "DZH318Z0BPX8:00LW",
        "Reserved VM Instance, Standard_D4s_v5, EU West",
        MICROSOFT,
        ProductKind::Reservation,
        81_236,
        true,
    ),
    ("DZH318Z08ZX1:0001", "Compute savings plan", MICROSOFT, ProductKind::SavingsPlan, 14, true),
    ("DG7GMGF0D5VL:0001", "Windows Server 2025 Standard - 16 Core", MICROSOFT, ProductKind::Perpetual, 107_200, true),
    ("DZH318Z0C1F3:0003", "Mailbox Backup (Marketplace)", "Fjordvault", ProductKind::Saas, 275, true),
    ("CRAYON-WORKSHOP", "Onboarding workshop", "Crayon", ProductKind::Service, 18_000, false),
    ("CRAYON-SUPPORT", "Partner support plan", "Crayon", ProductKind::Service, 9_900, false),
];

/// The products, and so many listed ones more that nobody buys. Two change their price inside a month.
pub(super) fn products(first: Month, months: u32, unused: usize) -> Vec<Product> {
    let half = first.plus(months / 2).day(16);
    let later = first.plus(months * 2 / 3).day(11);
    let known = ROWS.iter().enumerate().map(|(index, (part_number, name, publisher, kind, base, listed))| Product {
        part_number: (*part_number).to_owned(),
        name: (*name).to_owned(),
        publisher: (*publisher).to_owned(),
        kind: *kind,
        base: *base,
        listed: *listed,
        changes: match index {
            2 => vec![(half, 108)],
            4 => vec![(half, 95), (later, 103)],
            _ => Vec::new(),
        },
    });
    let fillers = (0..unused).map(|index| Product {
        part_number: format!("CFQ7TTC1{index:04X}:{:04}", index % 20 + 1),
        name: format!("Catalogue product {index}"),
        publisher: MICROSOFT.to_owned(),
        kind: if index % 3 == 0 { ProductKind::Licence } else { ProductKind::Perpetual },
        base: 100 + i64::try_from(index % 997).unwrap_or(0) * 7,
        listed: true,
        changes: Vec::new(),
    });
    known.chain(fillers).collect()
}
