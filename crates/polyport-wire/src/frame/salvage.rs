//! What is known of a request whose frame cannot be decoded, so that its sender can be told why.

use super::{Sniff, Start, mesh, sniff};
use crate::thrift::Envelope;
use crate::transport::Transport;
use crate::ttheader;

/// The front of a request in a frame that is broken or over the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salvaged<'a> {
    /// How the sender cuts its messages, and expects its answer.
    pub transport: Transport,
    /// The bits of [`ttheader::flags`].
    pub flags: u16,
    /// The number in the header, or in the message where there is no header.
    pub header_sequence: i32,
    /// The method that is called, and the message's number.
    pub envelope: Envelope<'a>,
}

/// Reads as much of a frame's start as an answer needs. `None` when that is not there, or when the
/// sender expects no answer in Thrift.
///
/// # Examples
///
/// ```
/// use bytes::BytesMut;
/// use polyport_wire::frame::{FrameDecoder, salvage};
/// use polyport_wire::limits::Limits;
/// use polyport_wire::transport::Transport;
///
/// // A frame of 2 GiB, and the call in it.
/// let mut buffer = BytesMut::from(&b"\x7f\xff\xff\xff\x80\x01\0\x01\0\0\0\x04ping\0\0\0\x01"[..]);
/// let mut decoder = FrameDecoder::new(Limits::default());
/// assert!(decoder.decode(&mut buffer).is_err());
/// let request = salvage(decoder.broken()).unwrap();
/// assert_eq!(request.transport, Transport::Framed);
/// assert_eq!(request.envelope.method, "ping");
/// ```
#[must_use]
pub fn salvage(frame: &[u8]) -> Option<Salvaged<'_>> {
    match sniff(frame) {
        Sniff::Start(Start::TtHeader) => behind_header(frame),
        Sniff::Start(Start::Mesh) => {
            let section = mesh::size(frame, usize::MAX).ok()??;
            bare_or_framed(frame.get(section..)?)
        }
        _ => bare_or_framed(frame),
    }
}

fn behind_header(frame: &[u8]) -> Option<Salvaged<'_>> {
    let start = frame.first_chunk::<{ ttheader::FIXED_SIZE }>()?;
    let [_, _, _, _, _, _, flags @ .., a, b, c, d, high, low] = start;
    let section = 4 * usize::from(u16::from_be_bytes([*high, *low]));
    let message = frame.get(ttheader::FIXED_SIZE + section..)?;
    let inner = bare_or_framed(message)?;
    Some(Salvaged {
        transport: match inner.transport {
            Transport::Framed => Transport::TtHeaderFramed,
            _ => Transport::TtHeader,
        },
        flags: u16::from_be_bytes(*flags),
        header_sequence: i32::from_be_bytes([*a, *b, *c, *d]),
        ..inner
    })
}

fn bare_or_framed(frame: &[u8]) -> Option<Salvaged<'_>> {
    let (transport, message) = match sniff(frame) {
        Sniff::Start(Start::Bare) => (Transport::Buffered, frame),
        Sniff::Start(Start::Framed(_)) => (Transport::Framed, frame.get(4..)?),
        _ => return None,
    };
    let (envelope, _) = Envelope::decode(message).ok()?;
    Some(Salvaged {
        transport,
        flags: 0,
        header_sequence: envelope.sequence,
        envelope,
    })
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::thrift::MessageType;

    const MESSAGE: [u8; 16] = hex!("80010001 00000004 70696e67 00000001");

    #[test]
    fn every_transport_is_told_by_its_front() {
        let rows: [(&[u8], Transport, i32); 5] = [
            (&[], Transport::Buffered, 1),
            (&hex!("7fffffff"), Transport::Framed, 1),
            (&hex!("ffaf 0002 0000 7fffffff"), Transport::Framed, 1),
            (
                &hex!("7fffffff 1000 0001 00000007 0001 00 00 4200"),
                Transport::TtHeader,
                7,
            ),
            (
                &hex!("7fffffff 1000 0001 00000007 0001 00 00 0000 7fffffff"),
                Transport::TtHeaderFramed,
                7,
            ),
        ];
        for (front, transport, header_sequence) in rows {
            let frame = [front, &MESSAGE].concat();
            let expected = Salvaged {
                transport,
                flags: u16::from(transport.has_header()),
                header_sequence,
                envelope: Envelope {
                    kind: MessageType::Call,
                    method: "ping",
                    sequence: 1,
                },
            };
            assert_eq!(salvage(&frame), Some(expected));
            for cut in 0..frame.len() {
                assert_eq!(salvage(&frame[..cut]), None, "{transport} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_expects_no_thrift_is_nothing() {
        for bytes in [
            &hex!("00000010 9001 0001 00000004 70696e67 00000001")[..],
            b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
            &[0; 64],
            &[0xff; 64],
        ] {
            assert_eq!(salvage(bytes), None);
        }
    }
}
