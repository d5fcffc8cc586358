//! Serving a listener until told to stop: requests in flight are finished, event streams are ended.

use std::future::Future;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::parts::ServerParts;
use crate::router::build;

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(
        "the server stopped listening; confirmed work is kept and goes on at the next start; check the address and port: {0}"
    )]
    Listen(#[from] std::io::Error),
}

pub async fn serve(
    listener: TcpListener,
    parts: ServerParts,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let (closing, closed) = watch::channel(false);
    let service = build(parts, closed).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            shutdown.await;
            closing.send_replace(true);
        })
        .await?;
    Ok(())
}
