//! Lengths of time as they are typed.

use std::time::Duration;

const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// A number and its unit, such as `200ms`, `1.5s` or `2m`.
///
/// # Errors
///
/// When it is something else.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let (number, unit) = text.split_at(digits.len());
    let seconds = UNITS.iter().find(|(name, _)| *name == unit);
    let seconds = seconds.zip(number.parse::<f64>().ok());
    seconds
        .and_then(|((_, unit), number)| Duration::try_from_secs_f64(number * unit).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a number and a unit, such as 200ms, 1.5s or 2m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        for (text, milliseconds) in [("200ms", 200), ("1.5s", 1500), ("2m", 120_000)] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)));
        }
        for text in ["", "5", "s", "-1s", "0s", "1 s", "1d", "1e400s", "infs"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
