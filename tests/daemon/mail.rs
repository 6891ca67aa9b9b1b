//! E-mail alerts, taken by a small mail server that can also misbehave.

use super::harness::{Mood, Site, Web, until};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A mail as it was taken: recipients of the envelope, text.
type Mail = (Vec<String>, String);

struct Server {
    port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
    /// Says 421 to everybody.
    busy: Arc<AtomicBool>,
    refused: Arc<AtomicBool>,
}

impl Server {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            mails: Arc::default(),
            busy: Arc::default(),
            refused: Arc::default(),
        };
        let (mails, busy, refused) = (server.mails.clone(), server.busy.clone(), server.refused.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if busy.load(Ordering::SeqCst) {
                    let _gone = (&stream).write_all(b"421 too busy\r\n");
                    refused.store(true, Ordering::SeqCst);
                    continue;
                }
                let mails = mails.clone();
                std::thread::spawn(move || take(stream, &mails));
            }
        });
        server
    }
    fn taken(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }
    /// Waits for a mail to this recipient with this text.
    fn wait_for(&self, recipient: &str, text: &str) -> String {
        let found = || {
            let mut mails = self.taken().into_iter();
            mails.find(|(to, body)| *to == [format!("RCPT TO:<{recipient}>")] && body.contains(text))
        };
        until(&format!("a mail to {recipient} with {text}"), || found().is_some());
        found().unwrap().1
    }
}

fn take(stream: TcpStream, mails: &Mutex<Vec<Mail>>) -> Option<()> {
    let mut answer = stream.try_clone().ok()?;
    let mut lines = BufReader::new(stream).lines();
    let mut say = move |words: &str| answer.write_all(format!("{words}\r\n").as_bytes()).ok();
    say("220 mail.test")?;
    let (mut to, mut text) = (Vec::new(), String::new());
    while let Some(Ok(line)) = lines.next() {
        match line.split([' ', ':']).next().unwrap_or_default() {
            "RCPT" if line.contains("nobody@") => say("550 no such user")?,
            "RCPT" => {
                to.push(line);
                say("250 ok")?;
            }
            "DATA" => {
                say("354 go on")?;
                for line in lines.by_ref() {
                    let line = line.ok()?;
                    if line == "." {
                        break;
                    }
                    text.push_str(&line);
                    text.push('\n');
                }
                mails.lock().unwrap().push((std::mem::take(&mut to), std::mem::take(&mut text)));
                say("250 taken")?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 ok")?,
        }
    }
    Some(())
}

#[test]
fn changes_are_mailed_once_to_each_recipient() {
    let server = Server::new();
    let (one, two) = (Web::new(Mood::Good), Web::new(Mood::Good));
    let site = Site::new("", &[]);
    let globals = format!(
        "emailalert=\"nobody@x.test, a@x.test, b@y.test\"\nemailalertfrom=\"Alerts\" <from@x.test>\nsmtp=127.0.0.1:{}\n",
        server.port
    );
    site.configure(&globals, &[(one.at, 1), (two.at, 1)]);
    site.start();
    let start = server.wait_for("a@x.test", "Daemon-Status: starting");
    for real in [&one, &two] {
        assert_eq!(start.matches(&format!("Log-Message: Added real server: {}:8080", real.at)).count(), 1, "{start}");
    }
    assert!(
        start.contains("From: Alerts <from@x.test>\n") || start.contains("From: \"Alerts\" <from@x.test>\n"),
        "{start}"
    );
    assert_eq!(server.wait_for("b@y.test", "Daemon-Status: starting"), start, "the same mail");
    until("the refused recipient is told", || site.log().contains("refuses nobody@x.test"));
    one.set(Mood::Wrong);
    let down = server.wait_for("a@x.test", "Daemon-Status: running");
    let words = format!("Deleted real server: {}:8080 (10.1.2.3:8080)", one.at);
    assert!(down.contains(&format!("Subject: {words}\n")), "{down}");
    assert!(site.log().contains(&format!("emailalert: {words}\n")));
    server.wait_for("b@y.test", "Daemon-Status: running");
    let mails = server.taken().len();
    site.run(&["a.cf", "stop"]).expect(0, "", "");
    let stop = server.wait_for("a@x.test", "Daemon-Status: stopping");
    assert!(stop.contains(&format!("Purged real server (stop): {}:8080", two.at)), "{stop}");
    assert_eq!(server.taken().len(), mails + 2, "the mails of the stop are the only ones since");
}

#[test]
fn a_mail_server_that_is_busy_gets_the_mail_later() {
    let server = Server::new();
    server.busy.store(true, Ordering::SeqCst);
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[]);
    site.configure(&format!("emailalert=a@x.test\nsmtp=127.0.0.1:{}\n", server.port), &[(web.at, 1)]);
    site.start();
    until("an attempt", || server.refused.load(Ordering::SeqCst));
    until("which is told", || site.log().contains("failed to send SMTP email message, trying again"));
    web.set(Mood::Wrong);
    until("checks go on", || site.log().contains("Deleted real server"));
    server.busy.store(false, Ordering::SeqCst);
    server.wait_for("a@x.test", "Added real server");
    server.wait_for("a@x.test", "Deleted real server");
    until("which is told too", || site.log().contains("email alerts are delivered again"));
    assert_eq!(server.taken().len(), 2);
}

#[test]
fn who_is_still_down_is_said_again() {
    let server = Server::new();
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[]);
    let globals = format!("emailalert=a@x.test\nemailalertfreq=1\nsmtp=127.0.0.1:{}\n", server.port);
    site.configure(&globals, &[(web.at, 1)]);
    site.start();
    web.set(Mood::Wrong);
    let words = format!("Inaccessible real server: {}:8080 (10.1.2.3:8080)", web.at);
    until("twice", || {
        server.taken().iter().map(|(_, text)| text.matches(&format!("Log-Message: {words}\n")).count()).sum::<usize>()
            >= 2
    });
    web.set(Mood::Good);
    until("up again", || site.log().matches("emailalert: Added real server").count() == 2);
    let told = site.log().matches("Inaccessible").count();
    site.run(&["a.cf", "stop"]).expect(0, "", "");
    assert_eq!(site.log().matches("Inaccessible").count(), told, "not after it came back");
}
