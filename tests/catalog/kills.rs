//! kill -9 in the middle of a sync, and of taking it back: started again, the service goes on where it was. What was written
//! is not written again, and everything that was shown is there in the end.

use std::time::{Duration, Instant};

use counterfoil_domain::catalog::Options;

use crate::folder::{Mark, dearer};
use crate::house::{House, Running};

const RESELLERS: usize = 90;
const PATIENCE: Duration = Duration::from_secs(60);

fn ids() -> Vec<String> {
    (0..RESELLERS).map(|number| format!("r-{number:03}")).collect()
}

fn marks(house: &House) -> Vec<Mark> {
    ids().iter().map(|id| house.catalogs.mark(id)).collect()
}

fn replaced(before: &[Mark], now: &[Mark]) -> Vec<usize> {
    (0..before.len()).filter(|index| before[*index] != now[*index]).collect()
}

/// Kills the service once so many catalogs are replaced, and tells which are.
fn killed_at(house: &mut House, follower: &mut Running, before: &[Mark], many: usize) -> Vec<Mark> {
    let begun = Instant::now();
    while replaced(before, &marks(house)).len() < many {
        assert!(!follower.is_over(), "it ended before it was killed");
        assert!(begun.elapsed() < PATIENCE, "{} are replaced", replaced(before, &marks(house)).len());
        std::thread::sleep(Duration::from_millis(1));
    }
    house.kill();
    let now = marks(house);
    let many = replaced(before, &now).len();
    assert!(many < RESELLERS, "nobody was killed in the middle: all {many} were replaced");
    now
}

/// Three kills, three starts; the command that follows the run sees it to its end.
fn cut_three_times(house: &mut House, line: &[&str]) -> Vec<Mark> {
    let before = marks(house);
    let mut follower = house.start(line);
    let mut then = before.clone();
    for many in [7, 29, 61] {
        let now = killed_at(house, &mut follower, &before, many);
        for index in replaced(&before, &then) {
            assert_eq!(now[index], then[index], "{} was replaced a second time", ids()[index]);
        }
        then = now;
        house.serve();
    }
    let said = follower.said().exits(0);
    let now = marks(house);
    for index in replaced(&before, &then) {
        assert_eq!(now[index], then[index], "{} was replaced a second time: {said:#?}", ids()[index]);
    }
    assert_eq!(replaced(&before, &now).len(), RESELLERS);
    now
}

#[test]
fn a_sync_cut_by_kills_is_finished_and_nothing_is_written_twice() {
    let mut house = House::open();
    let ids = ids();
    ids.iter().for_each(|id| house.catalogs.put(id, &[]));
    let rows: Vec<_> = ids.iter().map(|id| (id.as_str(), None, "resellers")).collect();
    house.catalogs.served(&rows);
    let original = house.catalogs.texts();
    house.catalogs.provider_with(&dearer());
    let expected: Vec<Vec<u8>> = ids.iter().map(|id| house.catalogs.expected(id, Options::all())).collect();
    let preview = house.preview("--template resellers --option all");

    cut_three_times(&mut house, &["catalog", "sync", &preview]);
    assert_eq!(ids.iter().map(|id| house.catalogs.text(id)).collect::<Vec<_>>(), expected);
    assert_eq!(house.catalogs.texts().len(), RESELLERS, "no writer left anything behind");
    let list = house.catalog("runs --json").exits(0).json();
    let sync = list["runs"][0].clone();
    assert_eq!((&sync["kind"], &sync["state"], &sync["done"]), (&"sync".into(), &"done".into(), &RESELLERS.into()));
    let sync = sync["id"].as_str().unwrap().to_owned();
    assert!(house.states(&sync).iter().all(|(_, state)| state == "written"), "{:?}", house.states(&sync));
    house.catalog("preview plans --template resellers --option all").exits(0);

    cut_three_times(&mut house, &["catalog", "undo", &sync]);
    assert_eq!(house.catalogs.texts(), original);
}
