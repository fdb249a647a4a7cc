//! Validators: what guards the bytes of a message on its way, such as a checksum.

use std::fmt;
use std::sync::Arc;

use bytes::BytesMut;
use polyport_wire::error::EncodeError;
use polyport_wire::frame;
use polyport_wire::transport::Transport;
use polyport_wire::ttheader::{Header, HeaderRef, keys};

/// Makes a value from the bytes behind a TTHeader, and holds it against them on the other side.
///
/// The value travels in the header, so that only TTHeader's transports are guarded. A request that
/// does not pass ends its connection without an answer, as in Kitex: nothing in it can be trusted.
///
/// # Examples
///
/// ```
/// use polyport::validator::PayloadValidator;
///
/// /// Guards against lost bytes.
/// struct Length;
///
/// impl PayloadValidator for Length {
///     fn key(&self) -> &str {
///         // What Kitex's own validators begin with.
///         "PV_length"
///     }
///
///     fn generate(&self, payload: &[u8]) -> Option<String> {
///         Some(payload.len().to_string())
///     }
///
///     fn validate(&self, value: &str, payload: &[u8]) -> Result<(), String> {
///         if value.is_empty() || value == payload.len().to_string() {
///             Ok(())
///         } else {
///             Err(format!("{value} bytes were sent, {} arrived", payload.len()))
///         }
///     }
/// }
/// ```
pub trait PayloadValidator: Send + Sync + 'static {
    /// The header's key for the value. Kitex puts `PV_` before the names of validators that are
    /// not its own.
    fn key(&self) -> &str;

    /// The value for a message that goes out, or none to send it without.
    fn generate(&self, payload: &[u8]) -> Option<String>;

    /// Holds the value that came with a message against it; the value is empty when none came.
    ///
    /// # Errors
    ///
    /// Why they do not fit.
    fn validate(&self, value: &str, payload: &[u8]) -> Result<(), String>;
}

/// Kitex's checksum: CRC-32C of all bytes behind the header, as eight hexadecimal digits under the
/// key `crc32c` (kitex `pkg/remote/codec/validate.go`). A message without it passes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Crc32c;

impl PayloadValidator for Crc32c {
    fn key(&self) -> &str {
        std::str::from_utf8(keys::CRC32C).unwrap_or_default()
    }

    fn generate(&self, payload: &[u8]) -> Option<String> {
        Some(format!("{:08x}", crc32c::crc32c(payload)))
    }

    fn validate(&self, value: &str, payload: &[u8]) -> Result<(), String> {
        let expected = format!("{:08x}", crc32c::crc32c(payload));
        if value.is_empty() || value == expected {
            Ok(())
        } else {
            Err(format!(
                "the checksum is {expected}, the header says {value}"
            ))
        }
    }
}

/// The validators of a server or client, in the order in which they were added.
#[derive(Clone, Default)]
pub(crate) struct Validators(Vec<Arc<dyn PayloadValidator>>);

impl Validators {
    pub(crate) fn add(&mut self, validator: impl PayloadValidator) {
        self.0.push(Arc::new(validator));
    }
}

impl fmt::Debug for Validators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.0.iter().map(|validator| validator.key().to_owned());
        f.debug_list().entries(keys).finish()
    }
}

/// Holds a message against the values in its header; says why they do not fit.
pub(crate) fn validate(
    validators: &Validators,
    header: &Header,
    body: &[u8],
) -> Result<(), String> {
    for validator in &validators.0 {
        let key = validator.key();
        let value = header.string(key.as_bytes());
        // What is no text was made by no validator.
        let value = value.map_or("", |value| std::str::from_utf8(value).unwrap_or("\u{fffd}"));
        validator
            .validate(value, body)
            .map_err(|reason| format!("payload validation error: {key}: {reason}"))?;
    }
    Ok(())
}

/// Appends a frame with the validators' values in its header, if it has one.
///
/// # Errors
///
/// As for [`frame::encode`].
pub(crate) fn encode(
    validators: &Validators,
    (transport, header): (Transport, HeaderRef<'_>),
    limit: usize,
    out: &mut BytesMut,
    message: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    if validators.0.is_empty() || !transport.has_header() {
        return frame::encode(transport, &header, limit, out, message);
    }
    let inner = match transport {
        Transport::TtHeaderFramed => Transport::Framed,
        _ => Transport::Buffered,
    };
    // The values stand before the bytes that they are made of.
    let mut body = BytesMut::new();
    frame::encode(inner, &HeaderRef::default(), limit, &mut body, message)?;
    let values: Vec<(&str, String)> = validators
        .0
        .iter()
        .filter_map(|validator| Some((validator.key(), validator.generate(&body)?)))
        .collect();
    let mut strings = header.strings.to_vec();
    strings.extend(
        values
            .iter()
            .map(|(key, value)| (key.as_bytes(), value.as_bytes())),
    );
    let header = HeaderRef {
        strings: &strings,
        ..header
    };
    frame::encode(Transport::TtHeader, &header, limit, out, |out| {
        out.extend_from_slice(&body);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;
    use polyport_wire::frame::FrameDecoder;
    use polyport_wire::limits::Limits;

    use super::*;

    const CALL: [u8; 32] =
        hex!("80010001 00000006 4563686f3132 00000001 0c0001 0b0001 00000002 6869 00 00");

    fn guarded(transport: Transport) -> BytesMut {
        let mut validators = Validators::default();
        validators.add(Crc32c);
        let mut out = BytesMut::new();
        let framing = (transport, HeaderRef::default());
        encode(&validators, framing, 1024, &mut out, |out| {
            out.extend_from_slice(&CALL);
            Ok(())
        })
        .unwrap();
        out
    }

    #[test]
    fn the_check_value_of_crc_32c() {
        let value = Crc32c.generate(b"123456789");
        assert_eq!(value.as_deref(), Some("e3069283"));
    }

    #[test]
    fn a_guarded_frame_passes_and_a_changed_one_does_not() {
        let mut validators = Validators::default();
        validators.add(Crc32c);
        for transport in [Transport::TtHeader, Transport::TtHeaderFramed] {
            let mut frame = guarded(transport);
            let mut changed = frame.clone();
            let text = changed.len() - 3;
            changed[text] ^= 1;
            for (bytes, passes) in [(&mut frame, true), (&mut changed, false)] {
                let frame = FrameDecoder::new(Limits::default()).decode(bytes);
                let frame = frame.unwrap().unwrap();
                assert_eq!(frame.transport, transport);
                let header = frame.header.unwrap();
                let outcome = validate(&validators, &header, &frame.body);
                assert_eq!(outcome.is_ok(), passes, "{outcome:?}");
            }
        }
    }

    #[test]
    fn transports_without_a_header_are_left_as_they_are() {
        assert_eq!(&guarded(Transport::Buffered)[..], CALL);
    }
}
