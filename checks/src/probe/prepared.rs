//! A spec made ready for one target: what it asks, together with what is the same for every run.

use crate::conversation::Secure;
use crate::net::Progress;
use crate::spec::{
    Dialogue, Dns, External, ExternalKind, Grpc, Http, Ldap, Mqtt, Oracle, Radius, SimpleTcp, Sip, Sql, SqlKind, Tftp,
};
use crate::trace::Tap;
use crate::{Failure, Reason, Spec, Success, Target};
use crate::{connect, dialogue, dns, external, grpc, http, ldap, mon, mqtt, mysql, ntp, perl, pgsql, ping, programs};
use crate::{oracle, radius, reach, simpletcp, sip, tftp, tls};
use std::sync::Arc;
use std::time::Duration;

/// What is asked. TLS stands beside those that may need it.
#[derive(Debug)]
pub(super) enum Prepared {
    Connect,
    Ping(u32),
    /// With what is remembered of the last time.
    Reach(u32, reach::Memory),
    Http(Box<(Http, http::Prepared)>),
    Dialogue(Box<Dialogue>, dialogue::Prepared),
    Sip(Sip, Option<Secure>),
    SimpleTcp(SimpleTcp, Option<Secure>),
    Program(External),
    /// With the script that is kept compiled for all who ask it.
    Script(External, Arc<perl::Script>),
    /// Which asks about many hosts at once.
    Monitor(Arc<mon::Monitor>),
    Dns(Dns),
    Radius(Radius),
    Oracle(Oracle),
    Tftp(Tftp),
    Ntp(crate::Ntp),
    Grpc(Box<Grpc>, Option<Secure>),
    Mqtt(Mqtt, Option<Secure>),
    Ldap(Ldap, Option<Secure>),
    Sql(Sql, Option<Secure>),
}

/// What a check by a program waits for before its time begins.
pub(super) enum Turn {
    /// Nothing: it is none.
    Free,
    /// Room for a program, kept until its end.
    Place(#[allow(dead_code, reason = "held, not looked at")] programs::Place),
    /// A place in the process of a monitor.
    Seat(mon::Seat),
}

impl Prepared {
    pub(super) fn new(spec: Spec, target: Target) -> Result<Self, Reason> {
        let http2 = matches!(spec, Spec::Grpc(_));
        let secure = match spec.tls() {
            Some(setting) => Some(Secure { config: tls::config(setting, http2)?, name: setting.name.clone() }),
            None => None,
        };
        Ok(match spec {
            Spec::Connect => Self::Connect,
            Spec::Ping { attempts } => Self::Ping(attempts),
            Spec::Reach { attempts } => Self::Reach(attempts, reach::Memory::default()),
            Spec::Http(http) => {
                let prepared = http::Prepared::new(&http, target)?;
                Self::Http(Box::new((*http, prepared)))
            }
            Spec::Dialogue(dialogue) => {
                let prepared = dialogue::Prepared::new(&dialogue)?;
                Self::Dialogue(dialogue, prepared)
            }
            Spec::Sip(sip) => Self::Sip(sip, secure),
            Spec::SimpleTcp(simpletcp) => Self::SimpleTcp(simpletcp, secure),
            Spec::External(external) => match external.kind {
                ExternalKind::Program => Self::Program(external),
                ExternalKind::Perl => {
                    let script = perl::Script::of(&external);
                    Self::Script(external, script)
                }
            },
            Spec::Mon(mon) => Self::Monitor(mon::Monitor::of(&mon)),
            Spec::Dns(dns) => Self::Dns(dns),
            Spec::Radius(radius) => Self::Radius(radius),
            Spec::Oracle(oracle) => Self::Oracle(oracle),
            Spec::Tftp(tftp) => Self::Tftp(tftp),
            Spec::Ntp(ntp) => Self::Ntp(ntp),
            Spec::Grpc(grpc) => Self::Grpc(grpc, secure),
            Spec::Mqtt(mqtt) => Self::Mqtt(mqtt, secure),
            Spec::Ldap(ldap) => Self::Ldap(ldap, secure),
            Spec::Sql(sql) => Self::Sql(sql, secure),
        })
    }

    /// Whether it waits for its turn.
    pub(super) fn takes_turns(&self) -> bool {
        matches!(self, Self::Program(_) | Self::Script(..) | Self::Monitor(_))
    }
    /// Waits for it.
    pub(super) async fn turn(&self, target: Target, deadline: Duration, tap: Option<&Tap>) -> Turn {
        match self {
            Self::Monitor(monitor) => Turn::Seat(monitor.seat(target.address, deadline, tap).await),
            Self::Program(_) | Self::Script(..) => Turn::Place(programs::place().await),
            _ => Turn::Free,
        }
    }

    /// Asks once. Boxed: a check in flight holds what its own protocol needs, not what the largest of them would.
    pub(super) async fn ask(
        &self,
        turn: Turn,
        target: Target,
        deadline: Duration,
        progress: &mut Progress,
    ) -> Result<Success, Failure> {
        match self {
            Self::Connect => connect::run(target, progress).await,
            Self::Ping(attempts) => Box::pin(ping::run(*attempts, target, deadline, progress)).await,
            Self::Reach(attempts, memory) => Box::pin(reach::run(*attempts, memory, target, deadline, progress)).await,
            Self::Http(pair) => Box::pin(pair.1.run(&pair.0, target, progress)).await,
            Self::Dialogue(spec, prepared) => Box::pin(prepared.run(spec, target, deadline, progress)).await,
            Self::Sip(sip, secure) => Box::pin(sip::run(sip, secure.as_ref(), target, deadline, progress)).await,
            Self::SimpleTcp(simpletcp, secure) => {
                Box::pin(simpletcp::run(simpletcp, secure.as_ref(), target, deadline, progress)).await
            }
            Self::Program(external) => {
                let _turn = turn;
                Box::pin(external::run(external, target, progress)).await
            }
            Self::Script(external, script) => {
                let _turn = turn;
                Box::pin(script.run(external, target, progress)).await
            }
            Self::Monitor(monitor) => {
                let Turn::Seat(seat) = turn else {
                    return Err(progress.failure(Reason::Internal("a monitor is asked without its turn".to_owned())));
                };
                Box::pin(monitor.run(seat, target, deadline, progress)).await
            }
            Self::Dns(dns) => Box::pin(dns::run(dns, target, deadline, progress)).await,
            Self::Radius(radius) => Box::pin(radius::run(radius, target, deadline, progress)).await,
            Self::Oracle(oracle) => Box::pin(oracle::run(oracle, target, progress)).await,
            Self::Tftp(tftp) => Box::pin(tftp::run(tftp, target, deadline, progress)).await,
            Self::Ntp(ntp) => Box::pin(ntp::run(*ntp, target, deadline, progress)).await,
            Self::Grpc(grpc, secure) => Box::pin(grpc::run(grpc, secure.as_ref(), target, deadline, progress)).await,
            Self::Mqtt(mqtt, secure) => Box::pin(mqtt::run(mqtt, secure.as_ref(), target, progress)).await,
            Self::Ldap(ldap, secure) => Box::pin(ldap::run(ldap, secure.as_ref(), target, progress)).await,
            Self::Sql(sql, secure) => match sql.kind {
                SqlKind::Mysql => Box::pin(mysql::run(sql, secure.as_ref(), target, progress)).await,
                SqlKind::Pgsql => Box::pin(pgsql::run(sql, secure.as_ref(), target, progress)).await,
            },
        }
    }
}
