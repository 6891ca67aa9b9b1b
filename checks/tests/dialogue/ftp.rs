//! FTP: logins, files, passive ports.

use super::peer::*;
use super::support::closed_port;
use checks::{Dialogue, LineProtocol, Pattern, Reason};

fn fetching(receive: Option<&str>) -> Dialogue {
    let mut spec = dialogue(LineProtocol::Ftp).login("probe", "s3cret");
    spec.request = "/pub/a b".to_owned();
    spec.receive = receive.map(|pattern| Pattern::compile(pattern).unwrap());
    spec
}

fn login() -> [Step; 7] {
    [
        say("220-Welcome\r\n230 not the end\r\n anything\r\n\r\n220 ready"),
        hear("USER probe"),
        say("331 password please"),
        hear("PASS s3cret"),
        say("230-hello\r\n220 still the same\r\n230 in"),
        hear("CWD /"),
        say("550 not there"),
    ]
}

fn passive() -> [Step; 5] {
    [hear("TYPE I"), say("200"), hear("EPSV"), Listen("229 Extended (|||{}|)"), hear("RETR pub/a b")]
}

fn bye() -> [Step; 2] {
    [hear("QUIT"), say("221 bye")]
}

#[tokio::test]
async fn logins() {
    let ftp = dialogue(LineProtocol::Ftp).login("probe", "s3cret");
    let begin = [say("120 in a minute"), say("220 now"), hear("USER probe")];
    up(&ftp, &[&begin[..], &[say("230 no password needed")], &bye()].concat(), "220 now").await;
    let asked = [&begin[..], &[say("331"), hear("PASS s3cret")]].concat();
    up(&ftp, &[&asked[..], &[say("202 superfluous")], &bye()].concat(), "220 now").await;
    for (reply, words) in [
        ("530 s3cret is wrong", "receive: login refused: 530 *** is wrong"),
        ("332 account?", "receive: login refused: 332 account?"),
        ("421 closing", "receive: login refused: 421 closing"),
    ] {
        down(&ftp, &[&asked[..], &[say(reply)]].concat(), words).await;
    }
    down(&ftp, &[&begin[..], &[say("530 not you")]].concat(), "receive: login refused: 530 not you").await;
    down(&ftp, &[say("421 too many")], "receive: service refused: 421 too many").await;
}

#[tokio::test]
async fn a_file_is_fetched_and_matched() {
    let bytes = b"first\r\nall is \xff well\n".to_vec();
    let good = [&login()[..], &passive(), &[say("150 comes"), Data(bytes), say("226 done")], &bye()].concat();
    up(&fetching(None), &good, "21 bytes, 226 done").await;
    up(&fetching(Some(r"^first\r\nall is \xff well$")), &good, "21 bytes, 226 done").await;
    down(
        &fetching(Some("second")),
        &good,
        "match: pattern not found in 21 bytes starting \"first  all is \u{fffd} well\"",
    )
    .await;
    let empty = [&login()[..], &passive(), &[say("125"), Data(Vec::new()), say("250")], &bye()].concat();
    up(&fetching(None), &empty, "0 bytes, 250").await;
    let leaking = [&login()[..], &passive(), &[say("150"), Data(b"my s3cret".to_vec()), say("226")]].concat();
    down(&fetching(Some("no")), &leaking, "match: pattern not found in 9 bytes starting \"my ***\"").await;
}

#[tokio::test]
async fn a_transfer_that_fails_is_down() {
    for (end, words) in [
        (vec![say("550 no such file")], "receive: RETR refused: 550 no such file"),
        (vec![say("226 already done")], "receive: RETR refused: 226 already done"),
        (vec![say("150"), Data(b"part".to_vec()), say("426 broken off")], "receive: RETR refused: 426 broken off"),
    ] {
        down(&fetching(None), &[&login()[..], &passive(), &end].concat(), words).await;
    }
    let mut nothing = fetching(Some("x"));
    nothing.request = "/".to_owned();
    let begin = &login()[..5];
    down(&nothing, begin, "receive: request names no file that receive could match").await;
}

#[tokio::test]
async fn files_have_a_limit() {
    let large = [&login()[..], &passive(), &[say("150"), Data(vec![b'x'; (1 << 20) + 1]), say("226")], &bye()].concat();
    let failure = run(&fetching(Some("x")), &large).await.unwrap_err();
    let Reason::Data { reason, .. } = failure.reason else { panic!("{failure:?}") };
    assert_eq!(*reason, Reason::TooLong { what: "file", limit: 1 << 20 });
    up(&fetching(None), &large, "1048577 bytes, 226").await;
}

#[tokio::test]
async fn the_data_connection_goes_to_the_real_server_whatever_address_it_names() {
    let pasv = |words| {
        [
            &login()[..],
            &[hear("TYPE I"), say("200"), hear("EPSV"), say("502 what"), hear("PASV"), Listen(words)],
            &[hear("RETR pub/a b"), say("150"), Data(b"x".to_vec()), say("226 done")],
            &bye(),
        ]
        .concat()
    };
    for words in ["227 Entering Passive Mode (192,0,2,1,{h},{l}).", "227 =127,0,0,1,{h},{l}"] {
        up(&fetching(Some("^x$")), &pasv(words), "1 bytes, 226 done").await;
    }
}

#[tokio::test]
async fn passive_ports_that_lead_nowhere() {
    let begin = [&login()[..], &[hear("TYPE I"), say("200"), hear("EPSV")]].concat();
    let port = closed_port().await.port;
    let script = [&begin[..], &[say(&format!("229 (|||{port}|)"))]].concat();
    down(&fetching(None), &script, &format!("receive: data connection to port {port}: connection refused")).await;
    let script = [&begin[..], &[say("502"), hear("PASV"), say("502 neither")]].concat();
    down(&fetching(None), &script, "receive: PASV refused: 502 neither").await;
    for reply in ["229 (|||0|)", "229 (|||99999|)", "229 none", "229 (", "229"] {
        let words = "receive: not a valid answer: no port in the answer to EPSV or PASV";
        down(&fetching(None), &[&begin[..], &[say(reply)]].concat(), words).await;
    }
    down(&fetching(None), &[&begin[..], &[say("421 bye")]].concat(), "receive: EPSV refused: 421 bye").await;
}
