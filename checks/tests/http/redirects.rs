//! Redirects: followed anywhere, on the checked real only, or not at all.

use crate::server::*;
use checks::{Http, Phase, Reason, Redirect, Target};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

fn to(location: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\nmove").into_bytes()
}

fn following(redirect: Redirect) -> Http {
    Http { redirect, host: Some("www.invalid".to_owned()), ..matching("hello") }
}

#[tokio::test]
async fn on_the_real_itself() {
    let (real, seen) =
        by_request(|request| if request.starts_with("GET / ") { to("/next") } else { OK.to_vec() }).await;
    for redirect in [Redirect::Follow, Redirect::Same] {
        let success = check(following(redirect), real).await.result.unwrap();
        assert_eq!((success.words.as_str(), success.answered_by), ("200 OK", None));
    }
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|request| request.contains("\r\nHost: www.invalid\r\n")), "{seen:?}");
    let failure = check(following(Redirect::None), real).await.result.unwrap_err();
    assert_eq!(failure.to_string(), "receive: 302 Found to /next");
}

#[tokio::test]
async fn every_redirecting_status_is_followed_and_no_other() {
    for (code, followed) in
        [(301, true), (302, true), (303, true), (307, true), (308, true), (300, false), (305, false)]
    {
        let (real, _) = by_request(move |request| match request.starts_with("GET / ") {
            true => format!("HTTP/1.1 {code} Elsewhere\r\nLocation: /next\r\n\r\n").into_bytes(),
            false => OK.to_vec(),
        })
        .await;
        assert_eq!(check(get(), real).await.is_up(), followed, "{code}");
    }
    assert_eq!(words(get(), "HTTP/1.1 302 Found\r\n\r\n").await, "receive: 302 Found");
}

#[tokio::test]
async fn to_another_host() {
    let (other, seen) = by_request_on("127.0.0.2", |_| OK.to_vec()).await;
    let url = format!("http://127.0.0.2:{}/page", other.port);
    let location = url.clone();
    let (real, _) = by_request(move |_| to(&location)).await;
    let success = check(following(Redirect::Follow), real).await.result.unwrap();
    assert_eq!(success.answered_by, Some(url), "shown: another server answered for this one");
    assert!(seen.lock().unwrap()[0].contains(&format!("\r\nHost: 127.0.0.2:{}\r\n", other.port)));
    let failure = check(following(Redirect::Same), real).await.result.unwrap_err();
    assert_eq!(failure.phase, Phase::Receive);
    assert!(matches!(failure.reason, Reason::Status { code: 302, .. }));
    assert!(failure.to_string().contains("is not on this real server"), "{failure}");
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn names_are_resolved_only_where_any_host_will_do() {
    let (real, seen) = by_request(|request| match request.starts_with("GET / ") {
        true => to("http://www.invalid/next"),
        false => OK.to_vec(),
    })
    .await;
    let follow = check(following(Redirect::Follow), real).await.result.unwrap_err();
    assert_eq!(follow.to_string(), "resolve: www.invalid does not resolve");
    assert!(check(following(Redirect::Same), real).await.is_up(), "pinned to the real, whatever the host is called");
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_loop_ends() {
    let (real, seen) = by_request(|_| to("/again")).await;
    let failure = check(following(Redirect::Follow), real).await.result.unwrap_err();
    assert!(failure.to_string().contains("more than 7 redirects"), "{failure}");
    assert_eq!(seen.lock().unwrap().len(), 8);
}

#[tokio::test]
async fn a_dead_end_is_the_real_servers_failure() {
    let (real, _) = by_request(|_| to("http://127.0.0.3:9/")).await;
    assert_eq!(check(get(), real).await.words(), "connect: connection refused");
    let real: Target = by_request(|_| to("gopher://x/")).await.0;
    assert!(check(get(), real).await.words().contains("neither http nor https"));
}

#[tokio::test]
async fn through_a_proxy_the_proxy_is_asked_again() {
    let (proxy, seen) = by_request(|request| match request.starts_with("GET http://a.invalid/ ") {
        true => to("http://b.invalid/x"),
        false => OK.to_vec(),
    })
    .await;
    let http = Http { proxy: true, request: "http://a.invalid/".to_owned(), ..matching("hello") };
    let success = check(http, proxy).await.result.unwrap();
    assert_eq!(success.answered_by, None);
    assert!(seen.lock().unwrap()[1].starts_with("GET http://b.invalid/x HTTP/1.1\r\nHost: b.invalid\r\n"));
}
