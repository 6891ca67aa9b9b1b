//! NNTP, Redis, memcached, SSH.

use super::peer::*;
use checks::LineProtocol::*;

#[tokio::test]
async fn nntp() {
    for greeting in ["200 news.example ready", "201 no posting"] {
        up(&dialogue(Nntp), &[say(greeting), hear("QUIT"), say("205 bye")], greeting).await;
    }
    for greeting in ["400 not now", "502 not you", "220 mail?", "100 help"] {
        down(&dialogue(Nntp), &[say(greeting)], &format!("receive: service refused: {greeting}")).await;
    }
    let spec = dialogue(Nntp).login("probe", "s3cret");
    let begin = [say("200"), hear("AUTHINFO USER probe")];
    up(&spec, &[&begin[..], &[say("281 already"), hear("QUIT"), say("205")]].concat(), "200").await;
    let asked = [&begin[..], &[say("381"), hear("AUTHINFO PASS s3cret")]].concat();
    let refusal = say("481 AUTHINFO PASS s3cret is wrong");
    down(&spec, &[&asked[..], &[refusal]].concat(), "receive: login refused: 481 AUTHINFO PASS *** is wrong").await;
    down(&spec, &[&begin[..], &[say("502 no")]].concat(), "receive: login refused: 502 no").await;
}

#[tokio::test]
async fn redis() {
    let ping = || Hear(b"*1\r\n$4\r\nPING\r\n".to_vec());
    up(&dialogue(Redis), &[ping(), say("+PONG")], "PONG").await;
    for (reply, words) in [
        ("-NOAUTH Authentication required.", "receive: PING refused: NOAUTH Authentication required."),
        ("-LOADING dataset in memory", "receive: PING refused: LOADING dataset in memory"),
        ("+OK", "receive: not a valid answer: not Redis: +OK"),
        ("$4", "receive: not a valid answer: not Redis: $4"),
        ("*1", "receive: not a valid answer: not Redis: *1"),
    ] {
        down(&dialogue(Redis), &[ping(), say(reply)], words).await;
    }
    let auth = Hear(b"*3\r\n$4\r\nAUTH\r\n$5\r\nprobe\r\n$7\r\np\xc3\xa4 \"x\"\r\n".to_vec());
    let spec = dialogue(Redis).login("probe", "pä \"x\"");
    up(&spec, &[auth.clone(), say("+OK"), ping(), say("+PONG")], "PONG").await;
    let words = "receive: login refused: WRONGPASS *** is invalid";
    down(&spec, &[auth, say("-WRONGPASS pä \"x\" is invalid")], words).await;
}

#[tokio::test]
async fn memcached() {
    let spec = dialogue(Memcached).receive(r"^VERSION 1\.6\.");
    up(&spec, &[hear("version"), say("VERSION 1.6.18"), hear("quit")], "VERSION 1.6.18").await;
    down(&spec, &[hear("version"), say("ERROR")], "receive: version refused: ERROR").await;
    let words = "receive: version refused: CLIENT_ERROR unauthenticated";
    down(&spec, &[hear("version"), say("CLIENT_ERROR unauthenticated")], words).await;
    down(&spec, &[hear("version"), say("version")], "receive: not a valid answer: not memcached: version").await;
}

#[tokio::test]
async fn ssh() {
    let ours = || hear("SSH-2.0-ldirectord-rs");
    for words in ["SSH-2.0-OpenSSH_9.2p1 Debian-2", "SSH-1.99-Cisco-1.25", "SSH-2.0-"] {
        up(&dialogue(Ssh), &[say(words), ours()], words).await;
        up(&dialogue(Ssh), &[say("notice"), say(""), say(words), ours()], words).await;
    }
    let old = "receive: not a valid answer: not SSH 2: SSH-1.5-old";
    down(&dialogue(Ssh), &[say("SSH-1.5-old")], old).await;
    let busy = "receive: service refused: Exceeded MaxStartups";
    down(&dialogue(Ssh), &[say("Exceeded MaxStartups")], busy).await;
    let failure = run(&dialogue(Ssh).receive("dropbear"), &[say("SSH-2.0-OpenSSH")]).await.unwrap_err();
    assert_eq!(failure.to_string(), "match: pattern not found in 15 bytes starting \"SSH-2.0-OpenSSH\"");
}
