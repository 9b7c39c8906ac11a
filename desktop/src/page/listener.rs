//! Accepts connections, within bounds: whoever sends no request in time, too long a head, or
//! connects too often, is closed and disturbs nobody.

use std::{sync::Arc, time::Duration};

use axum::{Extension, Router, middleware};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::sleep,
};

use super::{
    guard::{self, Local},
    patience::Patient,
    token::Token,
};

/// Connections at a time: a browser holds at most 6 to a page, so this is ten pages.
const MAX_CONNECTIONS: usize = 64;
/// A request's head comes in one packet; also closes connections that lie idle.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Longest request head, and what waits to be written; a browser's head is under 2 KiB.
const MAX_HEAD: usize = 16 << 10;
/// A page that takes nothing for this long has gone, or is suspended and will ask again.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);
/// Pause after a failed accept (out of descriptors), so that it doesn't spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until told to stop; then lets the connections end by themselves.
pub(super) async fn run(
    socket: TcpListener,
    router: Router,
    token: Token,
    mut stopped: watch::Receiver<bool>,
) {
    let router = router.layer(middleware::from_fn_with_state(token, guard::stand));
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        let Ok((stream, _)) = accepted else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Without a place the stream is dropped here, which closes it.
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            let connection = converse(stream, router.clone(), stopped.clone());
            connections.spawn(async move {
                connection.await;
                drop(place);
            });
        }
    }
    drop(socket);
    while connections.join_next().await.is_some() {}
}

async fn converse(stream: TcpStream, router: Router, mut stopped: watch::Receiver<bool>) {
    let Ok(local) = stream.local_addr() else { return };
    // Small frames must leave at once; without it the page is only a little later.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router.layer(Extension(Local(local))));
    let io = TokioIo::new(Patient::new(stream, WRITE_PATIENCE));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(MAX_HEAD)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    // An error is the other side's: it was told so if it speaks HTTP, and there is nobody else to tell.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stopped| *stopped) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
