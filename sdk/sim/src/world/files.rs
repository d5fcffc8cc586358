//! Owns: the world as a folder of exported answers, the way the `file` marketplace reads one.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::model::World;

impl World {
    /// Writes `customers.json`, `subscriptions.json`, `products.json`, `plans.json` as `{"data": […]}` and one file
    /// an order under `orders/`. A second export into the same folder overwrites and leaves other files alone.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn to_files(&self, dir: &Path) -> io::Result<()> {
        let orders = dir.join("orders");
        fs::create_dir_all(&orders)?;
        let list = |name: &str, rows: Vec<Value>| write(&dir.join(name), &json!({ "data": rows }));
        list("customers.json", self.customers.iter().map(|one| self.customer_json(one)).collect())?;
        list("subscriptions.json", self.subscriptions.iter().map(|one| self.subscription_json(one)).collect())?;
        list("products.json", self.products.iter().map(|one| self.product_json(one)).collect())?;
        list("plans.json", self.plans.iter().map(|one| self.plan_json(one)).collect())?;
        for order in &self.orders {
            write(&orders.join(format!("{}.json", order.number)), &self.order_json(order))?;
        }
        Ok(())
    }
}

fn write(path: &Path, value: &Value) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
    text.push('\n');
    fs::write(path, text)
}
