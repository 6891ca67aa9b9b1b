//! What a refused operation means in words, the same for every table.

use super::{Operation, TableError};

/// No such file or directory: no scheduler, engine or destination of that name.
pub(super) const ENOENT: i32 = 2;
/// Operation not permitted.
pub(super) const EPERM: i32 = 1;
/// No such process: no such service.
pub(super) const ESRCH: i32 = 3;
/// File exists.
pub(super) const EEXIST: i32 = 17;
/// Invalid argument.
pub(super) const EINVAL: i32 = 22;
/// Out of memory.
const ENOMEM: i32 = 12;
/// Numerical result out of range.
pub(super) const ERANGE: i32 = 34;
/// Address family not supported by protocol.
const EAFNOSUPPORT: i32 = 97;

/// What to do without permission.
pub(super) fn permission() -> TableError {
    TableError::Permission(
        "no permission to read or change the kernel's IPVS table: run as root, or with CAP_NET_ADMIN".into(),
    )
}

/// The error of `operation` that ended in `errno`; `kernel`: the kernel's own words, where it has some.
pub(super) fn refused(operation: &Operation, errno: i32, kernel: Option<&str>) -> TableError {
    if errno == EPERM {
        return permission();
    }
    let mut words = explain(operation, errno);
    if let Some(kernel) = kernel.filter(|kernel| !kernel.is_empty()) {
        words.push_str(&format!(" (kernel: {kernel})"));
    }
    TableError::Refused { service: operation.service(), destination: operation.destination(), errno, words }
}

fn explain(operation: &Operation, errno: i32) -> String {
    use Operation::{AddDestination, AddService, DeleteDestination, EditDestination, EditService};
    match (operation, errno) {
        (AddService(_), EEXIST) => "virtual service already exists".into(),
        (AddService(service) | EditService(service), ENOENT) => match &service.engine {
            None => format!("no such scheduler: {} (the kernel has no module ip_vs_{0})", service.scheduler),
            Some(engine) => format!("no such scheduler or persistence engine: {}, {engine}", service.scheduler),
        },
        (AddService(service) | EditService(service), EINVAL) => {
            format!(
                "the kernel does not accept the service (scheduler {}, netmask {})",
                service.scheduler, service.netmask
            )
        }
        (_, ESRCH) => "no such virtual service".into(),
        (AddDestination(..), EEXIST) => "destination already exists".into(),
        (EditDestination(..) | DeleteDestination(..), ENOENT) => "no such destination".into(),
        (AddDestination(_, destination) | EditDestination(_, destination), ERANGE) => format!(
            "weight or thresholds out of range (weight {}, upper {}, lower {}; the lower may not exceed the upper)",
            destination.weight, destination.upper, destination.lower
        ),
        (AddDestination(id, destination) | EditDestination(id, destination), EINVAL) => {
            if id.family() != super::Family::of(&destination.id.address) {
                "only a tunnelled destination (ipip) may be of another address family than its service, and not \
                 while a sync daemon runs"
                    .into()
            } else {
                "the kernel does not accept the destination: its address must be a unicast address, and a gue tunnel \
                 needs a port"
                    .into()
            }
        }
        (_, EAFNOSUPPORT) => "the kernel's IPVS does not support this address family".into(),
        (_, ENOMEM) => "the kernel is out of memory".into(),
        (_, errno) => std::io::Error::from_raw_os_error(errno).to_string(),
    }
}

/// What no table is asked to do, because the kernel would misunderstand it: errno and words.
pub(super) fn objection(operation: &Operation) -> Option<TableError> {
    let refuse = |words: &str| {
        Some(TableError::Refused {
            service: operation.service(),
            destination: operation.destination(),
            errno: EINVAL,
            words: words.into(),
        })
    };
    // The kernel takes mark 0 for the service tcp:0.0.0.0:0.
    if matches!(operation.service(), super::ServiceId::Mark { mark: 0, .. }) {
        return refuse("a firewall mark must be greater than 0");
    }
    match operation {
        Operation::AddService(service) | Operation::EditService(service) => {
            let widest = if service.id.family() == super::Family::V4 { 32 } else { 128 };
            if service.netmask > widest {
                return refuse(&format!("a netmask of {} bits, at most {widest} possible", service.netmask));
            }
            let name_fits = |name: &str| (1..=15).contains(&name.len()) && !name.contains('\0');
            if !name_fits(&service.scheduler) || !service.engine.as_deref().is_none_or(name_fits) {
                return refuse("the names of schedulers and persistence engines have 1 to 15 characters");
            }
            None
        }
        _ => None,
    }
}
