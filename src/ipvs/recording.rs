//! A table that notes what is done to another one: every operation with its result, in order. Tests look at the notes;
//! the daemon writes them to a file, one line of JSON each, to show what it did and when.

use super::{Destination, Forward, Operation, Scope, Service, ServiceFlags, Snapshot, Table, TableError, TunnelKind};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Takes the notes.
pub trait Record: Send {
    /// One operation that was applied, with its result.
    fn note(&mut self, operation: &Operation, result: &Result<(), TableError>);
}

/// Passes everything on to another table and has every operation noted.
#[derive(Debug)]
pub struct Recording<T, R> {
    table: T,
    record: R,
}

impl<T: Table, R: Record> Recording<T, R> {
    /// Notes in `record` what is done to `table`.
    pub fn new(table: T, record: R) -> Self {
        Self { table, record }
    }
    /// The table behind.
    pub fn inner_mut(&mut self) -> &mut T {
        &mut self.table
    }
}

impl<T: Table, R: Record> Table for Recording<T, R> {
    fn read(&mut self, scope: &Scope) -> Result<Snapshot, TableError> {
        self.table.read(scope)
    }
    fn apply(&mut self, operations: &[Operation]) -> Result<Vec<Result<(), TableError>>, TableError> {
        let outcome = self.table.apply(operations);
        match &outcome {
            Ok(results) => {
                operations.iter().zip(results).for_each(|(operation, result)| self.record.note(operation, result))
            }
            // Nothing is known about any of them; that is noted for each.
            Err(error) => {
                let unknown = Err(error.clone());
                operations.iter().for_each(|operation| self.record.note(operation, &unknown));
            }
        }
        outcome
    }
}

/// An operation and what came of it.
pub type Note = (Operation, Result<(), TableError>);

/// Notes kept in memory; clones share them, so that one can be looked at while the table is elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Mutex<Vec<Note>>>);

impl Notes {
    /// What was noted since the last call.
    pub fn take(&self) -> Vec<Note> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Record for Notes {
    fn note(&mut self, operation: &Operation, result: &Result<(), TableError>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((operation.clone(), result.clone()));
    }
}

/// Notes written as one line of JSON each. `clock` tells the time since any fixed moment, and never goes back.
pub struct JsonLines<W, C> {
    sink: W,
    clock: C,
}

impl<W: Write + Send, C: FnMut() -> Duration + Send> JsonLines<W, C> {
    /// Writes to `sink`, each line in one piece and at once.
    pub fn new(sink: W, clock: C) -> Self {
        Self { sink, clock }
    }
}

impl<W: Write + Send, C: FnMut() -> Duration + Send> Record for JsonLines<W, C> {
    fn note(&mut self, operation: &Operation, result: &Result<(), TableError>) {
        let mut line = json_line((self.clock)(), operation, result);
        line.push('\n');
        // A recording that cannot be written must not keep the table from being true.
        let _ = self.sink.write_all(line.as_bytes()).and_then(|()| self.sink.flush());
    }
}

/// One operation as a JSON object without a line break:
/// `{"at":1.00025,"operation":"add-destination","service":"tcp:10.0.0.1:80","destination":"10.0.0.2:80","forward":"gate","weight":1,"upper":0,"lower":0,"result":"ok"}`.
/// `at` is in seconds. A refusal has the words as its result, and `errno` where there is one.
pub fn json_line(at: Duration, operation: &Operation, result: &Result<(), TableError>) -> String {
    let mut object = Map::new();
    // Microseconds are enough to order what one thread does.
    let seconds = (at.as_secs_f64() * 1e6).round() / 1e6;
    object.insert("at".into(), json!(seconds));
    object.insert("operation".into(), json!(name(operation)));
    object.insert("service".into(), json!(operation.service().to_string()));
    if let Some(destination) = operation.destination() {
        object.insert("destination".into(), json!(destination.to_string()));
    }
    match operation {
        Operation::AddService(service) | Operation::EditService(service) => describe_service(&mut object, service),
        Operation::AddDestination(_, destination) | Operation::EditDestination(_, destination) => {
            describe_destination(&mut object, destination);
        }
        Operation::DeleteService(_) | Operation::DeleteDestination(..) => {}
    }
    match result {
        Ok(()) => drop(object.insert("result".into(), json!("ok"))),
        Err(error) => {
            if let TableError::Refused { errno, .. } = error {
                object.insert("errno".into(), json!(errno));
            }
            object.insert("result".into(), json!(error.to_string()));
        }
    }
    Value::Object(object).to_string()
}

fn name(operation: &Operation) -> &'static str {
    match operation {
        Operation::AddService(_) => "add-service",
        Operation::EditService(_) => "edit-service",
        Operation::DeleteService(_) => "delete-service",
        Operation::AddDestination(..) => "add-destination",
        Operation::EditDestination(..) => "edit-destination",
        Operation::DeleteDestination(..) => "delete-destination",
    }
}

