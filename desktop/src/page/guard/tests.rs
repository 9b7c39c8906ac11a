//! The guard's answers to what our page, other sites and other programs send.

use super::*;

const LOCAL: &str = "127.0.0.1:4000";
const OWN: [(&str, &str); 4] = [
    ("host", LOCAL),
    ("origin", "http://127.0.0.1:4000"),
    ("sec-fetch-site", "same-origin"),
    ("content-type", "application/json"),
];

fn ask(
    method: Method,
    path: &str,
    local: &str,
    headers: &[(&str, &str)],
) -> Result<(), StatusCode> {
    let token = Token::fresh();
    let uri: Uri = path.replace("TOKEN", &token.to_string()).parse().unwrap();
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    check(&method, &uri, &map, local.parse().unwrap(), &token)
}

fn get(headers: &[(&str, &str)]) -> Result<(), StatusCode> {
    ask(Method::GET, "/TOKEN/stream", LOCAL, headers)
}

/// A write as our page sends it, with one header changed or, by an empty value, left out.
fn write_but(name: &str, value: &str) -> Result<(), StatusCode> {
    let mut headers = OWN.to_vec();
    headers.retain(|(own, _)| *own != name);
    if !value.is_empty() {
        headers.push((name, value));
    }
    ask(Method::POST, "/TOKEN/lend", LOCAL, &headers)
}

#[test]
fn our_page_may_read_and_write() {
    assert_eq!(get(&[("host", LOCAL)]), Ok(()));
    assert_eq!(get(&[("host", "localhost:4000")]), Ok(()));
    assert_eq!(ask(Method::POST, "/TOKEN/lend", LOCAL, &OWN), Ok(()));
    assert_eq!(write_but("content-type", "application/json; charset=utf-8"), Ok(()));
    assert_eq!(ask(Method::GET, "/TOKEN/", "[::1]:4000", &[("host", "[::1]:4000")]), Ok(()));
}

#[test]
fn a_name_that_points_here_is_refused() {
    for host in ["evil.example:4000", "127.0.0.1:4001", "127.0.0.1", "localhost", "127.0.0.2:4000"]
    {
        assert_eq!(get(&[("host", host)]), Err(StatusCode::FORBIDDEN), "{host}");
    }
    let twice = [("host", LOCAL), ("host", LOCAL)];
    assert_eq!(get(&twice), Err(StatusCode::BAD_REQUEST));
    assert_eq!(get(&[]), Err(StatusCode::BAD_REQUEST));
}

#[test]
fn on_the_network_only_the_address_itself_counts() {
    let ask = |host| ask(Method::GET, "/TOKEN/", "10.0.0.5:4000", &[("host", host)]);
    assert_eq!(ask("10.0.0.5:4000"), Ok(()));
    assert_eq!(ask("localhost:4000"), Err(StatusCode::FORBIDDEN));
    assert_eq!(ask(""), Err(StatusCode::FORBIDDEN));
}

#[test]
fn without_the_token_nothing_is_there() {
    let host = [("host", LOCAL)];
    for path in ["/", "/stream", "/0123456789abcdef0123456789abcdef/", "//TOKEN/", "/tOKEN/"] {
        assert_eq!(ask(Method::GET, path, LOCAL, &host), Err(StatusCode::NOT_FOUND), "{path}");
    }
}

#[test]
fn another_site_can_open_the_page_but_not_embed_or_read_it() {
    let from = |site, mode, dest| {
        get(&[
            ("host", LOCAL),
            ("sec-fetch-site", site),
            ("sec-fetch-mode", mode),
            ("sec-fetch-dest", dest),
        ])
    };
    assert_eq!(from("cross-site", "navigate", "document"), Ok(()));
    assert_eq!(from("same-origin", "cors", "empty"), Ok(()));
    for (mode, dest) in [("navigate", "iframe"), ("no-cors", "image"), ("cors", "empty")] {
        assert_eq!(from("cross-site", mode, dest), Err(StatusCode::FORBIDDEN), "{dest}");
        assert_eq!(from("same-site", mode, dest), Err(StatusCode::FORBIDDEN), "{dest}");
    }
}

#[test]
fn a_write_that_another_site_can_send_is_refused() {
    for (name, value) in [
        ("origin", ""),
        ("origin", "null"),
        ("origin", "http://evil.example"),
        ("origin", "https://127.0.0.1:4000"),
        ("origin", "http://localhost:4000"),
        ("sec-fetch-site", ""),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
    ] {
        assert_eq!(write_but(name, value), Err(StatusCode::FORBIDDEN), "{name}: {value}");
    }
    for kind in ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        assert_eq!(write_but("content-type", kind), Err(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
}

#[test]
fn other_methods_and_proxy_requests_are_refused() {
    let other = ask(Method::OPTIONS, "/TOKEN/lend", LOCAL, &OWN);
    assert_eq!(other, Err(StatusCode::METHOD_NOT_ALLOWED));
    let proxy = ask(Method::GET, "http://127.0.0.1:4000/TOKEN/", LOCAL, &[("host", LOCAL)]);
    assert_eq!(proxy, Err(StatusCode::FORBIDDEN));
}
