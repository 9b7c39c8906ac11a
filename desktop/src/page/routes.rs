//! What the page can ask for. All of it stands behind the guard.

use std::time::Duration;

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use qrcode::{EcLevel, QrCode, render::svg};
use serde::Deserialize;
use serde_json::json;
use tokio::{sync::mpsc, time::timeout};

use super::{Command, assets, feed::Feed, viewer, wire};

/// The longest write is `{"on":false}`.
const MAX_BODY: usize = 1 << 10;
/// Time for a write's body.
const BODY_TIME: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Page {
    feed: Feed,
    hello: Bytes,
    commands: mpsc::Sender<Command>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lend {
    on: bool,
}

/// The routes under the token; the guard has checked it.
pub(super) fn router(feed: Feed, title: String, commands: mpsc::Sender<Command>) -> Router {
    let hello = json!({"title": title, "version": env!("CARGO_PKG_VERSION")});
    let hello = wire::hello(hello.to_string().as_bytes());
    Router::new()
        .route("/{token}/", get(async || assets::answer("index.html")))
        .route("/{token}/stream", get(stream))
        .route("/{token}/lend", post(lend))
        .route("/{token}/link", post(link))
        .route("/{token}/{*name}", get(asset))
        .with_state(Page { feed, hello, commands })
}

async fn asset(Path((_, name)): Path<(String, String)>) -> Response {
    assets::answer(&name)
}

async fn stream(State(page): State<Page>) -> Response {
    let frames = viewer::frames(page.feed, page.hello);
    ([(header::CONTENT_TYPE, "application/octet-stream")], Body::from_stream(frames))
        .into_response()
}

async fn lend(State(page): State<Page>, body: Body) -> Response {
    let body = match timeout(BODY_TIME, to_bytes(body, MAX_BODY)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let Ok(wish) = serde_json::from_slice::<Lend>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match page.commands.try_send(Command::Lend(wish.on)) {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn link(State(page): State<Page>) -> Response {
    let Some((link, code)) = page.feed.shared_link() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    Json(json!({"link": link, "qr": drawn(&code)})).into_response()
}

/// The code as SVG, black on white with its quiet zone; none when the text is too long for one.
fn drawn(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    Some(code.render::<svg::Color<'_>>().min_dimensions(240, 240).build())
}
