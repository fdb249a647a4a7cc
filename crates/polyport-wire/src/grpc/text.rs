//! The texts of gRPC's headers.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

/// The largest number that `grpc-timeout` can hold: eight digits.
const MAX_NUMBER: u128 = 99_999_999;

/// The units of `grpc-timeout`, the finest first, each with its nanoseconds.
const UNITS: [(char, u64); 6] = [
    ('n', 1),
    ('u', 1_000),
    ('m', 1_000_000),
    ('S', 1_000_000_000),
    ('M', 60_000_000_000),
    ('H', 3_600_000_000_000),
];

/// The time that a `grpc-timeout` header says: one to eight digits and a unit. `None` if it is
/// anything else.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use polyport_wire::grpc::parse_timeout;
///
/// assert_eq!(parse_timeout("250m"), Some(Duration::from_millis(250)));
/// assert_eq!(parse_timeout("soon"), None);
/// ```
#[must_use]
pub fn parse_timeout(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let (_, nanoseconds) = UNITS.iter().find(|(letter, _)| *letter == unit)?;
    let digits = &text[..text.len() - 1];
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    // 8 digits of hours are more nanoseconds than 64 bits hold.
    let seconds = nanoseconds / 1_000_000_000;
    Some(match seconds {
        0 => Duration::from_nanos(number * nanoseconds),
        _ => Duration::from_secs(number * seconds),
    })
}

/// A time as the value of a `grpc-timeout` header, in the finest unit that has room for it; rounded
/// up, so that the server is not to give up before the client.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use polyport_wire::grpc::format_timeout;
///
/// assert_eq!(format_timeout(Duration::from_millis(250)), "250000u");
/// ```
#[must_use]
pub fn format_timeout(time: Duration) -> String {
    let nanoseconds = time.as_nanos();
    for (letter, unit) in UNITS {
        let number = nanoseconds.div_ceil(unit.into());
        if number <= MAX_NUMBER {
            return format!("{number}{letter}");
        }
    }
    format!("{MAX_NUMBER}H")
}

/// A status text as the value of a `grpc-message` header: everything but printable ASCII becomes
/// `%XX`, and so does the percent sign.
///
/// # Examples
///
/// ```
/// use polyport_wire::grpc::encode_text;
///
/// assert_eq!(encode_text("100 % schön"), "100 %25 sch%C3%B6n");
/// ```
#[must_use]
pub fn encode_text(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'%';
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            // A string takes everything.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    Cow::Owned(encoded)
}

/// The text of a `grpc-message` header. What is not well encoded stays as it is; what is then not
/// UTF-8 becomes U+FFFD: an error's text is too precious to be refused.
///
/// # Examples
///
/// ```
/// use polyport_wire::grpc::decode_text;
///
/// assert_eq!(decode_text(b"sch%C3%B6n, 100 %"), "schön, 100 %");
/// ```
#[must_use]
pub fn decode_text(value: &[u8]) -> String {
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [first, behind @ ..] = rest {
        let escaped = match behind {
            [high, low, ..] if *first == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                decoded.push(high * 16 + low);
                rest = &behind[2..];
            }
            None => {
                decoded.push(*first);
                rest = behind;
            }
        }
    }
    match String::from_utf8_lossy(&decoded) {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) => text,
    }
}

fn digit(letter: u8) -> Option<u8> {
    char::from(letter)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_of_every_unit() {
        let check = |text: &str, time: Option<Duration>| assert_eq!(parse_timeout(text), time);
        check("1n", Some(Duration::from_nanos(1)));
        check("2u", Some(Duration::from_micros(2)));
        check("3m", Some(Duration::from_millis(3)));
        check("4S", Some(Duration::from_secs(4)));
        check("5M", Some(Duration::from_secs(300)));
        check("99999999H", Some(Duration::from_secs(99_999_999 * 3600)));
        check("0n", Some(Duration::ZERO));
        for text in ["", "S", "1", "1s", "123456789n", "-1S", "+1S", "1.5S", "1é"] {
            check(text, None);
        }
    }

    #[test]
    fn a_timeout_is_never_rounded_down() {
        let check = |time: Duration, text: &str| {
            assert_eq!(format_timeout(time), text);
            assert!(parse_timeout(text).unwrap() >= time);
        };
        check(Duration::ZERO, "0n");
        check(Duration::from_nanos(99_999_999), "99999999n");
        check(Duration::from_nanos(100_000_001), "100001u");
        check(Duration::from_secs(3600), "3600000m");
        assert_eq!(format_timeout(Duration::MAX), "99999999H");
    }

    #[test]
    fn any_text_survives() {
        for text in [
            "",
            "plain",
            "100%",
            "line\nbreak",
            "schön",
            "日本",
            "\u{7f}",
        ] {
            let encoded = encode_text(text);
            assert!(encoded.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            assert_eq!(decode_text(encoded.as_bytes()), text);
        }
        assert_eq!(decode_text(b"%zz%4"), "%zz%4");
        assert_eq!(decode_text(b"%ff"), "\u{fffd}");
    }
}
