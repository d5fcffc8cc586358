//! Owns: the customers' names and identities, chosen to be hard on whoever prints, matches or escapes them.

use super::model::{Address, Customer, Person};
use super::prng::Prng;
use super::wire::CustomerStatus;

const NAMES: [&str; 30] = [
    "Green Lane LLC",
    "O'Brien & Sons Plumbing",
    "Müller Feinmechanik GmbH",
    "Société Générale de Pâtisserie S.à r.l.",
    "北京云海科技有限公司",
    "Kraków Logistyka Sp. z o.o.",
    "<b>Bold</b> Moves Marketing",
    "The Honourable Company of Land Surveyors, Chartered Engineers and Quantity Estimators of the Northern Territories and Outlying Islands Inc.",
    "Krause's Factory",
    "Ærø Færgefart A/S",
    "Smith, Jones and Partners \"Legal\"",
    "Ноев ковчег ООО",
    "D'Angelo Ristorante",
    "Harbour View Dental",
    "Ólafur & Ingibjörg ehf.",
    "Tamarack Veterinary Clinic",
    "شركة النور للتجارة",
    "Blue Kite Architects",
    "Pine; Drop Table Co.",
    "Zoë's Flower Shop",
    "Westfield Primary School",
    "Ridgeback Freight 24/7",
    "Łódź Design Studio",
    "Quay Nine Brewing",
    "日本橋 印刷 株式会社",
    "Copperfield Accountants",
    "Nguyễn Bánh Mì",
    "Alder & Ash Furniture",
    "Fjord Kayaks AS",
    "Saint-Étienne Vélo",
];

const PEOPLE: [(&str, &str); 12] = [
    ("Jane", "Doe"),
    ("Siân", "O'Neill"),
    ("Jürgen", "Weiß"),
    ("Amélie", "D'Aubigné"),
    ("Wei", "Chen"),
    ("Priya", "Raghunathan"),
    ("Mateusz", "Żółć"),
    ("Olga", "Ivanova"),
    ("Tariq", "al-Masri"),
    ("Hana", "Sato"),
    ("Lars", "Østergård"),
    ("Grace", "Okonkwo"),
];

const PLACES: [(&str, &str, &str); 8] = [
    ("555 Main Street", "Irvine", "US"),
    ("12 Rue de l'Église", "Lyon", "FR"),
    ("Hauptstraße 7", "München", "DE"),
    ("4 Quay Road", "Wellington", "NZ"),
    ("18 Harbour Lane", "Bristol", "GB"),
    ("ul. Długa 3", "Kraków", "PL"),
    ("Strandvejen 90", "Ærøskøbing", "DK"),
    ("221 Collins Street", "Melbourne", "AU"),
];

/// How many customers in a row of ten carry which identity: most an external id, a few only a tax number, a few none.
pub(crate) fn build(rng: &mut Prng, count: usize) -> Vec<Customer> {
    (0..count).map(|index| customer(rng, index)).collect()
}

fn customer(rng: &mut Prng, index: usize) -> Customer {
    let id = (1_000_101 + index).to_string();
    let base = NAMES[index % NAMES.len()];
    let name = match index / NAMES.len() {
        0 => base.to_owned(),
        round => format!("{base} ({})", round + 1),
    };
    let (first, last) = PEOPLE[rng.index(PEOPLE.len())];
    let (street, city, country) = PLACES[rng.index(PLACES.len())];
    Customer {
        external_id: has_external_id(index).then(|| id.clone()),
        tax_reg_id: has_tax_number(index).then(|| format!("{:02}-{:07}", 10 + index % 90, 1_234_567 + index)),
        name,
        status: match index % 23 {
            11 => CustomerStatus::CreditHold,
            19 => CustomerStatus::AdminHold,
            _ => CustomerStatus::Active,
        },
        person: Person {
            first_name: first.to_owned(),
            last_name: last.to_owned(),
            email: format!("billing+{id}@customer.example"),
            phone: format!("1##555{:07}#", 2_000_000 + index),
        },
        address: Address {
            street: street.to_owned(),
            city: city.to_owned(),
            postal_code: format!("{:05}", 10_000 + rng.below(80_000)),
            country: country.to_owned(),
        },
        id,
    }
}

pub(crate) fn has_external_id(index: usize) -> bool {
    !matches!(index % 10, 3 | 5 | 8)
}

pub(crate) fn has_tax_number(index: usize) -> bool {
    matches!(index % 10, 0 | 3 | 5)
}
