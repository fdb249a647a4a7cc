//! Times and speeds as people read them.

use std::time::Duration;

/// A time in the unit that suits it.
pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (value, unit) = if seconds >= 1.0 {
        (seconds, "s")
    } else if seconds >= 1e-3 {
        (seconds * 1e3, "ms")
    } else {
        (seconds * 1e6, "us")
    };
    format!("{} {unit}", three_digits(value))
}

/// How many that is in a second.
pub(super) fn per_second(count: u64, time: Duration) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "it is divided by what was measured"
    )]
    let count = count as f64;
    let seconds = time.as_secs_f64();
    match seconds > 0.0 {
        true => count / seconds,
        false => 0.0,
    }
}

/// At least three digits, and no more than two behind the point.
pub(super) fn three_digits(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_suit_the_value() {
        let check = |nanoseconds, expected| {
            assert_eq!(time(Duration::from_nanos(nanoseconds)), expected);
        };
        check(0, "0.00 us");
        check(1_234, "1.23 us");
        check(63_210, "63.2 us");
        check(999_000, "999 us");
        check(1_000_000, "1.00 ms");
        check(250_400_000, "250 ms");
        check(12_340_000_000, "12.3 s");
    }

    #[test]
    fn no_time_has_no_speed() {
        assert_eq!(three_digits(per_second(7, Duration::ZERO)), "0.00");
        assert_eq!(three_digits(per_second(7, Duration::from_secs(2))), "3.50");
        assert_eq!(
            three_digits(per_second(70_000, Duration::from_secs(2))),
            "35000"
        );
    }
}
