//! Local time as the log writes it (docs/decisions/0004-time.md).
#![allow(clippy::disallowed_methods, reason = "the log stamps its lines")]

use jiff::{Timestamp, tz::TimeZone};
use std::time::{SystemTime, UNIX_EPOCH};

/// `Fri Nov  6 09:03:00 2026`: what ctime(3) prints, in local time.
pub fn ctime(at: SystemTime) -> String {
    local(at, "%a %b %e %H:%M:%S %Y")
}

/// `Nov  6 09:03:00`: the time stamp of a syslog datagram (RFC 3164, section 4.1.2), in local time.
pub fn syslog(at: SystemTime) -> String {
    local(at, "%b %e %H:%M:%S")
}

/// RFC 3339 in UTC with seconds: `2026-11-06T09:03:00Z`.
pub fn rfc3339(at: SystemTime) -> String {
    timestamp(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Now.
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// Seconds since 1970 with fractions.
pub fn seconds(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn timestamp(at: SystemTime) -> Timestamp {
    Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn local(at: SystemTime, format: &str) -> String {
    timestamp(at).to_zoned_datetime(TimeZone::system()).strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn days_are_padded_with_a_blank() {
        // Noon of 6 November 2026 UTC: the same day in every zone but the farthest two.
        let at = UNIX_EPOCH + Duration::from_secs(1_793_966_400);
        assert_eq!(rfc3339(at), "2026-11-06T12:00:00Z");
        let text = ctime(at);
        assert_eq!(text.len(), 24, "{text}");
        assert!(text.contains(" Nov  6 ") || text.contains(" Nov  7 "), "{text}");
        assert!(syslog(at).starts_with("Nov  "), "{}", syslog(at));
        assert_eq!(syslog(at).len(), 15);
        assert!((seconds(at) - 1_793_966_400.0).abs() < 0.001);
    }
}
