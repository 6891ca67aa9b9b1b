//! The one thread that owns the table. Netlink handlers run inside sendmsg and may load modules, so nothing else waits for it:
//! requests go in over a channel, replies come back to the owner.
#![allow(clippy::disallowed_methods, reason = "the table has a thread of its own")]

use crate::ipvs::{Operation, Scope, Snapshot, Table, TableError};
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{mpsc, oneshot};

/// Opens a table; called again when the socket failed.
pub type Open = Box<dyn FnMut() -> Result<Box<dyn Table>, TableError> + Send>;

/// The results of an applied list of operations, in its order; `Err` when nothing can be said about any of them.
pub type Results = Result<Vec<Result<(), TableError>>, TableError>;

/// What the owner asks for.
enum Request {
    Read(Scope),
    Apply(Vec<Operation>),
    /// A look at everything for somebody else than the owner.
    Look(oneshot::Sender<Result<Snapshot, TableError>>),
}

/// What comes back, one for each [`Writer::read`] and [`Writer::apply`].
#[derive(Debug)]
pub enum Reply {
    /// What was read.
    Read(Result<Snapshot, TableError>),
    /// What came of the operations.
    Applied(Results),
}

/// The owner's end.
#[derive(Debug)]
pub struct Writer {
    requests: Sender<Request>,
    replies: mpsc::UnboundedReceiver<Reply>,
}

/// Somebody else's end: may look, not write.
#[derive(Clone, Debug)]
pub struct Viewer(Sender<Request>);

impl Writer {
    /// Starts the thread with an open table.
    pub fn start(table: Box<dyn Table>, open: Open) -> std::io::Result<Self> {
        let (requests, receiver) = channel();
        let (sender, replies) = mpsc::unbounded_channel();
        let worker = Worker { table: Some(table), open };
        std::thread::Builder::new().name("writer".into()).spawn(move || worker.run(&receiver, &sender))?;
        Ok(Self { requests, replies })
    }

    /// Asks for a part of the table.
    pub fn read(&self, scope: Scope) {
        // A dead thread shows in `reply`.
        let _dead = self.requests.send(Request::Read(scope));
    }

    /// Asks for operations to be applied in order.
    pub fn apply(&self, operations: Vec<Operation>) {
        let _dead = self.requests.send(Request::Apply(operations));
    }

    /// The next reply; nothing when the thread has died (it panicked): the process must end then.
    pub async fn reply(&mut self) -> Option<Reply> {
        self.replies.recv().await
    }

    /// An end for looking.
    pub fn viewer(&self) -> Viewer {
        Viewer(self.requests.clone())
    }
}

impl Viewer {
    /// The whole table as it is now.
    pub async fn look(&self) -> Result<Snapshot, TableError> {
        let (sender, receiver) = oneshot::channel();
        let gone = || TableError::Transport("the writer has ended".into());
        self.0.send(Request::Look(sender)).map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?
    }
}

struct Worker {
    /// Unset after its socket failed.
    table: Option<Box<dyn Table>>,
    open: Open,
}

impl Worker {
    fn run(mut self, requests: &Receiver<Request>, replies: &mpsc::UnboundedSender<Reply>) {
        while let Ok(request) = requests.recv() {
            let reply = match request {
                Request::Read(scope) => Reply::Read(self.with(|table| table.read(&scope))),
                Request::Apply(operations) => Reply::Applied(self.with(|table| table.apply(&operations))),
                Request::Look(sender) => {
                    let _gone = sender.send(self.with(|table| table.read(&Scope::All)));
                    continue;
                }
            };
            if replies.send(reply).is_err() {
                return;
            }
        }
    }

    /// Uses the table, opened anew where its socket failed before. After a failure of the transport (ENOBUFS among them) nothing
    /// is known about it: the socket is given up, and the owner reads again before it writes again.
    fn with<T>(&mut self, mut what: impl FnMut(&mut dyn Table) -> Result<T, TableError>) -> Result<T, TableError> {
        let mut table = match self.table.take() {
            Some(table) => table,
            None => (self.open)()?,
        };
        let result = what(table.as_mut());
        if !matches!(result, Err(TableError::Transport(_))) {
            self.table = Some(table);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipvs::{MemoryTable, Protocol, Service, ServiceFlags, ServiceId};

    fn service(port: u16) -> Service {
        Service {
            id: ServiceId::Address { protocol: Protocol::Tcp, address: [10, 0, 0, 1].into(), port },
            scheduler: "wrr".into(),
            flags: ServiceFlags::default(),
            timeout: 0,
            netmask: 32,
            engine: None,
        }
    }

    /// Fails its first use as a socket does.
    struct Broken;

    impl Table for Broken {
        fn read(&mut self, _scope: &Scope) -> Result<Snapshot, TableError> {
            Err(TableError::Transport("ENOBUFS".into()))
        }
        fn apply(&mut self, _operations: &[Operation]) -> Results {
            Err(TableError::Transport("ENOBUFS".into()))
        }
    }

    struct Panics;

    impl Table for Panics {
        fn read(&mut self, _scope: &Scope) -> Result<Snapshot, TableError> {
            panic!("a defect")
        }
        fn apply(&mut self, _operations: &[Operation]) -> Results {
            panic!("a defect")
        }
    }

    #[tokio::test]
    async fn replies_come_in_order_and_others_may_look() {
        let open: Open = Box::new(|| Err(TableError::Missing("not needed".into())));
        let mut writer = Writer::start(Box::new(MemoryTable::new()), open).unwrap();
        writer.apply(vec![Operation::AddService(service(80)), Operation::AddService(service(80))]);
        writer.read(Scope::All);
        let Some(Reply::Applied(Ok(results))) = writer.reply().await else { panic!("no results") };
        assert!(results[0].is_ok() && results[1].is_err());
        let Some(Reply::Read(Ok(snapshot))) = writer.reply().await else { panic!("nothing read") };
        assert_eq!(snapshot.len(), 1);
        assert_eq!(writer.viewer().look().await.unwrap(), snapshot);
    }

    #[tokio::test]
    async fn a_failed_socket_is_told_and_opened_anew() {
        let open: Open = Box::new(|| Ok(Box::new(MemoryTable::new())));
        let mut writer = Writer::start(Box::new(Broken), open).unwrap();
        writer.read(Scope::All);
        writer.read(Scope::All);
        assert!(matches!(writer.reply().await, Some(Reply::Read(Err(TableError::Transport(_))))));
        assert!(matches!(writer.reply().await, Some(Reply::Read(Ok(_)))));
    }

    #[tokio::test]
    async fn a_dead_writer_shows() {
        let open: Open = Box::new(|| Ok(Box::new(MemoryTable::new())));
        let mut writer = Writer::start(Box::new(Panics), open).unwrap();
        let viewer = writer.viewer();
        writer.read(Scope::All);
        assert!(writer.reply().await.is_none());
        assert!(viewer.look().await.is_err());
    }
}
