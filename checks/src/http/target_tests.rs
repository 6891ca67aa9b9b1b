//! Requests, absolute URLs and redirects as hops.

use super::*;
use crate::Tls;

fn http(request: &str) -> Http {
    Http {
        tls: None,
        method: Method::Get,
        request: request.to_owned(),
        host: None,
        receive: None,
        redirect: Redirect::Follow,
        http2: false,
        proxy: false,
        kube: None,
    }
}

fn real(address: &str, port: u16) -> Target {
    Target { address: address.parse().unwrap(), port }
}

fn first(http: &Http, address: &str, port: u16) -> Hop {
    Hop::first(http, real(address, port)).unwrap()
}

#[test]
fn the_request_as_it_goes_out() {
    let text = String::from_utf8(first(&http("/index.html?a=b c"), "10.0.0.1", 8080).request(&http(""), None)).unwrap();
    let agent = concat!("User-Agent: ldirectord-rs/", env!("CARGO_PKG_VERSION"));
    let lines: Vec<&str> = text.split("\r\n").collect();
    let wanted =
        ["GET /index.html?a=b%20c HTTP/1.1", "Host: 10.0.0.1", agent, "Accept: */*", "Connection: close", "", ""];
    assert_eq!(lines, wanted);
    let six = first(&http("/"), "2001:db8::1", 80);
    assert_eq!(six.authority, "[2001:db8::1]");
    assert_eq!(six.url(), "http://[2001:db8::1]/");
}

#[test]
fn request_targets() {
    for (request, target) in [
        ("", "/"),
        ("///a", "/a"),
        ("/a/../b", "/a/../b"),
        ("/a%20b%zz", "/a%20b%zz"),
        ("/\u{e4}\"<>", "/%C3%A4%22%3C%3E"),
        ("/x#y", "/x"),
        ("/?q=http://x/", "/?q=http://x/"),
        ("/a\r\nX: y", "/a%0D%0AX:%20y"),
    ] {
        assert_eq!(first(&http(request), "10.0.0.1", 80).request_target, target, "{request:?}");
    }
}

#[test]
fn absolute_requests_ask_their_own_host() {
    let hop = first(&http("/http://user@app.example:8080/x y?z"), "10.0.0.1", 80);
    assert_eq!((hop.host.as_str(), hop.port, hop.pinned), ("app.example", 8080, None));
    assert_eq!((hop.authority.as_str(), hop.request_target.as_str()), ("app.example:8080", "/x%20y?z"));
    let with_host = Http { host: Some("www.example".to_owned()), ..http("https://10.1.1.1") };
    let hop = first(&with_host, "10.0.0.1", 80);
    assert_eq!((hop.secure, hop.port, hop.address()), (true, 443, Some("10.1.1.1".parse().unwrap())));
    assert_eq!((hop.authority.as_str(), hop.name.as_deref()), ("www.example", Some("www.example")));
    assert_eq!(hop.request_target, "/");
    let six = first(&http("http://[::1]:81/"), "10.0.0.1", 80);
    assert_eq!((six.address(), six.authority.as_str()), (Some("::1".parse().unwrap()), "[::1]:81"));
    for bad in ["http://", "http://a b/", "http://x:99999/", "http://[::1/"] {
        assert!(Hop::first(&http(bad), real("10.0.0.1", 80)).is_err(), "{bad}");
    }
}

#[test]
fn a_proxy_gets_the_whole_url() {
    let proxy = Http { proxy: true, host: Some("ignored.example".to_owned()), ..http("/http://www.example.com/a b") };
    let hop = first(&proxy, "10.0.0.1", 3128);
    assert_eq!(hop.request_target, "http://www.example.com/a%20b");
    assert_eq!((hop.authority.as_str(), hop.pinned), ("www.example.com", Some(real("10.0.0.1", 3128))));
    let hop = first(&Http { proxy: true, ..http("/https://www.example.com:8443/a?b=http://c") }, "10.0.0.1", 3128);
    assert_eq!((hop.request_target.as_str(), hop.place().as_str()), ("/a?b=http://c", "www.example.com:8443"));
    assert_eq!((hop.authority.as_str(), hop.pinned), ("www.example.com:8443", Some(real("10.0.0.1", 3128))));
    assert_eq!(hop.name.as_deref(), Some("www.example.com"));
    let six = first(&Http { proxy: true, ..http("https://[2001:db8::1]/") }, "10.0.0.1", 3128);
    assert_eq!((six.place().as_str(), six.name), ("[2001:db8::1]:443", None));
    for bad in ["/", "/index.html", "ftp://www.example.com/"] {
        let error = Hop::first(&Http { proxy: true, ..http(bad) }, real("10.0.0.1", 3128)).unwrap_err();
        assert!(error.to_string().contains("absolute URL"), "{error}");
    }
}

