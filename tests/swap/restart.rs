//! What a restart keeps: what is active and what it goes back to, compiled code, and the version that an open batch has to
//! end on.

use std::path::Path;

use counterfoil_server::wire::TaskDetail;
use serde_json::json;

use crate::shop::Shop;
use crate::versions;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn active_and_former_survive_and_nothing_is_compiled_again() {
    let (first, second) = (versions::with(&[]).await, versions::version("0.2.0").await);
    let shop = Shop::start(&[("tiny.wasm", &first)]).await;
    shop.connect().await;
    shop.install(&second.bytes).await;
    assert_eq!(shop.activate(&second, false).await.0, 200);
    // With a compiler that does not exist: whatever had to be compiled would be missing.
    let shop = shop.restart(Some("/no/such/binary"), |_| {}).await;
    assert_eq!(shop.active().await, "0.2.0", "not what lies in the folder");
    let (status, back) = shop.command("rollback", &json!({})).await;
    assert_eq!((status, &back["version"]), (200, &json!("0.1.0")), "{back}");
    // The folder's file is gone: what was installed is kept elsewhere.
    let shop = shop
        .restart(Some("/no/such/binary"), |folder| std::fs::remove_file(folder.join("plugins/tiny.wasm")).unwrap())
        .await;
    assert_eq!(shop.active().await, "0.1.0");
    assert_eq!(shop.api.post("/v1/connections/tiny-books/test", &json!({})).await["name"], "Books");

    // Without its compiled code the service's own binary makes it again, in a process of its own.
    let binary = env!("CARGO_BIN_EXE_counterfoil");
    let shop =
        shop.restart(Some(binary), |folder| std::fs::remove_dir_all(folder.join("data/compiled")).unwrap()).await;
    assert_eq!(shop.active().await, "0.1.0");
    assert_eq!(shop.api.post("/v1/connections/tiny-books/test", &json!({})).await["name"], "Books");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_version_that_was_altered_is_not_run_and_is_told() {
    let first = versions::with(&[]).await;
    let shop = Shop::start(&[("tiny.wasm", &first)]).await;
    let kept = format!("data/versions/{}.wasm", first.digest);
    let alter = |folder: &Path| {
        std::fs::remove_file(folder.join("plugins/tiny.wasm")).unwrap();
        std::fs::remove_file(folder.join(&kept)).unwrap();
        std::fs::write(folder.join(&kept), b"\0asm\x0d\0\x01\0").unwrap();
    };
    let shop = shop.restart(None, alter).await;
    assert_eq!(shop.active().await, "");
    let refused = shop.list().await.refused;
    assert!(refused.len() == 1 && refused[0].problem.contains("altered or damaged"), "{refused:?}");
    // Put into the folder again it is mended, and active as before.
    std::fs::write(shop.path("plugins/tiny.wasm"), &first.bytes).unwrap();
    shop.until("the mended version", || async { shop.list().await.refused.is_empty().then_some(()) }).await;
    shop.until("0.1.0", || async { (shop.active().await == "0.1.0").then_some(()) }).await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_came_while_the_service_was_down_is_tried_once_it_runs() {
    let (first, second) = (versions::with(&[]).await, versions::version("0.2.0").await);
    let shop = Shop::start(&[("tiny.wasm", &first)]).await;
    shop.connect().await;
    let newer = second.bytes.clone();
    let shop = shop.restart(None, move |folder| std::fs::write(folder.join("plugins/tiny.wasm"), newer).unwrap()).await;
    shop.until("0.2.0", || async { (shop.active().await == "0.2.0").then_some(()) }).await;
    assert!(shop.books.asked().contains(&"GET /me".to_owned()), "it was probed");
    // Taken back by a person, it stays back over a restart, whatever lies in the folder.
    assert_eq!(shop.command("rollback", &json!({})).await.0, 200);
    let shop = shop.restart(None, |_| {}).await;
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    assert_eq!(shop.active().await, "0.1.0");
    shop.stop().await;
}

/// The answer of a write is lost, another version is activated, the process ends, and the file of the first is gone: the
/// batch is still looked for by the version that made it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_batch_ends_on_the_version_that_it_began_with() {
    let first = versions::with(&[]).await;
    // The second one may not look for charges: with its card alone the first could not end its batch.
    let second =
        versions::wider("0.2.0", &[("    { method = \"GET\", path = \"/charges\", effect = \"read\" },\n", "")]).await;
    let shop = Shop::start(&[("tiny.wasm", &first)]).await;
    shop.connect().await;
    shop.sell(3);
    shop.check().await;
    shop.plan().await;
    shop.books.lose_answers(true);
    let books = shop.books.clone();
    let quiet = tokio::spawn(async move {
        while books.written().is_empty() {
            tokio::task::yield_now().await;
        }
        books.be_silent(true);
    });
    shop.sync().await;
    quiet.await.unwrap();
    assert!(shop.tasks("synced").await.is_empty());
    // The probe of the second one needs an answer; looking for the charge gets none.
    let pause = json!({ "state": "paused", "reason": "swap" });
    shop.api.call(reqwest::Method::PUT, "/v1/connections/tiny-books/state", Some(&pause)).await;
    shop.install(&second.bytes).await;
    assert_eq!(shop.activate(&second, false).await.0, 200);

    let shop = shop.restart(None, |folder| std::fs::remove_file(folder.join("plugins/tiny.wasm")).unwrap()).await;
    assert_eq!(shop.active().await, "0.2.0");
    shop.books.be_silent(false);
    shop.books.lose_answers(false);
    let enable = json!({ "state": "enabled", "reason": "" });
    shop.api.call(reqwest::Method::PUT, "/v1/connections/tiny-books/state", Some(&enable)).await;
    shop.until("the end of the batch", || async { (shop.tasks("synced").await.len() == 1).then_some(()) }).await;
    assert_eq!(shop.books.written().values().copied().collect::<Vec<_>>(), [1], "it was not sent again");
    let task = shop.tasks("synced").await.remove(0);
    let detail: TaskDetail = shop.api.get(&format!("/v1/tasks/{}", task.id)).await;
    let plan = serde_json::to_value(detail.plan.unwrap()).unwrap();
    assert_eq!(plan["plugin"], first.digest.as_str(), "{plan}");
    assert!(shop.books.asked().iter().filter(|line| *line == "GET /charges").count() > 0);
    shop.stop().await;
}
