//! A price list of thousands of products that becomes products of two Syncro accounts behind one address: each is made once,
//! whatever goes wrong on the way and however often the process dies; afterwards only prices and costs change. No minute is
//! waited for: the clocks are turned where a budget is used up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use chrono::Duration;
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::ports::Write;
use counterfoil_domain::product_sync::ProductState;
use counterfoil_domain::program::{ProductMode, ProgramName};
use counterfoil_domain::run::{ProductChoice, Run, RunKind, RunState};
use counterfoil_sim::statements::{Grouping, StatementSpec, StatementWorld};
use counterfoil_sim::syncro::{Mood, Product, RateWindow, SyncroConfig};
use counterfoil_sim::{Fault, FaultKind};
use rust_decimal::Decimal;

use crate::account::Setup;
use crate::desk::Desk;
use crate::dice::Dice;
use crate::hands::Hands;
use crate::market::Kind;
use crate::mortal::Mortal;
use crate::office::{at_noon, spec};

fn world(unused: usize) -> StatementSpec {
    StatementSpec { unused_products: unused, second_currency: false, ..spec(31, 6, 6) }
}

/// Everything of the price list, for both accounts; the window that they share.
async fn open(unused: usize) -> (Desk, RateWindow) {
    let spec = world(unused);
    let hands = Hands::at(at_noon(spec.first.plus(1).day(12)));
    let window = RateWindow::vendor(hands.theirs.clone());
    let setup = |subdomain: &str| Setup {
        syncro: SyncroConfig {
            subdomain: subdomain.to_owned(),
            budget: Some(window.clone()),
            ..SyncroConfig::default()
        },
        budgets: true,
        ..Setup::default()
    };
    let world = StatementWorld::generate(&spec, Grouping::Provisions);
    let desk = Desk::on(hands, Kind::CloudIq, world, vec![setup("acme"), setup("other")]).await;
    for account in &desk.accounts {
        let mut program = desk.store.programs(&account.id).await.unwrap().remove(0);
        program.mode = ProductMode::All;
        desk.commit(vec![Write::PutProgram(program)]).await;
    }
    (desk, window)
}

fn kind() -> RunKind {
    RunKind::Products { program: ProgramName::MicrosoftCsp, which: ProductChoice::All }
}

/// One run for each account, to their ends.
async fn sync(desk: &mut Desk) -> Vec<Run> {
    let mut runs = Vec::new();
    for account in desk.accounts.iter().map(|account| account.id.clone()).collect::<Vec<_>>() {
        runs.push(desk.asked(&account, kind()).await);
    }
    desk.engine.round().await.unwrap();
    let mut ended = Vec::new();
    for run in runs {
        let run = desk.store.run(&run).await.unwrap().unwrap();
        assert!(run.state.is_over(), "{run:?}");
        ended.push(run);
    }
    ended
}

fn mark(product: &Product) -> &str {
    product.upc_code.as_deref().unwrap_or_default()
}

fn of_sync(product: &Product) -> bool {
    mark(product).starts_with("PC_")
}

/// Each product of the list once in each account, under its name and mark, with its link; nothing else was touched.
async fn stands_once(desk: &Desk, wanted: usize) {
    for account in &desk.accounts {
        let rows = desk.store.product_rows(&account.id, ProgramName::MicrosoftCsp).await.unwrap();
        let open: Vec<_> = rows.iter().filter(|row| row.state != ProductState::Synced).take(3).collect();
        assert!(open.is_empty(), "{open:#?}");
        assert_eq!(rows.len(), wanted);
        let products: Vec<Product> = account.state().products().into_iter().filter(of_sync).collect();
        let marks: BTreeSet<&str> = products.iter().map(mark).collect();
        assert_eq!((products.len(), marks.len()), (wanted, wanted), "one of each");
        let by_id: BTreeMap<String, &Product> = products.iter().map(|one| (one.id.to_string(), one)).collect();
        let links = desk.store.links(&account.id, Some(LinkKind::Item)).await.unwrap();
        assert_eq!(links.len(), wanted);
        for row in &rows {
            let link = links.iter().find(|link| link.key.source == row.code).unwrap();
            let product = by_id[link.target().unwrap().id.as_str()];
            assert_eq!(mark(product), format!("PC_{}", row.code));
            assert_eq!(
                (Some(product.price_retail.normalize()), Some(product.price_cost.normalize())),
                (row.price.map(|price| price.normalize()), row.cost.map(|cost| cost.normalize())),
                "{}",
                row.code
            );
        }
        assert_eq!(account.misdeeds(), Vec::<String>::new());
    }
    assert_eq!(desk.market.misdeeds(), Vec::<String>::new());
}

