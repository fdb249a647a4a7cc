//! What guards payloads behind a TTHeader, by name.

use clap::ValueEnum;
use polyport::validator::PayloadValidator;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ValidatorName {
    /// The checksum that Kitex has built in
    Crc32c,
    /// A validator of this program, which refuses payloads without a length
    Length,
}

/// The same as in the other peers.
#[derive(Debug)]
pub(crate) struct Length;

impl PayloadValidator for Length {
    fn key(&self) -> &str {
        "PV_length"
    }

    fn generate(&self, payload: &[u8]) -> Option<String> {
        Some(payload.len().to_string())
    }

    fn validate(&self, value: &str, payload: &[u8]) -> Result<(), String> {
        if value == payload.len().to_string() {
            Ok(())
        } else {
            Err(format!(
                "{value:?} bytes were sent, {} arrived",
                payload.len()
            ))
        }
    }
}
