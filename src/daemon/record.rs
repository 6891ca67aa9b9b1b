//! A record of every write with its time, one JSON line an operation, where `LDIRECTORD_RECORD` names a file: the proof that no
//! real server loses or gains weight for a moment when it must not.
#![allow(clippy::disallowed_methods, reason = "the record is a file")]

use super::writer::Results;
use crate::ipvs::{Destination, Operation, Service};
use crate::report::clock;
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::Write;

/// Where writes are recorded; nowhere by default.
#[derive(Debug)]
pub struct Recorder(Option<File>);

impl Recorder {
    /// To the file that the environment names, appended.
    pub fn from_environment() -> Self {
        let path = std::env::var_os("LDIRECTORD_RECORD").filter(|path| !path.is_empty());
        Self(path.and_then(|path| OpenOptions::new().create(true).append(true).open(path).ok()))
    }

    /// Nowhere.
    pub fn none() -> Self {
        Self(None)
    }

    /// Records a batch with its results.
    pub fn record(&mut self, operations: &[Operation], results: &Results) {
        let Some(file) = &mut self.0 else { return };
        let time = clock::seconds(clock::now());
        let mut text = String::new();
        for (position, operation) in operations.iter().enumerate() {
            let result = match results {
                Ok(results) => results.get(position).map(|result| result.as_ref().map_err(ToString::to_string)),
                Err(error) => Some(Err(error.to_string())),
            };
            let mut line = json!({ "time": time, "pid": std::process::id() });
            line["result"] = match result {
                Some(Ok(())) => "ok".into(),
                Some(Err(words)) => words.into(),
                None => Value::Null,
            };
            describe(operation, &mut line);
            text.push_str(&line.to_string());
            text.push('\n');
        }
        // A record that cannot be written must not stop the director.
        let _ignored = file.write_all(text.as_bytes());
    }
}

fn describe(operation: &Operation, line: &mut Value) {
    line["service"] = operation.service().to_string().into();
    line["destination"] = operation.destination().map_or(Value::Null, |id| id.to_string().into());
    let word = match operation {
        Operation::AddService(_) => "add-service",
        Operation::EditService(_) => "edit-service",
        Operation::DeleteService(_) => "delete-service",
        Operation::AddDestination(..) => "add-destination",
        Operation::EditDestination(..) => "edit-destination",
        Operation::DeleteDestination(..) => "delete-destination",
    };
    line["operation"] = word.into();
    match operation {
        Operation::AddService(service) | Operation::EditService(service) => of_service(service, line),
        Operation::AddDestination(_, destination) | Operation::EditDestination(_, destination) => {
            of_destination(destination, line);
        }
        _ => {}
    }
}

fn of_service(service: &Service, line: &mut Value) {
    line["scheduler"] = service.scheduler.as_str().into();
    line["flags"] = service.flags.configured().into();
    line["timeout"] = service.timeout.into();
}

fn of_destination(destination: &Destination, line: &mut Value) {
    line["weight"] = destination.weight.into();
    line["forward"] = json!(destination.forward);
    line["upper"] = destination.upper.into();
    line["lower"] = destination.lower.into();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipvs::{DestinationId, Forward, Protocol, ServiceId, TableError, Tunnel};

    #[test]
    fn one_line_an_operation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record");
        let file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        let service = ServiceId::Address { protocol: Protocol::Tcp, address: [10, 0, 0, 1].into(), port: 80 };
        let destination = Destination {
            id: DestinationId { address: [10, 0, 0, 2].into(), port: 80 },
            forward: Forward::Masquerade,
            weight: 5,
            upper: 0,
            lower: 0,
            tunnel: Tunnel::default(),
        };
        let operations = [Operation::EditDestination(service, destination), Operation::DeleteService(service)];
        let refused =
            TableError::Refused { service, destination: None, errno: 2, words: "no such service".into() };
        Recorder(Some(file)).record(&operations, &Ok(vec![Ok(()), Err(refused)]));
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["operation"], "edit-destination");
        assert_eq!((&lines[0]["weight"], &lines[0]["result"]), (&json!(5), &json!("ok")));
        assert_eq!(lines[0]["destination"], "10.0.0.2:80");
        assert!(lines[0]["time"].as_f64().unwrap() > 1e9);
        assert_eq!(lines[1]["result"], "tcp:10.0.0.1:80: no such service");
        Recorder::none().record(&operations, &Ok(Vec::new()));
    }
}
