//! The watched folder: what is put there is installed, and activated where nobody has to be asked.

use crate::shop::Shop;
use crate::versions;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_version_is_taken_and_a_wider_one_waits() {
    let (first, second) = (versions::with(&[]).await, versions::version("0.2.0").await);
    let wide = versions::wider("0.3.0", &[("concurrency = 4", "concurrency = 8")]).await;
    let older = versions::version("0.0.9").await;
    let shop = Shop::start(&[("tiny.wasm", &first)]).await;
    shop.connect().await;
    let put = |name: &str, bytes: &[u8]| std::fs::write(shop.path("plugins").join(name), bytes).unwrap();

    // Half of it, then the whole, in the same file: only the whole is looked at.
    put("tiny.wasm", &second.bytes[..second.bytes.len() / 2]);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    put("tiny.wasm", &second.bytes);
    shop.until("0.2.0", || async { (shop.active().await == "0.2.0").then_some(()) }).await;
    assert_eq!(shop.list().await.refused, [], "the half was never read");

    put("wide.wasm", &wide.bytes);
    let waiting = shop.until("0.3.0", || async { shop.shown(&wide).await.filter(|one| !one.note.is_empty()) }).await;
    assert_eq!((waiting.standing.as_str(), waiting.wider[0].what.as_str()), ("waiting", "concurrency"));
    assert!(waiting.note.contains("asks for more"), "{}", waiting.note);
    put("older.wasm", &older.bytes);
    let kept = shop.until("0.0.9", || async { shop.shown(&older).await.filter(|one| !one.note.is_empty()) }).await;
    assert!(kept.standing == "installed" && kept.note.contains("not newer"), "{kept:?}");
    assert_eq!(shop.active().await, "0.2.0");

    let (status, _) = shop.activate(&wide, true).await;
    assert_eq!((status, shop.active().await), (200, "0.3.0".to_owned()));
    assert_eq!(shop.shown(&wide).await.unwrap().note, "");
    assert_eq!(
        shop.audited().await.iter().filter(|line| line.contains("plugins-folder")).count(),
        6,
        "four installed, two activated: {:?}",
        shop.audited().await
    );
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_file_is_told_and_keeps_nothing_else_from_running() {
    let (first, second) = (versions::with(&[]).await, versions::version("0.2.0").await);
    let shop = Shop::start(&[("a-tiny.wasm", &first)]).await;
    let put = |name: &str, bytes: &[u8]| std::fs::write(shop.path("plugins").join(name), bytes).unwrap();
    put("0-bad.wasm", b"\0asm\x0d\0\x01\0\x07");
    put("z-tiny.wasm", &second.bytes);
    shop.until("0.2.0", || async { (shop.active().await == "0.2.0").then_some(()) }).await;
    let refused = shop.list().await.refused;
    assert_eq!(refused.len(), 1);
    assert!(refused[0].file.ends_with("0-bad.wasm") && refused[0].problem.contains("damaged"), "{refused:?}");
    let (exit, printed) = shop.cli(&["plugin", "list"]);
    assert!(exit == 0 && printed.contains("0-bad.wasm"), "{printed}");
    // Mended, it is a plugin; taken away, it is forgotten.
    put("0-bad.wasm", &first.bytes);
    shop.until("the mended file", || async { shop.list().await.refused.is_empty().then_some(()) }).await;
    put("0-bad.wasm", b"bad again");
    shop.until("the bad file", || async { (shop.list().await.refused.len() == 1).then_some(()) }).await;
    std::fs::remove_file(shop.path("plugins/0-bad.wasm")).unwrap();
    shop.until("no bad file", || async { shop.list().await.refused.is_empty().then_some(()) }).await;
    assert_eq!(shop.active().await, "0.2.0");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_a_connection_does_not_answer_stays_inactive_and_says_why() {
    let (first, second) = (versions::with(&[]).await, versions::version("0.2.0").await);
    let shop = Shop::start(&[("tiny.wasm", &first)]).await;
    shop.connect().await;
    shop.books.be_silent(true);
    std::fs::write(shop.path("plugins/tiny.wasm"), &second.bytes).unwrap();
    let noted = shop.until("0.2.0", || async { shop.shown(&second).await.filter(|one| !one.note.is_empty()) }).await;
    assert!(!noted.active && noted.note.contains("tiny-books does not work with it"), "{}", noted.note);
    assert_eq!(shop.active().await, "0.1.0");
    shop.books.be_silent(false);
    assert_eq!(shop.activate(&second, false).await.0, 200);
    assert_eq!(shop.active().await, "0.2.0");
    shop.stop().await;
}

/// Of several files of one plugin the newest is taken at a first start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_takes_the_newest() {
    let (ninth, tenth) = (versions::version("0.9.0").await, versions::version("0.10.0").await);
    let shop = Shop::start(&[("a.wasm", &tenth), ("b.wasm", &ninth)]).await;
    assert_eq!((shop.active().await, shop.list().await.plugins.len()), ("0.10.0".to_owned(), 2));
    shop.stop().await;
}
