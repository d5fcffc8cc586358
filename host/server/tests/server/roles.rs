//! Every route for every role, straight from the table.

use counterfoil_server::{Access, ROUTES, Role};
use serde_json::json;

use crate::client::{Reply, send};
use crate::world::{World, bearer};

fn fill(path: &str) -> String {
    let path = path.replace("{id}", "nothing").replace("{digest}", "nothing");
    let path = path.replace("{place}", "0").replace("{name}", "nothing").replace("{label}", "nothing");
    if path.ends_with("/search") { format!("{path}?kind=party") } else { path }
}

async fn try_it(world: &World, method: &str, path: &str, authorization: Option<&str>) -> Reply {
    let body = (method != "GET").then(|| json!({}).to_string());
    let mut headers = vec![];
    if body.is_some() {
        headers.push(("Content-Type", "application/json"));
    }
    if let Some(authorization) = authorization {
        headers.push(("Authorization", authorization));
    }
    send(world.address, method, &fill(path), &headers, body.as_deref()).await
}

#[tokio::test]
async fn each_role_does_what_the_table_says_and_no_more() {
    let world = World::new().await;
    for rule in ROUTES {
        let least = match rule.access {
            Access::Open | Access::Form(_) => continue,
            Access::Least(role) | Access::Page(role) => role,
        };
        for role in Role::ALL {
            let reply = try_it(&world, rule.method, rule.path, Some(&bearer(role))).await;
            let refused = reply.status == 403;
            assert_eq!(refused, role < least, "{} {} as {}: {}", rule.method, rule.path, role.name(), reply.status);
            if refused && matches!(rule.access, Access::Page(_)) {
                assert!(reply.body.contains("Your role does not allow this"), "{}", reply.body);
            } else if refused {
                assert_eq!(reply.problem(), "not-allowed");
            } else {
                assert_ne!(reply.status, 401, "{} {}", rule.method, rule.path);
                assert_ne!(reply.status, 500, "{} {}: {}", rule.method, rule.path, reply.body);
            }
        }
    }
}

#[tokio::test]
async fn without_a_good_token_nothing_but_the_open_routes_answers() {
    let world = World::new().await;
    let stranger = format!("Bearer {}", counterfoil_server::auth::new_token([200; 32]).0);
    for rule in ROUTES {
        for authorization in [None, Some(stranger.as_str()), Some("Bearer "), Some("Basic YTpi"), Some("cf_x")] {
            let reply = try_it(&world, rule.method, rule.path, authorization).await;
            let what = format!("{} {} with {authorization:?}: {}", rule.method, rule.path, reply.status);
            match rule.access {
                Access::Open => assert_ne!(reply.status, 401, "{what}"),
                Access::Page(_) => {
                    assert_eq!(reply.status, 303, "{what}");
                    assert_eq!(reply.header("location"), Some("/login"));
                }
                // Somebody sent a form after the session ended: what was typed is in the browser, and the page says so.
                Access::Form(_) => {
                    assert_eq!(reply.status, 401, "{what}");
                    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{what}");
                }
                Access::Least(_) => {
                    assert_eq!(reply.status, 401, "{what}");
                    assert_eq!(reply.problem(), "sign-in-needed");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_role_nobody_knows_is_nobody() {
    use counterfoil_domain::ports::Write;
    let world = World::new().await;
    let mut user = crate::world::user(Role::Admin);
    user.role = "root".into();
    world.put(vec![Write::PutUser(user)]).await;
    let reply = world.call(Role::Admin, "GET", "/v1/tasks", None).await;
    assert_eq!(reply.status, 401);
}

#[tokio::test]
async fn a_change_of_role_counts_at_once() {
    use counterfoil_domain::ports::Write;
    let world = World::new().await.with_connection("xero-main").await;
    let check = "/v1/connections/xero-main/check";
    let mut user = crate::world::user(Role::Biller);
    user.role = "viewer".into();
    world.put(vec![Write::PutUser(user)]).await;
    assert_eq!(world.call(Role::Biller, "POST", check, None).await.status, 403);
}
