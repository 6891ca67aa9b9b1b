//! No proxy of the environment is ever asked.

use crate::server::*;
use checks::Http;
use std::process::Command;

/// This test runs itself with the variables set, since they cannot be set within a process that has threads.
#[tokio::test]
async fn proxy_variables_are_ignored() {
    let (real, _) = answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    if std::env::var("http_proxy").is_ok_and(|proxy| proxy == "http://127.0.0.1:9") {
        assert_eq!(check(Http { host: Some("www.invalid".to_owned()), ..get() }, real).await.words(), "200 OK");
        let secure = crate::h2::server().await;
        assert_eq!(check(crate::h2::get2(), secure.0).await.words(), "200 OK");
        return;
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        again.env(name, "http://127.0.0.1:9");
    }
    let output = again.args(["--exact", "environment::proxy_variables_are_ignored"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
