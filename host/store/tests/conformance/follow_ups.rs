//! Steps that wait: by task, by state, and by what is due.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use counterfoil_domain::follow_up::{FollowUp, FollowUpState};
use counterfoil_domain::id::ChangeKey;
use counterfoil_domain::ports::{Store, Write};

use crate::samples;

fn states(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn a_step_is_found_until_nothing_is_due_of_it<S: Store>(store: &S) {
    let here = samples::connection_id(1);
    let waiting = |n: u64, hours: i64| {
        let at = samples::at(0) + TimeDelta::hours(hours);
        FollowUp { state: FollowUpState::Waiting { at }, ..samples::follow_up(n) }
    };
    let (late, soon) = (waiting(1, 9), waiting(2, 1));
    let elsewhere = FollowUp { connection: samples::connection_id(2), ..waiting(3, 0) };
    // A second step of the same plan.
    let beside = FollowUp { change: ChangeKey::new("another"), ..waiting(1, 5) };
    let all = [&late, &soon, &elsewhere, &beside].map(|one| Write::PutFollowUp(one.clone()));
    store.commit(all.to_vec()).await.unwrap();

    let hour = |hours: i64| samples::at(0) + TimeDelta::hours(hours);
    let due = async |hours: i64, limit: usize| store.follow_ups_due(&here, hour(hours), limit).await.unwrap();
    assert_eq!(due(0, 9).await, vec![]);
    assert_eq!(due(1, 9).await, vec![soon.clone()]);
    assert_eq!(due(24, 9).await, vec![soon.clone(), beside.clone(), late.clone()]);
    assert_eq!(due(24, 2).await, vec![soon.clone(), beside.clone()]);
    assert_eq!(store.follow_ups_of(&soon.task).await.unwrap(), vec![soon.clone()]);
    assert_eq!(store.follow_ups_of(&late.task).await.unwrap().len(), 2);

    // Each state is one that is read back, and only two of them are due.
    for (n, state) in samples::follow_up_states().into_iter().enumerate() {
        let name = state.name();
        let moved = FollowUp { state, looks: u32::try_from(n).unwrap(), ..soon.clone() };
        store.commit(vec![Write::PutFollowUp(moved.clone())]).await.unwrap();
        assert_eq!(store.follow_ups_of(&soon.task).await.unwrap(), vec![moved.clone()], "{name}");
        let is_due = due(24_000, 9).await.contains(&moved);
        assert_eq!(is_due, ["waiting", "sending"].contains(&name), "{name}");
        let found = store.follow_ups(&here, states(&[name]), 9).await.unwrap();
        assert!(found.contains(&moved), "{name}");
    }
    assert_eq!(store.follow_ups(&here, states(&["waiting"]), 9).await.unwrap().len(), 2);
    assert_eq!(store.follow_ups(&here, states(&["waiting", "person"]), 9).await.unwrap().len(), 3);
    assert_eq!(store.follow_ups(&here, states(&["waiting", "person"]), 2).await.unwrap().len(), 2);
    assert_eq!(store.follow_ups(&here, states(&[]), 9).await.unwrap(), vec![]);
}

crate::both_stores!(a_step_is_found_until_nothing_is_due_of_it);
