//! Plan calls recorded and played back: the same jobs, the same answers, the same clock, and nothing of a secret on file.

use std::sync::Arc;

use chrono::DateTime;
use counterfoil_domain::job::Job;
use counterfoil_domain::ports::{Exchange, Target as _};
use counterfoil_runtime::build::{self, Options};
use counterfoil_runtime::component::{self, Package};
use counterfoil_runtime::recording::{Origin, Recording, ReplayError, Tape, replay};
use serde_json::Value;

use crate::common::{Scripted, guest_folder, guests_target, job, json, sandbox};

async fn bad() -> Package {
    let options = Options { target_dir: Some(guests_target()), offline: false };
    let built = build::build(&guest_folder("bad"), &options).await.unwrap();
    component::read(&std::fs::read(built.path).unwrap()).unwrap()
}

fn with(defect: &str) -> Job {
    let mut job = job("t1", "41.80");
    job.settings.push(("defect".to_owned(), defect.to_owned()));
    job
}

/// The call on file, and its text.
async fn recorded(package: &Package, jobs: Vec<Job>) -> (Recording, String) {
    let target = sandbox().load(package).await.unwrap();
    let answer = r#"{"things":[{"name":"Seat","price":1.10,"session_token":"s3cr3t"}],"next":null}"#;
    let other_side = Scripted::new(target.card(), move |_| json(200, answer));
    let tape = Tape::around(other_side as Arc<dyn Exchange>);
    let outcome = target.plan(Arc::clone(&tape) as Arc<dyn Exchange>, jobs.clone()).await;
    let origin = Origin {
        run: "run_1".into(),
        connection: "ledger".into(),
        plugin: target.card().id.to_string(),
        version: target.card().version.clone(),
        digest: target.digest().to_string(),
        at: DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
    };
    let text = tape.end(origin, jobs, &outcome).to_json().unwrap();
    (Recording::parse(&text).unwrap(), text)
}

#[tokio::test]
async fn what_was_recorded_comes_out_the_same_with_the_clock_of_then() {
    let package = bad().await;
    for defect in ["none", "clock", "first-of-a-list", "drops-a-line"] {
        let (recording, text) = recorded(&package, vec![with(defect), job("t2", "0.01")]).await;
        assert_eq!((recording.jobs(), recording.calls(), recording.left_out()), (2, 1, 0), "{defect}");
        assert!(text.contains("SO000123") && text.contains("[hidden]") && !text.contains("s3cr3t"), "{text}");
        let replayed = replay(&recording, &package).await.unwrap();
        assert!(replayed.same, "{defect}: {:?}", replayed.answers);
        assert!(replayed.asked_in_vain.is_empty() && replayed.not_asked.is_empty(), "{defect}");
        assert_eq!(replayed.report.unwrap().reads, 1);
    }
}

#[tokio::test]
async fn what_is_asked_otherwise_is_told_and_nothing_is_made_up() {
    let package = bad().await;
    let (_, text) = recorded(&package, vec![with("none")]).await;
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&text).unwrap();
        change(&mut value);
        Recording::parse(&value.to_string()).unwrap()
    };
    // A plugin that asks for more than then, as a newer version would.
    let more = changed(&|value| value["jobs"][0]["settings"][0][1] = "read-writes".into());
    let replayed = replay(&more, &package).await.unwrap();
    assert_eq!(replayed.asked_in_vain, ["GET /touch"]);
    assert!(!replayed.same, "the payload names the setting");

    let moved = changed(&|value| value["calls"][0]["path"] = "/elsewhere".into());
    let replayed = replay(&moved, &package).await.unwrap();
    assert_eq!(
        (replayed.asked_in_vain, replayed.not_asked),
        (vec!["GET /items".into()], vec!["GET /elsewhere".into()])
    );
    assert_eq!(replayed.answers.unwrap()[0].as_ref().unwrap_err().code, "not-recorded");

    let writes = changed(&|value| value["jobs"][0]["settings"][0][1] = "writes-in-plan".into());
    assert!(replay(&writes, &package).await.unwrap().answers.unwrap()[0].is_ok(), "a refused write is no trap");
}

#[tokio::test]
async fn what_is_no_recording_of_this_plugin_is_refused() {
    let package = bad().await;
    let (recording, text) = recorded(&package, vec![with("none")]).await;
    for (text, says) in [
        ("{}".to_owned(), "no recording"),
        ("<html>".to_owned(), "no recording"),
        (text.replacen("\"format\": 1", "\"format\": 2", 1), "format 2"),
        (text.replacen("2026-", "yesterday", 1), "no recording"),
    ] {
        let error = Recording::parse(&text).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let mut other = recording;
    other.origin.plugin = "xero".into();
    let error = replay(&other, &package).await.unwrap_err();
    assert!(matches!(error, ReplayError::OtherPlugin { .. }), "{error}");
}