fn within(window: &RateWindow) {
    assert_eq!(window.refused(), 0, "a call beyond the budget");
    assert!(window.most() <= 180, "{} calls in a minute", window.most());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn products_of_five_thousand_are_made_once_within_the_budget() {
    let unused = std::env::var("PRODUCTS").map_or(2_140, |unused| unused.parse().unwrap());
    let (mut desk, window) = open(unused).await;
    let (begun, from) = (Instant::now(), desk.now());
    let runs = sync(&mut desk).await;
    for run in &runs {
        assert_eq!(run.state, RunState::Done, "{:#?}", run.problems);
    }
    let made = runs[0].counted("products-created");
    let calls: usize = desk.accounts.iter().map(|account| account.books.log().entries().len()).sum();
    println!(
        "{made} products in each of two accounts: {calls} calls, {} minutes by the clock, {} foretold for each, {:?} here",
        (desk.now() - from).num_minutes(),
        runs[0].counted("minutes-forecast"),
        begun.elapsed(),
    );
    stands_once(&desk, usize::try_from(made).unwrap()).await;
    within(&window);
    assert!(made >= 5_000 || unused < 2_000, "{made}");
    // A second time it costs reads alone.
    let before: usize = desk.accounts.iter().map(|account| account.writes().len()).sum();
    for run in sync(&mut desk).await {
        assert_eq!((run.state, run.counted("products-unchanged")), (RunState::Done, made));
    }
    assert_eq!(desk.accounts.iter().map(|account| account.writes().len()).sum::<usize>(), before);
    within(&window);
}

/// Processes that die at their n-th commit, and answers that get lost in every way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn products_are_made_once_however_often_the_process_dies() {
    let seed = std::env::var("SEED").map_or(32, |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    let mut dice = Dice::new(seed);
    let (mut desk, window) = open(110).await;
    desk.door.each_takes(Duration::milliseconds(150));
    let losses = [
        FaultKind::LoseBefore,
        FaultKind::LoseDuring,
        FaultKind::LoseAfter,
        FaultKind::HalfBody,
        FaultKind::Malformed,
        Mood::BadGateway.instead(),
        Mood::BadGateway.after_commit(),
        Mood::ServerError.after_commit(),
        FaultKind::LateCommit(std::time::Duration::from_millis(30)),
    ];
    let (mut deaths, mut rounds) = (0, 0);
    loop {
        rounds += 1;
        assert!(rounds < 200, "it never ends");
        for account in desk.accounts.iter().map(|account| account.id.clone()).collect::<Vec<_>>() {
            let unfinished = desk.store.unfinished_runs().await.unwrap();
            if unfinished.iter().all(|run| run.connection != account) {
                desk.asked(&account, kind()).await;
            }
        }
        let hostile = deaths < 24;
        if hostile {
            for account in &desk.accounts {
                let loss = losses[usize::try_from(dice.below(9)).unwrap()].clone();
                let skip = u32::try_from(dice.below(20)).unwrap();
                account.books.faults().inject(Fault { skip, ..Fault::once("POST", "/products", loss) });
            }
        }
        let commits = if hostile { dice.within(5, 260) } else { i64::MAX };
        let mortal = Arc::new(Mortal::new(Arc::clone(&desk.store), commits, dice.chance(500)));
        let engine = desk.process(Arc::clone(&mortal) as Arc<_>);
        let died = tokio::select! {
            done = engine.round() => { done.unwrap(); false }
            () = mortal.died.notified() => true,
        };
        drop(engine);
        deaths += usize::from(died);
        desk.pass(Duration::seconds(if died { dice.within(1, 200) } else { 200 }));
        let faults = desk.accounts.iter().map(|account| account.books.faults());
        faults.for_each(|faults| faults.clear());
        let runs = desk.store.runs(None, 2).await.unwrap();
        if !hostile && runs.iter().all(|run| run.state == RunState::Done && run.counted("products-failed") == 0) {
            break;
        }
    }
    let wanted = desk.store.product_rows(&desk.x(), ProgramName::MicrosoftCsp).await.unwrap().len();
    println!("{deaths} deaths, {rounds} rounds, {wanted} products");
    stands_once(&desk, wanted).await;
    within(&window);
    let hits: usize = desk.accounts.iter().map(|account| account.books.faults().hits().len()).sum();
    assert!(deaths >= 20 && hits >= 5, "{deaths} {hits}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn products_change_in_price_and_cost_alone() {
    let (mut desk, _) = open(12).await;
    let books = desk.books();
    // Somebody has one under its mark's name, and one under its SKU.
    let own = |name: &str| Product::named(name, "Somebody's own words", Decimal::new(999, 2), Decimal::ONE);
    let by_name = books.add_product(own("PC_CFQ7TTC0LH18:0001"));
    let by_upc =
        books.add_product(Product { upc_code: Some("P1Y:M:CFQ7TTC0LDPB:0001".to_owned()), ..own("Our Standard seat") });
    let first = sync(&mut desk).await;
    assert_eq!(first[0].state, RunState::Done, "{:#?}", first[0].problems);
    assert_eq!(first[0].counted("products-linked"), 2, "{:?}", first[0].counts);
    let links = desk.store.links(&desk.x(), Some(LinkKind::Item)).await.unwrap();
    for (id, code) in [(by_name, "CFQ7TTC0LH18:0001"), (by_upc, "P1Y:M:CFQ7TTC0LDPB:0001")] {
        let link = links.iter().find(|link| link.key.source == code).unwrap();
        assert_eq!(link.target().unwrap().id.as_str(), id.to_string());
        let product = books.product(id).unwrap();
        assert_eq!(product.description, "Somebody's own words");
        assert_ne!(product.price_retail, Decimal::new(999, 2), "its price is the list's");
    }
    assert_eq!(books.product(by_upc).unwrap().name, "Our Standard seat");
    // People rename, switch off, delete.
    let made: Vec<Product> = books.products().into_iter().filter(of_sync).collect();
    let find = |code: &str| made.iter().find(|one| mark(one) == format!("PC_{code}")).unwrap().id;
    let premium = find("CFQ7TTC0LCHC:0002");
    let (exchange, visio) = (find("CFQ7TTC0LH16:0001"), find("CFQ7TTC0HD33:0003"));
    books.edit_product(premium, |one| {
        one.name = "Premium, as we call it".to_owned();
        one.taxable = !one.taxable;
    });
    books.edit_product(visio, |one| one.disabled = true);
    books.delete_product(exchange);
    // The list's prices change in the middle of the world, and six products less are on it.
    let spec = world(12);
    desk.until(spec.first.plus(3).day(20));
    desk.market.world(|world| {
        *world = StatementWorld::generate(&StatementSpec { unused_products: 6, ..spec.clone() }, Grouping::Provisions)
    });
    let before = books.products();
    let writes = desk.accounts[0].writes().len();
    let second = sync(&mut desk).await;
    assert_eq!(second[0].state, RunState::Done, "{:#?}", second[0].problems);
    println!("{:?}", second[0].counts);
    let after: BTreeMap<i64, Product> = books.products().into_iter().map(|one| (one.id, one)).collect();
    let mut changed = 0;
    for one in &before {
        let now = &after[&one.id];
        changed += usize::from((now.price_retail, now.price_cost) != (one.price_retail, one.price_cost));
        let alike = Product { price_retail: one.price_retail, price_cost: one.price_cost, ..now.clone() };
        assert_eq!(alike, *one, "more than price and cost");
    }
    assert!(changed > 0 && second[0].counted("products-updated") == changed as u64, "{changed} {:?}", second[0].counts);
    assert_eq!(second[0].counted("products-created-again"), 1);
    assert_eq!(desk.accounts[0].writes().len() - writes, changed + 1, "no write more than is needed");
    assert!(second[0].counted("products-orphaned") > 0, "{:?}", second[0].counts);
    assert_eq!(after[&premium].name, "Premium, as we call it");
    assert!(after[&visio].disabled, "what somebody switched off stays off");
    assert_ne!(after[&visio].price_retail, before.iter().find(|one| one.id == visio).unwrap().price_retail);
    let again: Vec<&Product> = after.values().filter(|one| mark(one) == "PC_CFQ7TTC0LH16:0001").collect();
    assert_eq!(again.len(), 1, "made again, once");
    assert_eq!(desk.accounts[0].misdeeds(), Vec::<String>::new());
    // And then nothing.
    let writes = desk.accounts[0].writes().len();
    sync(&mut desk).await;
    assert_eq!(desk.accounts[0].writes().len(), writes);
}
