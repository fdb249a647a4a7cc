//! Metadata and outcomes as headers and trailers.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::metadata::{Metadata, Reach};

/// Binary values: written without padding, read with or without.
const BINARY: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(crate) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
pub(crate) const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
pub(crate) const GRPC_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
pub(crate) const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(crate) const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
pub(crate) const BIZ_STATUS: HeaderName = HeaderName::from_static("biz-status");
pub(crate) const BIZ_EXTRA: HeaderName = HeaderName::from_static("biz-extra");
/// The addresses of a request before it came here, the client's first.
pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The caller, as Kitex's `ClientHTTP2Handler` sends it.
pub(crate) const SOURCE_SERVICE: HeaderName = HeaderName::from_static("source-service");
pub(crate) const SOURCE_METHOD: HeaderName = HeaderName::from_static("source-method");
pub(crate) const DESTINATION_SERVICE: HeaderName = HeaderName::from_static("destination-service");
pub(crate) const DESTINATION_METHOD: HeaderName = HeaderName::from_static("destination-method");

/// Kitex's metainfo (kitex pkg/transmeta, gopkg cloud/metainfo/http.go).
const TRANSIENT: &str = "rpc-transit-";
const PERSISTENT: &str = "rpc-persist-";

/// Names that are gRPC's own, or HTTP's, and never an application's. h2 sends no headers at all when
/// one of them is about HTTP/1's connections.
fn is_reserved(name: &str) -> bool {
    name.starts_with("grpc-") && !is_of_tracers(name)
        || matches!(
            name,
            "te" | "content-type"
                | "content-length"
                | "host"
                | "biz-status"
                | "biz-extra"
                | "connection"
                | "keep-alive"
                | "proxy-connection"
                | "transfer-encoding"
                | "upgrade"
        )
}

/// What tracers send through gRPC, which only looks like its own.
fn is_of_tracers(name: &str) -> bool {
    matches!(name, "grpc-trace-bin" | "grpc-tags-bin")
}

/// What the headers or trailers of a stream carry for the application.
pub(crate) fn metadata(headers: &HeaderMap) -> Metadata {
    let mut metadata = Metadata::default();
    let mut previous = None;
    for (name, value) in headers {
        let is_repeated = previous.replace(name) == Some(name);
        let name = name.as_str();
        if let Some((reach, key)) = metainfo(name) {
            // Of several values the first one counts (gopkg cloud/metainfo/http.go).
            if !is_repeated {
                metadata.push_folded(reach, upper_snake(key), bytes(value));
            }
        } else if name.ends_with("-bin") && !is_reserved(name) {
            // Several values may have been joined on the way.
            let values = value.as_bytes().split(|byte| *byte == b',');
            for value in values.filter_map(|value| BINARY.decode(value.trim_ascii()).ok()) {
                let key = Bytes::copy_from_slice(name.as_bytes());
                metadata.push_folded(Reach::Header, key, value.into());
            }
        } else if !is_reserved(name) {
            let key = Bytes::copy_from_slice(name.as_bytes());
            metadata.push_folded(Reach::Header, key, bytes(value));
        }
    }
    metadata
}

/// What the prefix of a header's name says, and the key behind it.
fn metainfo(name: &str) -> Option<(Reach, &str)> {
    let of = |reach, prefix| Some((reach, name.strip_prefix(prefix)?));
    of(Reach::Transient, TRANSIENT).or_else(|| of(Reach::Persistent, PERSISTENT))
}

/// Appends what a request carries; what HTTP has no letters for is left out.
pub(crate) fn put_request(metadata: &Metadata, headers: &mut HeaderMap) {
    for (reach, key, value) in metadata.entries() {
        let prefix = match reach {
            Reach::Header => {
                put(key, value, headers);
                continue;
            }
            // It reached this server and goes no further.
            Reach::Upstream => continue,
            Reach::Transient => TRANSIENT,
            Reach::Persistent => PERSISTENT,
        };
        let lower = key.iter().map(|byte| match byte {
            b'_' => b'-',
            byte => byte.to_ascii_lowercase(),
        });
        let name: Vec<u8> = prefix.bytes().chain(lower).collect();
        put_plain(&name, value, headers);
    }
}

