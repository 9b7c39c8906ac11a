//! Who may ask. Any website can make a browser send requests to loopback, and other programs of this
//! machine can connect: so the token, the exact `Host` (against DNS rebinding), and for writes what
//! only our own page can send (SECURITY 17).

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::token::Token;

/// The address that a connection came in on, put into each request by the listener.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local(pub(super) SocketAddr);

/// On every answer, refusals too.
const HEADERS: [(HeaderName, &str); 9] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; \
         form-action 'none'; object-src 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    ),
];

/// Said to whoever is refused; most of all a person with the address of an earlier start.
const REFUSED: &str =
    "Nothing to see here. Open the address that Manyhands printed when it was started last.\n";

/// Lets through what may pass, and puts the headers on all answers.
pub(super) async fn stand(State(token): State<Token>, request: Request, next: Next) -> Response {
    let local = request.extensions().get::<Local>().copied();
    let refusal = match local {
        Some(Local(local)) => {
            check(request.method(), request.uri(), request.headers(), local, &token).err()
        }
        None => Some(StatusCode::FORBIDDEN),
    };
    let mut response = match refusal {
        Some(status) => (status, REFUSED).into_response(),
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if refusal.is_some() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn check(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    local: SocketAddr,
    token: &Token,
) -> Result<(), StatusCode> {
    let host = only(headers, &header::HOST).ok_or(StatusCode::BAD_REQUEST)?;
    if uri.authority().is_some() || !names(host, local) {
        return Err(StatusCode::FORBIDDEN);
    }
    let guess = uri.path().split('/').nth(1).unwrap_or_default();
    if !token.is(guess) {
        return Err(StatusCode::NOT_FOUND);
    }
    match *method {
        Method::GET | Method::HEAD => may_read(headers),
        Method::POST => may_write(headers, host, local),
        _ => Err(StatusCode::METHOD_NOT_ALLOWED),
    }
}

/// Whether `host` is this very address; `localhost` is the one name that can't be made to point here
/// by somebody else.
fn names(host: &str, local: SocketAddr) -> bool {
    let (ip, port) = (local.ip().to_canonical(), local.port());
    let is = |name: &str| match host.strip_prefix(name) {
        Some("") => port == 80,
        Some(rest) => rest.strip_prefix(':') == Some(port.to_string().as_str()),
        None => false,
    };
    let own = match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    is(&own) || (ip.is_loopback() && (is("localhost") || is("127.0.0.1")))
}

/// A person may follow the address from anywhere; everything else is asked for by our page alone.
/// Browsers leave the fetch metadata out where the page isn't on loopback, and so do other programs.
fn may_read(headers: &HeaderMap) -> Result<(), StatusCode> {
    let Some(site) = headers.get("sec-fetch-site") else { return Ok(()) };
    let opened = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
        && headers.get("sec-fetch-dest").is_some_and(|dest| dest == "document");
    if site == "same-origin" || opened { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
}

fn may_write(headers: &HeaderMap, host: &str, local: SocketAddr) -> Result<(), StatusCode> {
    let origin = only(headers, &header::ORIGIN);
    if origin.and_then(|origin| origin.strip_prefix("http://")) != Some(host) {
        return Err(StatusCode::FORBIDDEN);
    }
    let site = headers.get("sec-fetch-site");
    let trusted = is_loopback(local.ip());
    if site.map_or(trusted, |site| site != "same-origin") {
        return Err(StatusCode::FORBIDDEN);
    }
    let kind = only(headers, &header::CONTENT_TYPE);
    if kind.and_then(|kind| kind.split(';').next()) != Some("application/json") {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    Ok(())
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// The value of a header that is there exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests;
