//! TTHeader Streaming: not served yet, but told so in its own way, where Kitex is silent about what
//! it does not know.

use std::io;

use bytes::BytesMut;
use polyport_wire::detect::Detection;
use polyport_wire::error::EncodeError;
use polyport_wire::frame::FrameDecoder;
use polyport_wire::thrift::{self, ApplicationException, Envelope, MessageType};
use polyport_wire::ttheader::{Header, HeaderRef, flags, keys};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::server::connection::{Arrived, Connection, advice};
use crate::server::linger;

/// The protocol id of a stream of Thrift structs.
const THRIFT_STRUCT: u8 = 0x10;

/// The frame type that ends a stream, as a digit of text (kitex pkg/remote/trans/ttstream/frame.go).
const TRAILER: &[u8] = b"4";

/// Answers the first frame of a stream with a trailer that carries an exception, and closes.
pub(super) async fn refuse<S>(mut connection: Connection<S>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    connection.closed(advice(Detection::TtStream));
    let mut decoder = FrameDecoder::new(connection.limits.wire());
    let header = loop {
        match decoder.decode(&mut connection.input) {
            Ok(Some(frame)) => break frame.header,
            Ok(None) => {}
            Err(_) => break None,
        }
        let wanted = decoder.missing(connection.input.len());
        if connection.read(wanted).await? != Arrived::Bytes {
            break None;
        }
    };
    if let Some(header) = header {
        let mut output = BytesMut::new();
        if encode_trailer(&header, &mut output).is_ok() {
            connection.write(&mut output).await?;
        }
    }
    linger::close(&mut connection.io).await;
    Ok(())
}

fn encode_trailer(stream: &Header, out: &mut BytesMut) -> Result<(), EncodeError> {
    let method = stream.int(keys::TO_METHOD);
    let method = method.map_or("", |name| std::str::from_utf8(name).unwrap_or_default());
    let header = HeaderRef {
        flags: flags::STREAMING,
        sequence: stream.sequence,
        protocol: THRIFT_STRUCT,
        ints: &[
            (keys::FRAME_TYPE, TRAILER),
            (keys::TO_METHOD, method.as_bytes()),
        ],
        ..HeaderRef::default()
    };
    header.encode(out, |out| {
        let envelope = Envelope {
            kind: MessageType::Exception,
            method,
            sequence: stream.sequence,
        };
        envelope.encode(out)?;
        let exception = ApplicationException::new(
            ApplicationException::INVALID_PROTOCOL,
            "TTHeader Streaming is not served by this version of Polyport",
        );
        thrift::encode(&exception, out)
    })
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    #[test]
    fn the_trailer_is_of_the_same_stream_and_method() {
        let opening = hex!(
            "00000032 1000 0002 00000001 000a 10 00 01 0001 0003 69736e 0008 5365727669636541"
            "10 0002 001b 0001 32 0009 0008 4563686f42696469"
        );
        let limits = polyport_wire::limits::Limits::default();
        let (header, _) = Header::decode(opening.to_vec().into(), &limits).unwrap();
        let mut out = BytesMut::new();
        encode_trailer(&header, &mut out).unwrap();
        let (trailer, payload) = Header::decode(out.freeze(), &limits).unwrap();
        assert_eq!((trailer.flags, trailer.sequence), (flags::STREAMING, 1));
        assert_eq!(trailer.int(keys::FRAME_TYPE).unwrap(), TRAILER);
        assert_eq!(trailer.int(keys::TO_METHOD), Some(&b"EchoBidi"[..]));
        let (envelope, body) = Envelope::decode(&payload).unwrap();
        assert_eq!(envelope.kind, MessageType::Exception);
        assert_eq!((envelope.method, envelope.sequence), ("EchoBidi", 1));
        let body = payload.slice_ref(body);
        let exception: ApplicationException = thrift::decode(&body, &limits).unwrap();
        assert_eq!(exception.type_id, ApplicationException::INVALID_PROTOCOL);
    }
}
