//! Ranges of IPv4 addresses, `10.0.0.1->10.0.0.9`: numeric, ascending, both ends included.

use std::net::{IpAddr, Ipv4Addr};

/// How many real servers one range may stand for.
pub(super) const LARGEST: u32 = 65_536;

/// Judges a range; the error is (words, what to write instead).
pub(super) fn judge(low: IpAddr, high: IpAddr) -> Result<(u32, u32), (String, String)> {
    let (IpAddr::V4(low), IpAddr::V4(high)) = (low, high) else {
        return Err((
            "Address range for IPv6 is not supported yet".to_owned(),
            "write one real6= line for each server".to_owned(),
        ));
    };
    let (first, last) = (u32::from(low), u32::from(high));
    if first > last {
        return Err((
            format!("Invalid Range: {low}-{high}: First value must be greater than or equal to the second value"),
            format!("write the lower address first: {high}->{low}"),
        ));
    }
    if last - first >= LARGEST {
        return Err((
            format!("Invalid Range: {low}-{high}: {} addresses", u64::from(last - first) + 1),
            format!("a range may hold {LARGEST} addresses at most"),
        ));
    }
    Ok((first, last))
}

/// The addresses of a judged range, ascending.
pub(super) fn expand(range: (u32, u32)) -> impl Iterator<Item = IpAddr> {
    (range.0..=range.1).map(|number| IpAddr::V4(Ipv4Addr::from(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crosses_powers_of_ten_and_octets() {
        let range = judge("5.245.224.254".parse().unwrap(), "5.245.225.1".parse().unwrap()).unwrap();
        let all: Vec<String> = expand(range).map(|address| address.to_string()).collect();
        assert_eq!(all, ["5.245.224.254", "5.245.224.255", "5.245.225.0", "5.245.225.1"]);
    }

    #[test]
    fn refuses_descending_and_huge_ones() {
        assert!(
            judge("10.0.0.3".parse().unwrap(), "10.0.0.1".parse().unwrap())
                .unwrap_err()
                .1
                .contains("10.0.0.1->10.0.0.3")
        );
        assert!(judge("0.0.0.0".parse().unwrap(), "255.255.255.255".parse().unwrap()).is_err());
        assert!(judge("10.0.0.0".parse().unwrap(), "10.0.255.255".parse().unwrap()).is_ok());
    }
}
