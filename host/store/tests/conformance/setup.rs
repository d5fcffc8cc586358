//! What an operator sets up, and the audit log.

use counterfoil_domain::connection::Reseller;
use counterfoil_domain::ports::{Store, Write};

use crate::samples;

async fn setup_is_kept_by_id_and_replaced_whole<S: Store>(store: &S) {
    let writes = [3, 1, 2].into_iter().flat_map(|n| {
        [
            Write::PutReseller(samples::reseller(n)),
            Write::PutMarketplace(samples::marketplace(n)),
            Write::PutConnection(samples::connection(n)),
            Write::PutUser(samples::user(n)),
        ]
    });
    store.commit(writes.collect()).await.unwrap();
    assert_eq!(store.resellers().await.unwrap(), (1..4).map(samples::reseller).collect::<Vec<_>>());
    assert_eq!(store.marketplaces().await.unwrap(), (1..4).map(samples::marketplace).collect::<Vec<_>>());
    assert_eq!(store.connections().await.unwrap(), (1..4).map(samples::connection).collect::<Vec<_>>());
    assert_eq!(store.users().await.unwrap(), (1..4).map(samples::user).collect::<Vec<_>>());

    let renamed = Reseller { name: "New".to_owned(), ..samples::reseller(2) };
    let mut moved = samples::connection(2);
    moved.base_url = None;
    moved.reseller = samples::reseller(3).id;
    let mut market = samples::marketplace(2);
    market.settings.clear();
    let mut user = samples::user(2);
    user.tokens.clear();
    let writes = vec![
        Write::PutReseller(renamed.clone()),
        Write::PutConnection(moved.clone()),
        Write::PutMarketplace(market.clone()),
        Write::PutUser(user.clone()),
    ];
    store.commit(writes).await.unwrap();
    assert_eq!(store.resellers().await.unwrap()[1], renamed);
    assert_eq!(store.connections().await.unwrap()[1], moved);
    assert_eq!(store.marketplaces().await.unwrap()[1], market);
    assert_eq!(store.users().await.unwrap()[1], user);
    assert_eq!(store.resellers().await.unwrap().len(), 3);
}

async fn audit_is_told_newest_first<S: Store>(store: &S) {
    assert_eq!(store.audit(5).await.unwrap(), vec![]);
    for n in [5, 1, 3] {
        store.commit(vec![Write::Audit(samples::audit_entry(n))]).await.unwrap();
    }
    let told = store.audit(2).await.unwrap();
    assert_eq!(told, vec![samples::audit_entry(3), samples::audit_entry(1)]);
    assert_eq!(store.audit(usize::MAX).await.unwrap().len(), 3);
}

crate::both_stores!(setup_is_kept_by_id_and_replaced_whole, audit_is_told_newest_first);
