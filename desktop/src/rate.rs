//! Bit rates as people write them.

use std::str::FromStr;

/// Bits a second, or no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate(pub(crate) Option<u64>);

/// What is wrong with a rate.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a rate: write 0, 750k, 5M (bits a second) or unlimited")]
pub(crate) struct RateError(String);

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "unlimited" {
            return Ok(Self(None));
        }
        let error = || RateError(text.to_owned());
        let (digits, unit) = match text.strip_suffix(['k', 'K', 'M', 'G']) {
            Some(digits) => (digits, text.get(digits.len()..).unwrap_or("")),
            None => (text, ""),
        };
        let factor = match unit {
            "k" | "K" => 1e3,
            "M" => 1e6,
            "G" => 1e9,
            _ => 1.0,
        };
        let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.') && !digits.is_empty();
        let value: f64 = digits.parse().map_err(|_| error())?;
        let bits = value * factor;
        if plain && bits < 1e12 { Ok(Self(Some(bits.round() as u64))) } else { Err(error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<Rate>().map(|r| r.0);
        assert_eq!(read("0"), Ok(Some(0)));
        assert_eq!(read("750k"), Ok(Some(750_000)));
        assert_eq!(read("4.4M"), Ok(Some(4_400_000)));
        assert_eq!(read("1G"), Ok(Some(1_000_000_000)));
        assert_eq!(read("unlimited"), Ok(None));
        for bad in ["", "k", "-1", "5m", "1e3", "inf", "NaN", "5 M", "99999999G"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
