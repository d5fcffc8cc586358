//! Recurring invoices themselves: made, overwritten, destroyed.

use counterfoil_sim::syncro::{Frequency, Maker, NextRun, ViolationKind};
use serde_json::json;

use crate::support::{bench, day, own, patched};

#[tokio::test]
async fn what_is_missing_is_told_in_a_list() {
    let bench = bench().await;
    let whole = json!({"customer_id": bench.customer, "name": "New", "frequency": "Semi-Annually",
        "next_run": "2027-01-31", "paused": true, "memo": "is passed over"});
    let table = [
        (json!({"name": ""}), vec!["Name can't be blank"]),
        (json!({"frequency": "Fortnightly"}), vec!["Frequency Must be a valid selection"]),
        (json!({"customer_id": 1}), vec!["Customer can't be blank"]),
        (
            json!({"customer_id": null, "name": null, "frequency": null, "next_run": null}),
            vec![
                "Frequency Must be a valid selection",
                "Frequency can't be blank",
                "Next run can't be blank",
                "Name can't be blank",
                "Customer can't be blank",
            ],
        ),
    ];
    for (patch, errors) in table {
        let reply = bench.client.send("POST", "/schedules", &patched(whole.clone(), &patch)).await;
        assert_eq!((reply.status, reply.json()), (422, json!({"error": errors})), "{patch}");
    }
    let made = bench.client.send("POST", "/schedules", &whole).await.one("schedule");
    assert_eq!((&made["next_run"], &made["paused"]), (&json!("2027-01-31T00:00:00.000Z"), &json!(true)));
    assert!(made.get("memo").is_none());
    let stored = bench.state().schedule(made["id"].as_i64().unwrap()).unwrap();
    assert_eq!((stored.frequency, stored.maker), (Frequency::SemiAnnually, Maker::Api));
    for (form, wanted) in [
        (NextRun::Midnight, "2027-01-31T00:00:00.000Z"),
        (NextRun::LocalMidnight, "2027-01-31T00:00:00.000-08:00"),
        (NextRun::Day, "2027-01-31"),
    ] {
        bench.state().switch(|switches| switches.next_run = form);
        let path = format!("/schedules/{}", made["id"]);
        let shown = bench.client.get(&path).await.one("schedule");
        assert_eq!(shown["next_run"], json!(wanted));
        // Every form may be sent back, and is the same day.
        let body = json!({"next_run": wanted, "paused": true});
        assert_eq!(bench.client.send("PUT", &path, &body).await.one("schedule")["next_run"], json!(wanted));
    }
}

#[tokio::test]
async fn a_put_resets_flags_and_keeps_the_rest() {
    let bench = bench().await;
    let path = format!("/schedules/{}", bench.schedule);
    bench.state().edit_schedule(bench.schedule, |one| (one.paused, one.charge_mop) = (true, true));
    let shown = bench.client.send("PUT", &path, &json!({"name": "New name", "paused": true})).await.one("schedule");
    assert_eq!(
        (&shown["name"], &shown["paused"], &shown["charge_mop"]),
        (&json!("New name"), &json!(true), &json!(false))
    );
    assert_eq!(bench.state().schedule(bench.schedule).unwrap().next_run, day("2026-12-01"));
    assert_eq!(bench.kinds(), [ViolationKind::FlagByOmission, ViolationKind::ForeignSchedule]);
    for (patch, error) in [
        (json!({"next_run": ""}), "Next run can't be blank"),
        (json!({"name": " "}), "Name can't be blank"),
        (json!({"frequency": "Never"}), "Frequency Must be a valid selection"),
    ] {
        let reply = bench.client.send("PUT", &path, &patch).await;
        assert_eq!((reply.status, reply.json()), (422, json!({"error": [error]})), "{patch}");
    }
}

#[tokio::test]
async fn a_delete_destroys_and_is_not_forgotten() {
    let bench = bench().await;
    bench.state().add_line(bench.schedule, own());
    let path = format!("/schedules/{}", bench.schedule);
    let reply = bench.client.try_call("DELETE", &path, None).await.unwrap();
    assert_eq!((reply.status, reply.text.as_str()), (200, ""));
    assert_eq!((bench.state().schedules().len(), bench.state().all_lines().len()), (0, 0));
    let gone = bench.client.get(&path).await;
    assert_eq!((gone.status, gone.text.as_str()), (404, ""));
    let kept = bench.state().violations();
    assert_eq!((kept.len(), kept[0].kind, kept[0].exchange.status), (1, ViolationKind::Delete, 200));
    assert_eq!(
        (kept[0].exchange.method.as_str(), kept[0].exchange.path.as_str()),
        ("DELETE", format!("/api/v1{path}").as_str())
    );
}
