//! What a watched check tells: the whole conversation, and no secret in any form.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail, and runs programs"
)]

mod support;

use checks::{
    Dialogue, Dns, Entry, External, ExternalKind, Http, Kind, Ldap, LineProtocol, Login, Method, Mon, Mqtt, Ntp, Probe,
    Radius, Redirect, Secret, Security, SimpleTcp, Sip, Spec, Sql, SqlKind, Target, Tls, Transport, Verdict,
};
use std::time::Duration;
use support::{DEADLINE, HERE, leaks, tcp, udp};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const PASSWORD: &str = "s3\"cr\\et/Ä+";

/// Watches a check; whatever it was, nothing of its secrets is told.
async fn watch(spec: Spec, target: Target) -> (Verdict, Vec<Entry>) {
    let (verdict, entries) = Probe::new(spec, target).unwrap().trace(DEADLINE).await;
    for secret in [PASSWORD, "testing123"] {
        assert_eq!(leaks(secret, &entries), None, "{entries:#?}");
    }
    assert!(entries.windows(2).all(|pair| pair[0].at <= pair[1].at), "in the order of time");
    (verdict, entries)
}

fn lines(entries: &[Entry], kind: Kind) -> Vec<&str> {
    entries.iter().filter(|entry| entry.kind == kind).flat_map(|entry| &entry.lines).map(String::as_str).collect()
}

fn dialogue(protocol: LineProtocol) -> Spec {
    let login = Some(Login { name: "probe".to_owned(), password: Secret::new(PASSWORD) });
    let request = if protocol == LineProtocol::Ftp { "/file" } else { "" }.to_owned();
    Spec::Dialogue(Box::new(Dialogue { protocol, security: Security::Plain, login, request, receive: None }))
}

