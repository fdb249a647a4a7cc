//! The result struct of a method: field 0 for what it returns, the others for what it throws.

use bytes::{Bytes, BytesMut};

use crate::error::{DecodeError, EncodeError};
use crate::limits::Limits;
use crate::thrift::reader::Reader;
use crate::thrift::value::{Value, WireType};
use crate::thrift::writer::Writer;

/// What a method returns: a [`Value`], or `()` for `void`.
pub trait Returned: Sized {
    /// Appends field 0, if there is one.
    fn encode_returned(&self, out: &mut Writer<'_>);

    /// Reads field 0.
    ///
    /// # Errors
    ///
    /// When it is not such a value.
    fn decode_returned(kind: WireType, input: &mut Reader<'_>)
    -> Result<Option<Self>, DecodeError>;

    /// What a result struct without any field means: nothing, or a result that is missing.
    fn when_missing() -> Option<Self>;
}

impl<T: Value> Returned for T {
    fn encode_returned(&self, out: &mut Writer<'_>) {
        out.field(0, self);
    }

    fn decode_returned(
        kind: WireType,
        input: &mut Reader<'_>,
    ) -> Result<Option<Self>, DecodeError> {
        if kind != T::TYPE {
            return input.skip(kind).map(|()| None);
        }
        input.value("result").map(Some)
    }

    fn when_missing() -> Option<Self> {
        None
    }
}

impl Returned for () {
    fn encode_returned(&self, _out: &mut Writer<'_>) {}

    fn decode_returned(
        kind: WireType,
        input: &mut Reader<'_>,
    ) -> Result<Option<Self>, DecodeError> {
        input.skip(kind).map(|()| None)
    }

    fn when_missing() -> Option<Self> {
        Some(())
    }
}

/// The exceptions that a method declares.
pub trait Throws: Sized {
    /// Appends the exception as its field.
    fn encode_exception(&self, out: &mut Writer<'_>);

    /// Reads the exception of this field; `None`, with nothing read, when the method declares no
    /// exception of this number and type.
    ///
    /// # Errors
    ///
    /// When it is not such an exception.
    fn decode_exception(
        kind: WireType,
        id: i16,
        input: &mut Reader<'_>,
    ) -> Result<Option<Self>, DecodeError>;
}

/// Appends the result struct of a method.
///
/// # Errors
///
/// When a value is longer than Thrift can say; `out` is then as it was before.
pub fn encode_outcome<V: Returned, E: Throws>(
    outcome: &Result<V, E>,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let start = out.len();
    let mut writer = Writer::new(out);
    match outcome {
        Ok(value) => value.encode_returned(&mut writer),
        Err(exception) => exception.encode_exception(&mut writer),
    }
    writer.stop();
    writer.finish().inspect_err(|_| out.truncate(start))
}

/// Reads the result struct of a method; `None` when it holds no result that this IDL knows.
///
/// # Errors
///
/// When the bytes are not a result struct, or go over `limits`.
pub fn decode_outcome<V: Returned, E: Throws>(
    bytes: &Bytes,
    limits: &Limits,
) -> Result<Option<Result<V, E>>, DecodeError> {
    let mut input = Reader::new(bytes, limits);
    let mut outcome = None;
    let mut unknown = false;
    input.enter()?;
    while let Some((kind, id)) = input.field()? {
        if id == 0 {
            outcome = V::decode_returned(kind, &mut input)?.map(Ok);
        } else if let Some(exception) = E::decode_exception(kind, id, &mut input)? {
            outcome = Some(Err(exception));
        } else {
            input.skip(kind)?;
            unknown = true;
        }
    }
    // What this IDL does not know may be an exception: no success can be made of it.
    Ok(outcome.or_else(|| V::when_missing().filter(|_| !unknown).map(Ok)))
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    /// Throws nothing.
    #[derive(Debug, PartialEq)]
    enum Nothing {}

    impl Throws for Nothing {
        fn encode_exception(&self, _out: &mut Writer<'_>) {
            match *self {}
        }

        fn decode_exception(
            _kind: WireType,
            _id: i16,
            _input: &mut Reader<'_>,
        ) -> Result<Option<Self>, DecodeError> {
            Ok(None)
        }
    }

    fn decode<V: Returned>(bytes: &'static [u8]) -> Option<Result<V, Nothing>> {
        decode_outcome(&Bytes::from_static(bytes), &Limits::default()).unwrap()
    }

    #[test]
    fn results_of_a_real_kitex_server() {
        let five = hex!("0a0000 0000000000000005 00");
        let mut out = BytesMut::new();
        encode_outcome::<i64, Nothing>(&Ok(5), &mut out).unwrap();
        assert_eq!(&out[..], five);
        assert_eq!(
            decode::<i64>(&hex!("0a0000 0000000000000005 00")),
            Some(Ok(5))
        );
        assert_eq!(decode::<()>(&[0]), Some(Ok(())));
    }

    #[test]
    fn a_result_that_is_missing_is_told_from_a_void_one() {
        assert_eq!(decode::<i64>(&[0]), None);
        // An exception that this IDL does not know yet.
        assert_eq!(decode::<i64>(&hex!("080009 00000001 00")), None);
        assert_eq!(decode::<()>(&hex!("080009 00000001 00")), None);
    }
}
