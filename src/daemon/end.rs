//! The end: orderly at once on a signal, whatever the checks are doing, or a handover that leaves everything as it is.
#![allow(clippy::disallowed_methods, reason = "the last answer is waited for")]

use super::lock::Phase;
use super::owner::{Owner, Round};
use super::pidfile;
use super::writer::Reply;
use crate::report::mail::State;
use serde_json::json;
use std::time::Duration;

/// How long the table may take for what the end still asks of it.
const PATIENCE: Duration = Duration::from_secs(8);

impl Owner {
    /// On a terminating signal: cleanstop's removals, the last words, the files.
    pub(super) async fn end(mut self, signal: &str) -> u8 {
        self.set_phase(Phase::Stopping);
        self.state = State::Stopping;
        self.pool.abort();
        self.executed.stop().await;
        if tokio::time::timeout(PATIENCE, self.clean()).await.is_err() {
            tracing::info!("The IPVS table did not answer within {} s, it is left as it is", PATIENCE.as_secs());
        }
        self.report();
        tracing::info!("Linux Director Daemon terminated on signal: {signal}");
        if self.facts.pid_file {
            pidfile::remove(&self.facts.paths);
        }
        self.tell.flush().await;
        self.log.flush();
        0
    }

    /// Another instance takes over: the table and the pid file stay for it.
    pub(super) async fn hand_over(mut self) -> u8 {
        self.set_phase(Phase::Stopping);
        self.pool.abort();
        // What is being written becomes acknowledged, nothing new is begun.
        if !matches!(self.round, Round::Idle) {
            let _reply = tokio::time::timeout(PATIENCE, self.writer.reply()).await;
        }
        self.report();
        tracing::info!("Linux Director Daemon hands over to a new instance, the table stays as it is");
        self.tell.flush().await;
        self.log.flush();
        self.control = None;
        if let Some(request) = self.handover.take() {
            let services: Vec<String> = self.director.legacy().iter().map(ToString::to_string).collect();
            let _gone = request.answer.send(json!({
                "ok": true,
                "pid": std::process::id(),
                "services": services,
                "execute": self.director.config().globals.execute,
            }));
            // The answer is on its way through the client's task.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        0
    }

    async fn clean(&mut self) {
        if !matches!(self.round, Round::Idle) {
            match self.writer.reply().await {
                Some(reply @ Reply::Applied(_)) => self.replied(reply),
                Some(_) => self.round = Round::Idle,
                None => return,
            }
        }
        self.writer.read(self.everything());
        let Some(Reply::Read(observed)) = self.writer.reply().await else { return };
        let observed = match observed {
            Ok(observed) => observed,
            Err(error) => {
                tracing::info!("The IPVS table could not be read: {error}");
                return;
            }
        };
        let planned = self.director.stop(&observed);
        if planned.is_empty() {
            return;
        }
        self.writer.apply(planned.iter().map(|planned| planned.operation.clone()).collect());
        if let Some(Reply::Applied(results)) = self.writer.reply().await {
            let now = self.now();
            self.director.written(&planned, results, now);
        }
    }
}
