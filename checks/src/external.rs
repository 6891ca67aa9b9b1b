//! Its place only: written elsewhere.

use crate::net::Progress;
use crate::{External, Failure, Reason, Success, Target};

/// Asks once.
pub(crate) async fn run(_spec: &External, _target: Target, progress: &mut Progress) -> Result<Success, Failure> {
    Err(progress.failure(Reason::Local("not built".to_owned())))
}