#[test]
fn names_for_sni() {
    let named = |host: Option<&str>, name: Option<&str>| {
        let tls = Tls { name: name.map(str::to_owned), ..Tls::default() };
        let http = Http { tls: Some(tls), host: host.map(str::to_owned), ..http("/") };
        first(&http, "10.0.0.1", 443).name
    };
    assert_eq!(named(None, None), None);
    assert_eq!(named(Some("www.example:8443"), None).as_deref(), Some("www.example"));
    assert_eq!(named(Some("www.example"), Some("tls.example")).as_deref(), Some("tls.example"));
    assert_eq!(named(Some("10.9.9.9"), None), None);
}

fn next(redirect: Redirect, host: Option<&str>, location: &str) -> Next {
    let http = Http { redirect, host: host.map(str::to_owned), ..http("/a/b") };
    first(&http, "10.0.0.1", 8080).next(location, &http, real("10.0.0.1", 8080))
}

fn followed(redirect: Redirect, host: Option<&str>, location: &str) -> Hop {
    match next(redirect, host, location) {
        Next::Hop(hop) => *hop,
        Next::Leaves(why) => panic!("{location}: {why}"),
    }
}

#[test]
fn a_relative_redirect_stays_with_its_host_header() {
    for redirect in [Redirect::Follow, Redirect::Same] {
        for (location, target) in [("c", "/a/c"), ("/c?d", "/c?d"), ("../e", "/e"), ("http://10.0.0.1:8080/f", "/f")] {
            let hop = followed(redirect, Some("www.example"), location);
            assert_eq!((hop.request_target.as_str(), hop.authority.as_str()), (target, "www.example"));
            assert_eq!(hop.pinned, Some(real("10.0.0.1", 8080)));
        }
    }
}

#[test]
fn follow_goes_to_any_host() {
    let hop = followed(Redirect::Follow, Some("www.example"), "https://other.example/x");
    assert_eq!((hop.secure, hop.port, hop.authority.as_str(), hop.pinned), (true, 443, "other.example", None));
    assert_eq!(hop.name.as_deref(), Some("other.example"));
    let hop = followed(Redirect::Follow, Some("www.example"), "http://www.example/x");
    assert_eq!(hop.pinned, None, "as LWP: the name is resolved");
}

#[test]
fn same_stays_on_the_real() {
    for location in ["http://www.example/x", "http://WWW.example:8080/x", "//www.example/x"] {
        let hop = followed(Redirect::Same, Some("www.example"), location);
        assert_eq!((hop.pinned, hop.request_target.as_str()), (Some(real("10.0.0.1", 8080)), "/x"));
    }
    for location in ["http://other.example/", "https://www.example/", "http://10.0.0.2:8080/", "http://www.example:9/"]
    {
        assert!(matches!(next(Redirect::Same, Some("www.example"), location), Next::Leaves(_)), "{location}");
    }
    assert!(matches!(next(Redirect::Follow, None, "ftp://x/"), Next::Leaves(_)));
    assert!(matches!(next(Redirect::Follow, None, "http://"), Next::Leaves(_)));
}

#[test]
fn a_proxy_is_asked_for_every_redirect() {
    let proxy = Http { proxy: true, ..http("http://www.example/a?u=http://x/") };
    let hop = first(&proxy, "10.0.0.1", 3128);
    let real = real("10.0.0.1", 3128);
    for (location, target, secure) in [
        ("b", "http://www.example/b", false),
        ("http://other.example:81/c", "http://other.example:81/c", false),
        ("https://www.example/d", "/d", true),
    ] {
        let Next::Hop(next) = hop.next(location, &proxy, real) else { panic!("{location}") };
        assert_eq!(
            (next.request_target.as_str(), next.secure, next.pinned),
            (target, secure, Some(real)),
            "{location}"
        );
    }
}

#[test]
fn a_url_in_the_query_is_no_absolute_request() {
    let hop = first(&http("/login?next=http://x/"), "10.0.0.1", 8080);
    assert_eq!(hop.url(), "http://10.0.0.1:8080/login?next=http://x/");
}
