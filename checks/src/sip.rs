//! Its place only: written elsewhere.

use crate::net::Progress;
use crate::{Failure, Reason, Sip, Success, Target};

/// Asks once.
pub(crate) async fn run(_spec: &Sip, _target: Target, progress: &mut Progress) -> Result<Success, Failure> {
    Err(progress.failure(Reason::Local("not built".to_owned())))
}