fn describe_service(object: &mut Map<String, Value>, service: &Service) {
    object.insert("scheduler".into(), json!(service.scheduler));
    object.insert("flags".into(), json!(service.flags.configured()));
    if service.flags.has(ServiceFlags::PERSISTENT) {
        object.insert("persistent".into(), json!(service.timeout));
        object.insert("netmask".into(), json!(service.netmask));
    }
    if let Some(engine) = &service.engine {
        object.insert("engine".into(), json!(engine));
    }
}

fn describe_destination(object: &mut Map<String, Value>, destination: &Destination) {
    object.insert("forward".into(), word(&destination.forward));
    object.insert("weight".into(), json!(destination.weight));
    object.insert("upper".into(), json!(destination.upper));
    object.insert("lower".into(), json!(destination.lower));
    if destination.forward == Forward::Tunnel && destination.tunnel.kind != TunnelKind::Ipip {
        let tunnel = match destination.tunnel.kind {
            TunnelKind::Ipip => "ipip".to_owned(),
            TunnelKind::Gue { port } => format!("gue:{port}"),
            TunnelKind::Gre => "gre".to_owned(),
        };
        object.insert("tunnel".into(), json!(tunnel));
    }
}

fn word(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::super::{DestinationId, MemoryTable, Protocol, ServiceId, Tunnel};
    use super::*;

    fn operations() -> Vec<Operation> {
        let id = ServiceId::Address { protocol: Protocol::Tcp, address: "10.0.0.1".parse().unwrap(), port: 80 };
        let service = Service {
            id,
            scheduler: "wrr".into(),
            flags: ServiceFlags(ServiceFlags::PERSISTENT),
            timeout: 360,
            netmask: 24,
            engine: None,
        };
        let destination = Destination {
            id: DestinationId { address: "10.0.0.2".parse().unwrap(), port: 80 },
            forward: Forward::Gate,
            weight: 5,
            upper: 0,
            lower: 0,
            tunnel: Tunnel::default(),
        };
        vec![
            Operation::AddService(service),
            Operation::AddDestination(id, destination),
            Operation::AddDestination(id, destination),
            Operation::DeleteService(id),
        ]
    }

    #[test]
    fn notes_are_in_order_and_say_what_came_of_it() {
        let notes = Notes::default();
        let mut table = Recording::new(MemoryTable::new(), notes.clone());
        table.apply(&operations()).unwrap();
        let taken = notes.take();
        assert_eq!(taken.iter().map(|(operation, _)| operation.clone()).collect::<Vec<_>>(), operations());
        let good: Vec<bool> = taken.iter().map(|(_, result)| result.is_ok()).collect();
        assert_eq!(good, [true, true, false, true]);
        assert!(notes.take().is_empty());
        assert!(table.read(&Scope::All).unwrap().is_empty());
    }

    #[test]
    fn a_line_of_json_each() {
        let mut lines = Vec::new();
        let mut at = Duration::from_micros(250);
        let clock = move || {
            at += Duration::from_millis(1);
            at
        };
        Recording::new(MemoryTable::new(), JsonLines::new(&mut lines, clock)).apply(&operations()).unwrap();
        let expected = [
            r#"{"at":0.00125,"operation":"add-service","service":"tcp:10.0.0.1:80","scheduler":"wrr","flags":1,"persistent":360,"netmask":24,"result":"ok"}"#,
            r#"{"at":0.00225,"operation":"add-destination","service":"tcp:10.0.0.1:80","destination":"10.0.0.2:80","forward":"gate","weight":5,"upper":0,"lower":0,"result":"ok"}"#,
            r#"{"at":0.00325,"operation":"add-destination","service":"tcp:10.0.0.1:80","destination":"10.0.0.2:80","forward":"gate","weight":5,"upper":0,"lower":0,"errno":17,"result":"tcp:10.0.0.1:80 -> 10.0.0.2:80: destination already exists"}"#,
            r#"{"at":0.00425,"operation":"delete-service","service":"tcp:10.0.0.1:80","result":"ok"}"#,
        ];
        let text = String::from_utf8(lines).unwrap();
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }
}
