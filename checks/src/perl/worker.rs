//! One perl that keeps a script compiled. A task of its own speaks with it: hands out runs, and fans their ends out.
#![allow(clippy::disallowed_methods, reason = "running perl, and the task that speaks with it")]

use super::frames::{Answer, frame, next};
use crate::programs::{Group, MARK, mark, sweep};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot, watch};

const DRIVER: &str = include_str!("worker.pl");
/// A worker that nobody asks for so long is ended.
const IDLE: Duration = Duration::from_secs(15 * 60);
/// How long an ended worker may take to end its runs and itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// How far a worker is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    /// It compiles.
    Starting,
    /// Runs may be asked for.
    Ready,
    /// The script does not compile: why. The worker has ended.
    Broken(String),
    /// The worker has ended.
    Gone,
}

/// How a run ended.
#[derive(Debug)]
pub(super) enum End {
    /// As a program does, with its last line.
    Ended(ExitStatus, String),
    /// It could not be started.
    Failed(String),
}

enum Order {
    Run { call: u64, mark: String, request: Vec<u8>, reply: oneshot::Sender<End> },
    Kill(u64),
}

/// A running worker. Dropped, it is ended, with every run that is under way.
#[derive(Debug)]
pub(super) struct Worker {
    orders: mpsc::UnboundedSender<Order>,
    state: watch::Sender<State>,
    calls: AtomicU64,
}

impl Worker {
    /// Starts perl, inside a runtime. While it starts somebody must follow its state, or it is ended.
    pub(super) fn start(script: &str) -> io::Result<(Arc<Self>, watch::Receiver<State>)> {
        let mark = mark();
        let mut child = Command::new("perl")
            .args(["-e", DRIVER, script])
            .env(MARK, &mark)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("no pipe to perl"));
        };
        let (orders, waiting) = mpsc::unbounded_channel();
        let (state, following) = watch::channel(State::Starting);
        let compiling = Some(Group::new(child.id(), mark.clone()));
        let speaker = Speaker { mark, state: state.clone(), calls: HashMap::new(), outgoing: Vec::new(), compiling };
        tokio::spawn(speaker.speak(child, requests, answers, waiting));
        Ok((Arc::new(Self { orders, state, calls: AtomicU64::new(1) }), following))
    }

    /// Follows its state.
    pub(super) fn state(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Whether it can be asked, now or as soon as it has compiled.
    pub(super) fn is_of_use(&self) -> bool {
        !self.orders.is_closed() && matches!(*self.state.borrow(), State::Starting | State::Ready)
    }

    /// Runs the script once. Dropped before its end, that run is killed with its process group. Nothing where the worker ended.
    pub(super) async fn run(&self, checkport: u16, arguments: &[String]) -> Option<End> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let (number, port, mark) = (call.to_string(), checkport.to_string(), mark());
        let fields = ["run", &number, &port, &mark].into_iter().chain(arguments.iter().map(String::as_str));
        let request = frame(fields);
        let (reply, end) = oneshot::channel();
        self.orders.send(Order::Run { call, mark, request, reply }).ok()?;
        let mut run = Run { call, orders: &self.orders, ended: false };
        let end = end.await.ok();
        run.ended = true;
        end
    }
}

/// A run under way.
struct Run<'a> {
    call: u64,
    orders: &'a mpsc::UnboundedSender<Order>,
    ended: bool,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if !self.ended {
            // It fails only where the worker has ended.
            let _ = self.orders.send(Order::Kill(self.call));
        }
    }
}

/// The task's side.
struct Speaker {
    /// In the environment of perl, and of its forks as long as they execute nothing else.
    mark: String,
    state: watch::Sender<State>,
    /// Runs under way, with the mark of whatever they execute.
    calls: HashMap<u64, (String, oneshot::Sender<End>)>,
    /// Requests that perl has not taken yet.
    outgoing: Vec<u8>,
    /// While it compiles anything may hang there: all of it is killed where that is given up.
    compiling: Option<Group>,
}

impl Speaker {
    async fn speak(
        mut self,
        child: Child,
        mut requests: ChildStdin,
        mut answers: ChildStdout,
        mut orders: mpsc::UnboundedReceiver<Order>,
    ) {
        let mut received = Vec::new();
        let following = self.state.clone();
        loop {
            let compiled = self.compiling.is_none();
            tokio::select! {
                biased;
                read = answers.read_buf(&mut received) => {
                    if !matches!(read, Ok(1..)) || !self.take(&mut received) {
                        break;
                    }
                }
                // Both directions at once: perl may be writing what nobody reads yet.
                written = requests.write(&self.outgoing), if !self.outgoing.is_empty() => match written {
                    Ok(count) => drop(self.outgoing.drain(..count)),
                    Err(_) => break,
                },
                order = orders.recv() => match order {
                    Some(order) => self.order(order),
                    None => break,
                },
                () = following.closed(), if !compiled => break,
                () = tokio::time::sleep(IDLE), if compiled && self.calls.is_empty() => break,
            }
        }
        self.finish(child, requests, orders).await;
    }

    /// Ends perl, which ends what it runs; whoever waits for that learns it from the end of his channel.
    async fn finish(mut self, mut child: Child, requests: ChildStdin, mut orders: mpsc::UnboundedReceiver<Order>) {
        orders.close();
        let marks: Vec<String> = self.calls.drain().map(|(_, (mark, _))| mark).collect();
        self.state.send_if_modified(|state| {
            let ended = !matches!(state, State::Broken(_));
            if ended {
                *state = State::Gone;
            }
            ended
        });
        drop(self.compiling.take());
        drop(requests);
        if tokio::time::timeout(PATIENCE, child.wait()).await.is_err()
            && let Some(leader) = child.id().and_then(|leader| i32::try_from(leader).ok())
        {
            let _ = killpg(Pid::from_raw(leader), Signal::SIGKILL);
            let _ = child.wait().await;
        }
        // Where perl itself was killed, its forks were not.
        marks.into_iter().chain([self.mark]).for_each(sweep);
    }

    /// Answers that are there; false where one makes no sense, or was the last.
    fn take(&mut self, received: &mut Vec<u8>) -> bool {
        loop {
            match next(received) {
                Ok(None) => return true,
                Err(()) => return false,
                Ok(Some(Answer::Ready)) => {
                    if let Some(mut group) = self.compiling.take() {
                        group.ended();
                    }
                    self.state.send_replace(State::Ready);
                }
                Ok(Some(Answer::Broken(words))) => {
                    self.state.send_replace(State::Broken(words));
                    return false;
                }
                Ok(Some(Answer::Failed(call, words))) => self.end(call, End::Failed(words)),
                Ok(Some(Answer::Ended(call, status, words))) => self.end(call, End::Ended(status, words)),
            }
        }
    }

    fn end(&mut self, call: u64, end: End) {
        if let Some((_, reply)) = self.calls.remove(&call) {
            // Whoever asked may have gone.
            let _ = reply.send(end);
        }
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Run { call, mark, request, reply } => {
                self.calls.insert(call, (mark, reply));
                self.outgoing.extend(request);
            }
            Order::Kill(call) => {
                if let Some((mark, _)) = self.calls.remove(&call) {
                    self.outgoing.extend(frame(["kill", &call.to_string()]));
                    sweep(mark);
                }
            }
        }
    }
}
