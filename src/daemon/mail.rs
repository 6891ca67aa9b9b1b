//! Delivers e-mail alerts: what happens within a moment is one mail, each mail server has a queue and a task of its own, and what
//! it does not take now is tried again. Nobody waits for a mail but the end of the daemon, and that not for long.
#![allow(clippy::disallowed_methods, reason = "mail is sent here")]

mod deliver;

use crate::report::mail::{Alert, Letter, letters};
use deliver::{Undelivered, deliver};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

/// What happens within this time is told together.
const MOMENT: Duration = Duration::from_secs(1);
/// Alerts of one moment that are kept.
const ALERTS: usize = 20_000;
/// Mails that wait for one mail server.
const LETTERS: usize = 256;
/// Seconds between two attempts, the last ones again and again.
const PAUSES: [u64; 5] = [5, 15, 60, 120, 300];
/// Attempts until a mail is given up: about four hours.
const ATTEMPTS: usize = 50;
/// How long the end of the daemon waits for mails.
const LAST: Duration = Duration::from_secs(5);

enum Message {
    Alert(Box<Alert>),
    /// Send what there is at once, and say when it is gone.
    Close(oneshot::Sender<()>),
}

/// A handle to the mailer.
#[derive(Debug)]
pub(super) struct Mailer(mpsc::UnboundedSender<Message>);

impl Mailer {
    /// Starts it. Must run inside a runtime.
    pub(super) fn start(hostname: String) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let pending = Arc::new(Pending::default());
        tokio::task::spawn(gather(receiver, hostname, pending));
        Self(sender)
    }

    /// Sends an alert soon.
    pub(super) fn alert(&self, alert: Alert) {
        // The mailer takes it at once, whatever its mail servers do; it ends with this handle only.
        let _ended = self.0.send(Message::Alert(Box::new(alert)));
    }

    /// Waits a bounded time until everything is delivered.
    pub(super) async fn close(&self) {
        let (done, wait) = oneshot::channel();
        if self.0.send(Message::Close(done)).is_ok() && timeout(LAST, wait).await.is_err() {
            tracing::info!("failed to send email alerts within {} s, they are given up", LAST.as_secs());
        }
    }
}

/// Mails that are under way.
#[derive(Debug, Default)]
struct Pending {
    count: AtomicUsize,
    changed: Notify,
}

impl Pending {
    fn done(&self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
        self.changed.notify_waiters();
    }
    async fn none(&self) {
        loop {
            let changed = self.changed.notified();
            if self.count.load(Ordering::SeqCst) == 0 {
                return;
            }
            changed.await;
        }
    }
}

/// Gathers the alerts of a moment and hands their mails to the mail servers' tasks.
async fn gather(mut messages: mpsc::UnboundedReceiver<Message>, hostname: String, pending: Arc<Pending>) {
    let mut alerts: Vec<Alert> = Vec::new();
    let mut until: Option<Instant> = None;
    let mut servers = HashMap::new();
    loop {
        let message = match until {
            Some(at) => tokio::select! {
                message = messages.recv() => message,
                () = sleep_until(at) => {
                    post(&std::mem::take(&mut alerts), &hostname, &mut servers, &pending);
                    until = None;
                    continue;
                }
            },
            None => messages.recv().await,
        };
        match message {
            Some(Message::Alert(alert)) => {
                if alerts.len() < ALERTS {
                    alerts.push(*alert);
                } else {
                    tracing::debug!("email alert left out, there are {ALERTS} of this moment: {}", alert.message());
                }
                until.get_or_insert_with(|| Instant::now() + MOMENT);
            }
            Some(Message::Close(done)) => {
                post(&std::mem::take(&mut alerts), &hostname, &mut servers, &pending);
                until = None;
                let pending = pending.clone();
                tokio::task::spawn(async move {
                    pending.none().await;
                    let _gone = done.send(());
                });
            }
            None => return,
        }
    }
}

type Servers = HashMap<Option<String>, mpsc::Sender<Letter>>;

fn post(alerts: &[Alert], hostname: &str, servers: &mut Servers, pending: &Arc<Pending>) {
    for letter in letters(alerts, hostname) {
        let queue = servers.entry(letter.smtp.clone()).or_insert_with(|| {
            let (sender, receiver) = mpsc::channel(LETTERS);
            tokio::task::spawn(serve(receiver, hostname.to_owned(), pending.clone()));
            sender
        });
        pending.count.fetch_add(1, Ordering::SeqCst);
        if let Err(error) = queue.try_send(letter) {
            let letter = error.into_inner();
            tracing::info!("email alert given up, {LETTERS} wait already: {}", letter.subject);
            pending.done();
        }
    }
}

/// Delivers the mails for one server, one after the other, in order.
async fn serve(mut queue: mpsc::Receiver<Letter>, hostname: String, pending: Arc<Pending>) {
    let mut failing = false;
    while let Some(mut letter) = queue.recv().await {
        for attempt in 0..ATTEMPTS {
            match deliver(&letter, &hostname).await {
                Ok(()) => {
                    if std::mem::take(&mut failing) {
                        tracing::info!("email alerts are delivered again");
                    }
                    break;
                }
                Err(Undelivered { to, words, again }) => {
                    let method = if letter.smtp.is_some() { "SMTP email" } else { "email" };
                    if !again {
                        tracing::info!("failed to send {method} message: {words}");
                        break;
                    }
                    // Told once for a server, not at every attempt.
                    if !std::mem::replace(&mut failing, true) {
                        tracing::info!("failed to send {method} message, trying again: {words}");
                    }
                    letter.to = to;
                    if attempt + 1 == ATTEMPTS {
                        tracing::info!("email alert given up after {ATTEMPTS} attempts: {}", letter.subject);
                    } else {
                        let [.., longest] = PAUSES;
                        let pause = PAUSES.get(attempt).copied().unwrap_or(longest);
                        tokio::time::sleep(Duration::from_secs(pause)).await;
                    }
                }
            }
        }
        pending.done();
    }
}
