//! Whatever a catalog holds: written and read it is the same, and it is known again by its print.

use counterfoil_domain::catalog::run::print;
use counterfoil_market::catalog::wire;
use proptest::prelude::*;

use crate::sample;

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_providers_catalog_reads_as_it_was_written(catalog in sample::provider()) {
        let text = wire::write_provider(&catalog);
        let read = wire::read_provider(&text).unwrap();
        prop_assert_eq!(&read, &catalog);
        prop_assert_eq!(wire::write_provider(&read), text);
    }

    #[test]
    fn a_resellers_catalog_reads_as_it_was_written(catalog in sample::any_reseller()) {
        let text = wire::write_reseller(&catalog);
        let read = wire::read_reseller(&text).unwrap();
        prop_assert_eq!(&read, &catalog);
        prop_assert_eq!(wire::write_reseller(&read), text);
    }
}

/// An owner that keeps numbers as numbers spells them in its own way; a lost answer is still recognised.
#[test]
fn a_catalog_is_known_again_however_its_numbers_are_spelled() {
    let catalog = sample::reseller("R-1");
    let text = String::from_utf8(wire::write_reseller(&catalog)).unwrap();
    let first = wire::read_reseller(text.as_bytes()).unwrap();
    let spelled =
        [("\"included\": \"0\"", "\"included\": \"0.00\""), ("\"10.00\"", "\"10\""), ("\"0.50\"", "\"0.5000\"")];
    for (ours, theirs) in spelled {
        assert!(text.contains(ours), "{ours} in {text}");
        let second = wire::read_reseller(text.replace(ours, theirs).as_bytes()).unwrap();
        assert_eq!(print(&second), print(&first), "{theirs}");
    }
    let other = wire::read_reseller(text.replace("\"0.50\"", "\"0.51\"").as_bytes()).unwrap();
    assert_ne!(print(&other), print(&first));
}