/// Sends `text` in as many segments as it has pieces between bars.
async fn pieces(stream: &mut TcpStream, text: &[u8]) {
    for piece in text.split(|byte| *byte == b'|') {
        stream.write_all(piece).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Answers each line with what comes next, then closes.
async fn answering(answers: Vec<Vec<u8>>) -> Target {
    tcp(HERE, move |stream| {
        let answers = answers.clone();
        async move {
            let mut stream = BufReader::new(stream);
            for (number, answer) in answers.iter().enumerate() {
                if number > 0 {
                    stream.read_until(b'\n', &mut Vec::new()).await.unwrap();
                }
                pieces(stream.get_mut(), answer).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_dialogue_is_told_and_what_the_server_repeats_is_masked() {
    let encoded = support::base64(format!("\0probe\0{PASSWORD}").as_bytes());
    let hex: String = PASSWORD.bytes().map(|byte| format!("{byte:02X}")).collect();
    let (head, tail) = PASSWORD.split_at(5);
    let echo = format!("-ERR {head}|{tail} or {encoded} or {hex}\x07\r\n").into_bytes();
    let target = answering(vec![b"+OK hello\r\n".to_vec(), b"+OK go on\r\n".to_vec(), echo]).await;
    let (verdict, entries) = watch(dialogue(LineProtocol::Pop), target).await;
    assert!(!verdict.is_up());
    assert_eq!(lines(&entries, Kind::Sent), ["USER probe", "PASS ***"]);
    let heard = lines(&entries, Kind::Received).join("");
    assert!(heard.starts_with("+OK hello+OK go on-ERR ***"), "{heard}");
    assert!(heard.ends_with("*** or *** or ***\\x07"), "{heard}");
    let notes = lines(&entries, Kind::Note).join("\n");
    assert!(notes.contains(&format!("connected to 127.0.0.1:{} from 127.0.0.1:", target.port)), "{notes}");
}

#[tokio::test]
async fn every_line_protocol_hides_its_login() {
    for (protocol, greeting, sent) in [
        (LineProtocol::Imap, "* OK ready\r\n", "a2 LOGIN"),
        (LineProtocol::Nntp, "200 ready\r\n", "AUTHINFO"),
        (LineProtocol::Ftp, "220 ready\r\n", "USER"),
        (LineProtocol::Redis, "", "AUTH"),
    ] {
        // A parrot: what it hears comes back, behind whatever lets the client go on.
        let target = tcp(HERE, move |mut stream| async move {
            stream.write_all(greeting.as_bytes()).await.unwrap();
            let mut buffer = [0; 1024];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                let go_on: &[u8] = if greeting.contains('*') { b"+ " } else { b"331 " };
                let _ = stream.write_all(&[go_on, &buffer[..count]].concat()).await;
            }
        })
        .await;
        // The parrot leaves some of them waiting.
        let probe = Probe::new(dialogue(protocol), target).unwrap();
        let (_, entries) = probe.trace(Duration::from_secs(1)).await;
        assert_eq!(leaks(PASSWORD, &entries), None, "{entries:#?}");
        assert!(lines(&entries, Kind::Sent).join("\n").contains(sent), "{protocol:?}: {entries:#?}");
        assert!(!lines(&entries, Kind::Received).is_empty(), "{protocol:?}");
    }
}

#[tokio::test]
async fn the_data_connection_of_a_transfer_is_told_beside_the_other() {
    let data = tcp(HERE, |mut stream| async move { stream.write_all(b"contents").await.unwrap() }).await;
    let port = format!("229 ok (!!!{}!)\r\n", data.port).into_bytes();
    let answers =
        ["220 hi\r\n", "331 go on\r\n", "230 in\r\n", "250 ok\r\n", "200 ok\r\n"].map(|line| line.as_bytes().to_vec());
    let rest = ["150 here it is\r\n226 done\r\n", "221 bye\r\n"].map(|line| line.as_bytes().to_vec());
    let target = answering([answers.as_slice(), &[port], rest.as_slice()].concat()).await;
    let (verdict, entries) = watch(dialogue(LineProtocol::Ftp), target).await;
    assert!(verdict.is_up(), "{verdict:?} {entries:#?}");
    let beside = entries.iter().find(|entry| entry.connection == Some(1) && entry.kind == Kind::Received);
    assert_eq!(beside.map(|entry| entry.lines.as_slice()), Some(&["contents".to_owned()][..]));
}

#[tokio::test]
async fn binary_protocols_are_dumped_and_hide_their_login() {
    let parrot = || {
        tcp(HERE, |mut stream| async move {
            let mut buffer = [0; 1024];
            let count = stream.read(&mut buffer).await.unwrap();
            for byte in &buffer[..count] {
                let _ = stream.write_all(&[*byte]).await;
            }
        })
    };
    let password = Secret::new(PASSWORD);
    let ldap = Ldap {
        security: Security::Plain,
        login: "cn=probe".to_owned(),
        password: password.clone(),
        base: String::new(),
        receive: None,
    };
    let mqtt = Mqtt { tls: None, login: "probe".to_owned(), password: password.clone() };
    for (spec, begins) in [(Spec::Ldap(ldap), "0000  30"), (Spec::Mqtt(mqtt), "0000  10")] {
        let (_, entries) = watch(spec, parrot().await).await;
        let sent = lines(&entries, Kind::Sent).join("\n");
        assert!(sent.starts_with(begins) && sent.contains(" ** ") && sent.contains("*****"), "{sent}");
        assert!(!lines(&entries, Kind::Received).is_empty());
    }
    let radius = Radius { login: "probe".to_owned(), password, secret: Secret::new("testing123") };
    let target = udp(HERE, |request, _| vec![request.to_vec(), b"xxtesting123".to_vec()]).await;
    let (verdict, entries) = Probe::new(Spec::Radius(radius), target).unwrap().trace(Duration::from_millis(300)).await;
    assert!(!verdict.is_up());
    assert_eq!(leaks("testing123", &entries), None);
    let sent = lines(&entries, Kind::Sent);
    // Code, identifier and length, and behind them the authenticator.
    assert!(sent[0].starts_with("0000  01 ") && sent[0].contains("** ** ** **"), "{sent:?}");
    assert!(sent.join("").contains("probe"), "{sent:?}");
}

/// A server that wants an answer to a challenge: the answer is not shown either, passwords could be tried against it.
#[tokio::test]
async fn proofs_are_secrets() {
    let spec = Spec::Sql(Sql {
        kind: SqlKind::Pgsql,
        login: "probe".to_owned(),
        password: Secret::new(PASSWORD),
        database: String::new(),
        request: String::new(),
        tls: Tls::default(),
    });
    let target = tcp(HERE, |mut stream| async move {
        let mut buffer = [0; 1024];
        let _ = stream.read(&mut buffer).await;
        stream.write_all(b"N").await.unwrap();
        let _ = stream.read(&mut buffer).await;
        stream.write_all(b"R\0\0\0\x0c\0\0\0\x05salt").await.unwrap();
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(buffer[..count].starts_with(b"p\0\0\0\x28md5"));
        stream.write_all(&[b"E\0\0\0\x30", &buffer[5..count], b"\0\0\0\0\0\0\0\0"].concat()).await.unwrap();
    })
    .await;
    let (_, entries) = watch(spec, target).await;
    let sent = lines(&entries, Kind::Sent).join("\n");
    assert!(sent.contains("user.pro") && sent.contains("p...(****"), "{sent}");
    assert!(!sent.contains("md5") && !lines(&entries, Kind::Received).join("").contains("md5"), "{entries:#?}");
}

#[tokio::test]
async fn http_with_passwords_in_urls() {
    let target = tcp(HERE, |mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        let body = format!("{}\u{1b}[31m{}", "x".repeat(10_000), support::base64(b"probe:hunter2secret"));
        let head = "HTTP/1.1 200 OK\r\nX-From: http://other:letmein@example.org/\r\n";
        let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await;
    let http = Http {
        tls: None,
        method: Method::Get,
        request: format!("http://probe:hunter2secret@localhost:{}/page", target.port),
        host: None,
        receive: None,
        redirect: Redirect::Follow,
        http2: false,
        proxy: false,
        kube: None,
    };
    let (verdict, entries) = watch(Spec::Http(Box::new(http)), target).await;
    assert!(verdict.is_up(), "{verdict:?}");
    assert_eq!(leaks("hunter2secret", &entries), None, "{entries:#?}");
    assert_eq!(leaks("letmein", &entries), None, "{entries:#?}");
    assert!(lines(&entries, Kind::Note).iter().any(|line| line.starts_with("localhost resolves to ")));
    assert_eq!(lines(&entries, Kind::Sent)[0], "GET /page HTTP/1.1");
    assert_eq!(lines(&entries, Kind::Received)[1], "X-From: http://other:***@example.org/");
    let left_out: usize = entries.iter().map(|entry| entry.left_out).sum();
    assert!(left_out > 5000, "{left_out}");
    let shown: usize = lines(&entries, Kind::Received).iter().map(|line| line.len()).sum();
    assert!(shown < 6000, "{shown}");
}

#[tokio::test]
async fn a_program_is_told_with_its_output_and_its_end() {
    let command = ["/bin/sh", "-c", "echo one; echo two >&2; exit 3"].map(str::to_owned).to_vec();
    let arguments = ["10.0.0.1", "80", "10.0.0.2", "81"].map(str::to_owned);
    let external = External { kind: ExternalKind::Program, command, arguments };
    let (verdict, entries) = watch(Spec::External(external), Target { address: HERE, port: 81 }).await;
    assert!(!verdict.is_up());
    assert_eq!(lines(&entries, Kind::Received), ["one", "two"]);
    let notes = lines(&entries, Kind::Note);
    assert_eq!(notes[0], "running /bin/sh -c \"echo one; echo two >&2; exit 3\" 10.0.0.1 80 10.0.0.2 81");
    assert_eq!(notes[1], "the program ended: exit status: 3");
}

#[tokio::test]
async fn a_script_and_what_perl_says_of_it_are_told() {
    let perl = std::process::Command::new("perl").args(["-e", "0"]).status();
    if !perl.is_ok_and(|status| status.success()) {
        println!("perl cannot be run here");
        return;
    }
    let script = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(script.path(), "print \"one\\n\"; print STDERR \"two of @ARGV[0, 1]\\n\"; exit 3;\n").unwrap();
    let url = "http://probe:testing123@10.0.0.2".to_owned();
    let command = vec![script.path().display().to_string(), url];
    let arguments = ["10.0.0.1", "80", "10.0.0.2", "81"].map(str::to_owned);
    let external = External { kind: ExternalKind::Perl, command, arguments };
    let (verdict, entries) = watch(Spec::External(external), Target { address: HERE, port: 81 }).await;
    assert!(!verdict.is_up(), "{verdict:?}");
    let received = lines(&entries, Kind::Received).join("\n");
    assert!(received.contains("two of http://probe:***@10.0.0.2 10.0.0.1"), "{received}");
    let notes = lines(&entries, Kind::Note);
    assert!(notes[0].starts_with("asking perl, which keeps it compiled, to run /"), "{notes:?}");
    assert!(notes[0].ends_with(" 10.0.0.1 80 10.0.0.2 81"), "{notes:?}");
    assert_eq!(notes[1..], ["the program ended: exit status: 3"]);
    assert!(!lines(&entries, Kind::Sent).is_empty());
}

#[tokio::test]
async fn a_monitor_is_told_to_all_who_watch_also_when_it_hangs() {
    let mon = |lines: &str| {
        let command = ["/bin/sh", "-c", lines, "http://probe:testing123@here"].map(str::to_owned).to_vec();
        Spec::Mon(Mon { command })
    };
    let target = |host: &str| Target { address: host.parse().unwrap(), port: 0 };
    let failing = mon("echo 10.0.0.2 \"$0\"; echo why >&2; exit 1");
    let (one, two) =
        tokio::join!(watch(failing.clone(), target("10.0.0.1")), watch(failing.clone(), target("10.0.0.2")));
    assert!(one.0.is_up() && !two.0.is_up(), "{one:?} {two:?}");
    for (_, entries) in [one, two] {
        let notes = lines(&entries, Kind::Note);
        assert!(notes[0].starts_with("running /bin/sh -c ") && notes[0].contains("10.0.0.1"), "{notes:?}");
        assert_eq!(notes[1], "the program ended: exit status: 1");
        let received = lines(&entries, Kind::Received);
        assert!(received.contains(&"10.0.0.2 http://probe:***@here") && received.contains(&"why"), "{entries:#?}");
    }
    let probe = Probe::new(mon("echo waiting; sleep 60"), target("10.0.0.3")).unwrap();
    let (verdict, entries) = probe.trace(Duration::from_secs(2)).await;
    assert!(!verdict.is_up());
    assert!(lines(&entries, Kind::Received).contains(&"waiting"), "{entries:#?}");
}

#[tokio::test]
async fn services_over_tls_are_told_as_inside_of_it() {
    let acceptor = support::acceptor();
    let target = tcp(HERE, move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"SIP/2.0 nonsense\r\n").await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    let tls = Some(Tls::default());
    let transport = Transport::Tcp;
    let simple = SimpleTcp { transport, tls: tls.clone(), send: b"hello\n".to_vec(), receive: None };
    let sips = Sip { transport, tls, login: "probe".to_owned() };
    for (spec, sent) in [(Spec::SimpleTcp(simple), "hello"), (Spec::Sip(sips), "OPTIONS sip")] {
        let (_, entries) = watch(spec, target).await;
        let notes = lines(&entries, Kind::Note).join("\n");
        assert!(notes.contains("TLS 1.3 with ") && notes.contains("  for real.example"), "{notes}");
        assert!(lines(&entries, Kind::Sent)[0].starts_with(sent), "{entries:#?}");
        assert_eq!(lines(&entries, Kind::Received), ["SIP/2.0 nonsense"]);
    }
}

#[tokio::test]
async fn connect_over_udp_tells_the_ping_beside_the_datagram() {
    let target = udp(HERE, |_, _| vec![b"who is there".to_vec()]).await;
    let (verdict, entries) = watch(Spec::Reach { attempts: 1 }, target).await;
    assert_eq!(verdict.words(), "the port answers");
    assert!(lines(&entries, Kind::Note).contains(&"sending an empty datagram"), "{entries:#?}");
    assert!(lines(&entries, Kind::Received).iter().any(|line| line.ends_with("who is there")), "{entries:#?}");
    let (verdict, entries) = watch(Spec::Reach { attempts: 1 }, support::closed_port().await).await;
    assert_eq!(verdict.words(), "receive: port unreachable");
    assert!(lines(&entries, Kind::Note).contains(&"ICMP: port unreachable"), "{entries:#?}");
    assert!(entries.iter().all(|entry| entry.connection.is_none() || entry.connection == Some(1)), "{entries:#?}");
}

#[tokio::test]
async fn packets_and_simple_services_are_told() {
    let transport = Transport::Udp;
    let simple = SimpleTcp { transport, tls: None, send: b"hello\n".to_vec(), receive: None };
    let sip = Sip { transport, tls: None, login: "probe".to_owned() };
    let dns = Dns { transport, request: "www.example.org".to_owned(), receive: None };
    for (spec, sent) in [
        (Spec::SimpleTcp(simple), "hello"),
        (Spec::Sip(sip), "OPTIONS sip:"),
        (Spec::Dns(dns), ".example."),
        (Spec::Ntp(Ntp), "0000  23 00"),
    ] {
        let target = udp(HERE, |_, _| vec![b"what?\n".to_vec()]).await;
        let (_, entries) = Probe::new(spec, target).unwrap().trace(Duration::from_millis(300)).await;
        assert!(lines(&entries, Kind::Sent).join("\n").contains(sent), "{sent}: {entries:#?}");
        assert!(lines(&entries, Kind::Received).join("\n").contains("what?"), "{sent}: {entries:#?}");
    }
    let (verdict, entries) = watch(Spec::Ping { attempts: 1 }, Target { address: HERE, port: 0 }).await;
    let notes = lines(&entries, Kind::Note);
    // Where ICMP sockets are not allowed, there is nothing to tell.
    assert_eq!(verdict.is_up(), notes.iter().any(|line| line.starts_with("ICMP socket")), "{verdict:?} {entries:?}");
    assert_eq!(verdict.is_up(), !lines(&entries, Kind::Received).is_empty());
    let (_, entries) = watch(Spec::Connect, support::closed_port().await).await;
    assert!(lines(&entries, Kind::Note)[1].contains("connection refused"), "{entries:?}");
}

#[tokio::test]
async fn memory_is_bounded() {
    let target = tcp(HERE, |mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n").await;
        let _ = stream.write_all(&vec![b'x'; 8_000_000]).await;
        let _ = stream.read(&mut [0; 1024]).await;
    })
    .await;
    let http = Http {
        tls: None,
        method: Method::Get,
        request: "/".to_owned(),
        host: None,
        receive: None,
        redirect: Redirect::None,
        http2: false,
        proxy: false,
        kube: None,
    };
    let (verdict, entries) = watch(Spec::Http(Box::new(http)), target).await;
    assert!(verdict.is_up(), "{verdict:?}");
    let kept: usize = entries.iter().flat_map(|entry| &entry.lines).map(String::len).sum();
    let total: usize = entries.iter().filter(|entry| entry.kind == Kind::Received).map(|entry| entry.bytes).sum();
    assert!(kept <= 300_000, "{kept}");
    assert!(total > 8_000_000, "{total}");
}
