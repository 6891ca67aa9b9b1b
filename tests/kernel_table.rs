//! The kernel's table against the one in memory. Needs a kernel with IPVS and root in a network namespace whose table
//! may be destroyed, so it runs only in the lab, with LDIRECTORD_LAB=1.

mod tables;

use ldirectord::ipvs::wire::{self, Command};
use ldirectord::ipvs::*;
use nix::libc::{EEXIST, EINVAL, ENOENT, ERANGE, ESRCH};
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

/// One at a time: there is one table. `None` outside of the lab.
fn lab(test: &str) -> Option<(MutexGuard<'static, ()>, KernelTable)> {
    static ONE: Mutex<()> = Mutex::new(());
    if std::env::var_os("LDIRECTORD_LAB").is_none() {
        println!("{test}: not run: needs the lab (LDIRECTORD_LAB=1)");
        return None;
    }
    let guard = ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut kernel = KernelTable::open().expect("a kernel with IPVS");
    kernel.flush().expect("flush");
    Some((guard, kernel))
}

fn outcomes(results: Vec<Result<(), TableError>>) -> Vec<Result<(), i32>> {
    results
        .into_iter()
        .map(|result| {
            result.map_err(|error| match error {
                TableError::Refused { errno, .. } => errno,
                other => panic!("{other}"),
            })
        })
        .collect()
}

#[test]
fn memory_behaves_as_the_kernel() {
    let Some((_guard, kernel)) = lab("memory_behaves_as_the_kernel") else { return };
    let kernel = Mutex::new(kernel);
    let seen = Mutex::new(BTreeMap::<(Command, i32), usize>::new());
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config).run(&tables::operations(120), |operations| {
        let mut kernel = kernel.lock().unwrap();
        kernel.flush().expect("flush");
        let mut memory = MemoryTable::new();
        let from_kernel = outcomes(kernel.apply(&operations).expect("kernel"));
        let from_memory = outcomes(memory.apply(&operations).expect("memory"));
        for ((operation, kernel), memory) in operations.iter().zip(&from_kernel).zip(&from_memory) {
            proptest::prop_assert_eq!(kernel, memory, "{:?}", operation);
            let command = wire::Request::Change(operation).command();
            *seen.lock().unwrap().entry((command, kernel.as_ref().err().copied().unwrap_or(0))).or_default() += 1;
        }
        proptest::prop_assert_eq!(&kernel.read(&Scope::All).expect("read"), memory.content());
        // A part of it, with some that do not exist.
        let some: Vec<ServiceId> = operations.iter().step_by(3).map(Operation::service).collect();
        let scope = Scope::Services(some);
        proptest::prop_assert_eq!(kernel.read(&scope), memory.read(&scope));
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
    // Every outcome that the operations have was among them.
    let seen = seen.into_inner().unwrap();
    println!("{seen:?}");
    for (command, errors) in [
        (Command::NewService, &[0, EEXIST, ENOENT, EINVAL][..]),
        (Command::SetService, &[0, ESRCH, ENOENT, EINVAL]),
        (Command::DeleteService, &[0, ESRCH]),
        (Command::NewDestination, &[0, ESRCH, EEXIST, EINVAL, ERANGE]),
        (Command::SetDestination, &[0, ESRCH, ENOENT, EINVAL, ERANGE]),
        (Command::DeleteDestination, &[0, ESRCH, ENOENT]),
    ] {
        for error in errors {
            assert!(seen.contains_key(&(command, *error)), "never seen: {command:?} {error}");
        }
    }
}

fn ipvsadm(arguments: &[&str]) -> String {
    let output = std::process::Command::new("ipvsadm").args(arguments).output().expect("ipvsadm");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn listing_is_ipvsadm_byte_for_byte() {
    let Some((_guard, kernel)) = lab("listing_is_ipvsadm_byte_for_byte") else { return };
    let kernel = Mutex::new(kernel);
    let config = Config { cases: 60, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config).run(&tables::content(12, 40), |operations| {
        let mut kernel = kernel.lock().unwrap();
        kernel.flush().expect("flush");
        kernel.apply(&operations).expect("kernel");
        let info = kernel.info().expect("info");
        let listing = kernel.listing().expect("listing");
        for (ours, theirs) in
            [(listing.render(&info), ipvsadm(&["-L", "-n"])), (listing.save(), ipvsadm(&["-S", "-n"]))]
        {
            let differing = ours.lines().zip(theirs.lines()).filter(|(ours, theirs)| ours != theirs);
            proptest::prop_assert_eq!(differing.collect::<Vec<_>>(), vec![]);
            proptest::prop_assert_eq!(ours, theirs);
        }
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
}
