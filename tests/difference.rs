//! The difference of two tables, applied to the one, is the other: over the table in memory, which tests/kernel_table.rs
//! holds to the kernel's own behaviour.
#![allow(clippy::unwrap_used, reason = "tests")]

mod tables;

use ldirectord::director::{Wanted, WantedTable, diff};
use ldirectord::ipvs::{MemoryTable, Operation, Scope, ServiceFlags, Snapshot, Table};
use proptest::prelude::*;

/// The configured side of a table.
fn wanted(table: &Snapshot) -> WantedTable {
    table
        .iter()
        .map(|(id, entry)| {
            let destinations = entry.destinations.iter().map(|(id, entry)| (*id, entry.destination)).collect();
            let mut service = entry.service.clone();
            service.flags = ServiceFlags(service.flags.configured());
            (*id, Wanted { service, destinations })
        })
        .collect()
}

/// The operations that no difference between these two can do without: one for each key that differs, except
/// destinations that go with their service.
fn necessary(desired: &WantedTable, actual: &WantedTable) -> usize {
    let services = desired.keys().chain(actual.keys().filter(|id| !desired.contains_key(id)));
    services
        .map(|id| match (desired.get(id), actual.get(id)) {
            (Some(desired), Some(actual)) => {
                let edited = usize::from(desired.service != actual.service);
                let keys = desired.destinations.keys();
                let gone = actual.destinations.keys().filter(|id| !desired.destinations.contains_key(id));
                let differ = keys.chain(gone).filter(|id| desired.destinations.get(id) != actual.destinations.get(id));
                edited + differ.count()
            }
            (Some(desired), None) => 1 + desired.destinations.len(),
            _ => 1,
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_difference_applied_gives_the_other_table(first in tables::operations(40), second in tables::operations(40)) {
        let (from, to) = (tables::table(&first), tables::table(&second));
        let desired = wanted(&to);
        let operations = diff(&desired, &from);
        prop_assert_eq!(operations.len(), necessary(&desired, &wanted(&from)), "{:#?}", operations);

        let mut table = MemoryTable::with(from);
        for (operation, result) in operations.iter().zip(table.apply(&operations).unwrap()) {
            prop_assert!(result.is_ok(), "{operation:?}: {result:?}");
        }
        let reached = table.read(&Scope::All).unwrap();
        prop_assert_eq!(wanted(&reached), desired.clone());
        prop_assert_eq!(diff(&desired, &reached), Vec::<Operation>::new(), "nothing is left to do");
    }
}