/// Appends what goes back beside an answer.
pub(crate) fn put_reply(metadata: &Metadata, headers: &mut HeaderMap) {
    for (_, key, value) in metadata.entries() {
        put(key, value, headers);
    }
}

/// Appends one header of the application; whether HTTP has letters for it.
pub(crate) fn put(key: &[u8], value: &[u8], headers: &mut HeaderMap) -> bool {
    let key = key.to_ascii_lowercase();
    if std::str::from_utf8(&key).map_or(true, is_reserved) {
        return false;
    }
    if key.ends_with(b"-bin") {
        return put_plain(&key, BINARY.encode(value).as_bytes(), headers);
    }
    put_plain(&key, value, headers)
}

fn put_plain(key: &[u8], value: &[u8], headers: &mut HeaderMap) -> bool {
    match (HeaderName::from_bytes(key), HeaderValue::from_bytes(value)) {
        (Ok(name), Ok(value)) => headers.try_append(name, value).is_ok(),
        _ => {
            let name = String::from_utf8_lossy(key);
            tracing::debug!(%name, "metadata is not sent: HTTP has no letters for it");
            false
        }
    }
}

/// The value of a header, if it is text; Kitex sends some that is not ASCII.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    std::str::from_utf8(headers.get(name)?.as_bytes()).ok()
}

/// A text as a header's value; nothing is left of what HTTP has no letters for.
pub(crate) fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The same JSON in ASCII, because many a peer takes nothing else in a header.
pub(crate) fn ascii(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for letter in json.chars() {
        if matches!(letter, ' '..='~') {
            ascii.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            // A string takes everything.
            let _ = write!(ascii, "\\u{unit:04x}");
        }
    }
    ascii
}

/// Bytes as the value of a `-bin` header.
pub(crate) fn binary(bytes: &[u8]) -> HeaderValue {
    value(&BINARY.encode(bytes))
}

/// The bytes of a `-bin` header.
pub(crate) fn from_binary(value: &HeaderValue) -> Option<Bytes> {
    BINARY.decode(value.as_bytes()).ok().map(Bytes::from)
}

fn bytes(value: &HeaderValue) -> Bytes {
    Bytes::copy_from_slice(value.as_bytes())
}

/// Kitex's reader makes of a header's name the only kind of key that survives.
fn upper_snake(key: &str) -> Bytes {
    key.bytes()
        .map(|byte| match byte {
            b'-' => b'_',
            byte => byte.to_ascii_uppercase(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_beyond_ascii_is_read_but_not_written() {
        let json = "{\"a\":\"für 😀\u{7f}\"}";
        let written = ascii(json);
        assert_eq!(written, r#"{"a":"f\u00fcr \ud83d\ude00\u007f"}"#);
        let read: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(read["a"], "für 😀\u{7f}");
        let mut headers = HeaderMap::new();
        headers.insert(BIZ_EXTRA, HeaderValue::from_str("für").unwrap());
        assert_eq!(text(&headers, &BIZ_EXTRA), Some("für"));
    }

    #[test]
    fn of_values_for_one_key_kitex_takes_the_first() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("rpc-persist-trace", "1"),
            ("rpc-persist-trace", "2"),
            ("rpc-transit-tenant", "3"),
            ("rpc-persist-trace", "4"),
            ("rpc-transit-tenant", "5"),
            ("x-plain", "6"),
            ("x-plain", "7"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        let metadata = metadata(&headers);
        assert_eq!(metadata.persistent("TRACE"), Some("1"));
        assert_eq!(metadata.transient("TENANT"), Some("3"));
        assert_eq!(metadata.iter().count(), 4);
    }

    #[test]
    fn an_application_has_no_say_in_how_http_works() {
        let mut headers = HeaderMap::new();
        for name in [
            "Connection",
            "Upgrade",
            "content-length",
            "grpc-status",
            "TE",
        ] {
            assert!(!put(name.as_bytes(), b"1", &mut headers), "{name}");
        }
        assert!(!put(b"a", b"1\r\nb: 2", &mut headers));
        assert!(put(b"Sum-Bin", b"\0", &mut headers));
        assert_eq!(headers.len(), 1);
        assert_eq!(headers["sum-bin"], "AA");
    }
}
