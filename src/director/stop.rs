//! The end: what cleanstop asks to remove. Whole services are deleted at once; that their live reals went is told
//! one by one, as the log has always had it.

use super::{Director, Event, Planned, Stage, desired};
use crate::ipvs::{Operation, Snapshot};

impl Director {
    /// Plans the removal of every service whose cleanstop says so, in file order.
    pub(super) fn make_stop(&mut self, observed: &Snapshot) -> Vec<Planned> {
        let mut planned = Vec::new();
        for (pool, virtual_) in self.pools.iter().zip(&self.config.virtuals) {
            let service = virtual_.id;
            if !virtual_.cleanstop || !observed.contains_key(&service) {
                continue;
            }
            let live =
                pool.members.iter().zip(&virtual_.reals).filter(|(member, _)| member.health.live() && !member.shadowed);
            let purged = live
                .filter_map(|(_, real)| desired::real_id(&service, real))
                .map(|destination| Event::Purged { service, destination, stage: Stage::Stop })
                .collect();
            self.stopping.insert(service, purged);
            planned.push(Planned {
                operation: Operation::DeleteService(service),
                event: Some(Event::VirtualPurged(service, Stage::Stop)),
            });
        }
        // What a reload dropped and could not be deleted yet goes whatever cleanstop says.
        planned.extend(self.dropped.keys().filter(|service| observed.contains_key(service)).map(|service| Planned {
            operation: Operation::DeleteService(*service),
            event: Some(Event::VirtualPurged(*service, Stage::Start)),
        }));
        planned
    }
}
