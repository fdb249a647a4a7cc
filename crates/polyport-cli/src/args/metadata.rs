//! Metadata as it is typed.

use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or("expected KEY=VALUE")?;
        let pair = Self {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        match pair.decoded() {
            Some(Err(error)) => Err(format!("a key with `-bin` has a value in base64: {error}")),
            _ => Ok(pair),
        }
    }
}

impl Pair {
    /// As HTTP/2 has it.
    pub(crate) fn header_name(&self) -> String {
        self.key.to_ascii_lowercase()
    }

    /// The bytes that it stands for.
    pub(crate) fn header_value(&self) -> Bytes {
        match self.decoded() {
            Some(Ok(bytes)) => bytes.into(),
            _ => self.value.clone().into(),
        }
    }

    fn decoded(&self) -> Option<Result<Vec<u8>, base64::DecodeError>> {
        let is_binary = self.header_name().ends_with("-bin");
        is_binary.then(|| BASE64_STANDARD.decode(&self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_binary_keys_are_base64() {
        let pair: Pair = "Trace-Bin=AP8=".parse().unwrap();
        assert_eq!(pair.header_name(), "trace-bin");
        assert_eq!(pair.header_value(), b"\0\xff"[..]);
        let pair: Pair = "tenant=a=b".parse().unwrap();
        assert_eq!((&*pair.key, &*pair.header_value()), ("tenant", &b"a=b"[..]));
        for wrong in ["tenant", "=7", "x-bin=?"] {
            assert!(wrong.parse::<Pair>().is_err(), "{wrong}");
        }
    }
}
