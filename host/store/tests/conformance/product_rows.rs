//! Where products stand: one row each, by connection and program.

use counterfoil_domain::id::EntityId;
use counterfoil_domain::ports::{Store, Write};
use counterfoil_domain::product_sync::{ProductRow, ProductState};
use counterfoil_domain::program::ProgramName;

use crate::samples;

fn row(connection: u64, code: &str, state: ProductState) -> ProductRow {
    let item = (state == ProductState::Synced).then(|| EntityId::new("17"));
    ProductRow {
        connection: samples::connection_id(connection),
        program: ProgramName::MicrosoftCsp,
        code: code.to_owned(),
        title: format!("Product <{code}>"),
        state,
        item,
        price: "7.805".parse().ok(),
        cost: None,
        stored_price: "7.81".parse().ok(),
        stored_cost: None,
        turn: 3,
        note: "why".to_owned(),
        updated_at: samples::at(1),
    }
}

async fn a_product_has_one_row_for_a_connection<S: Store>(store: &S) {
    let of = async |n: u64| store.product_rows(&samples::connection_id(n), ProgramName::MicrosoftCsp).await.unwrap();
    assert_eq!(of(1).await, vec![]);
    let (b, a) = (row(1, "P1Y:M:B", ProductState::Writing), row(1, "A", ProductState::Synced));
    let elsewhere = row(2, "A", ProductState::Failed);
    let writes = [&b, &a, &elsewhere].map(|row| Write::PutProductRow(row.clone()));
    store.commit(writes.to_vec()).await.unwrap();
    assert_eq!(of(1).await, vec![a.clone(), b.clone()]);
    assert_eq!(of(2).await, vec![elsewhere.clone()]);
    // Each state is one that is read back, in the place of what stood there.
    for state in ProductState::ALL {
        let moved = row(1, "A", *state);
        store.commit(vec![Write::PutProductRow(moved.clone())]).await.unwrap();
        assert_eq!(of(1).await, vec![moved, b.clone()], "{state}");
    }
    assert_eq!(of(2).await, vec![elsewhere]);
}

crate::both_stores!(a_product_has_one_row_for_a_connection);
