//! How the bytes of the table are put together.

use bytes::Bytes;
use hex_literal::hex;
use polyport::Transport;
use polyport_tests::peer::Request;

/// The arguments of `echo`: { 1: "hi" }.
pub(crate) const HI: &[u8] = &hex!("0b0001 00000002 6869 00");

/// A call with these arguments.
pub(crate) fn call(transport: Transport, method: &str, arguments: &[u8]) -> Bytes {
    let arguments = Bytes::copy_from_slice(arguments);
    Request::new(transport, method)
        .arguments(arguments)
        .encode()
}

/// A frame of TTHeader around a good call, with this section, whatever it says.
pub(crate) fn with_section(section: &[u8]) -> Vec<u8> {
    let mut section = section.to_vec();
    section.resize(section.len().next_multiple_of(4), 0);
    let size = u16::try_from(section.len() / 4).unwrap();
    with_size(size, &section)
}

/// The same, where the section need not be as long as its size says.
pub(crate) fn with_size(size: u16, section: &[u8]) -> Vec<u8> {
    let rest = [
        &hex!("1000 0000 00000007")[..],
        &size.to_be_bytes(),
        section,
        &call(Transport::Buffered, "echo", HI),
    ];
    framed(&rest.concat())
}

/// Four bytes of length in front.
pub(crate) fn framed(bytes: &[u8]) -> Vec<u8> {
    announced(u32::try_from(bytes.len()).unwrap(), bytes)
}

/// Four bytes of any length in front.
pub(crate) fn announced(length: u32, bytes: &[u8]) -> Vec<u8> {
    [&length.to_be_bytes(), bytes].concat()
}

/// `levels` times this, one in the other, and as many ends.
pub(crate) fn nested(start: &[u8], level: &[u8], levels: usize) -> Vec<u8> {
    let mut bytes = start.to_vec();
    bytes.extend_from_slice(&level.repeat(levels));
    bytes.resize(bytes.len() + levels + 1, 0);
    bytes
}
