//! The keys that Kitex assigns (cloudwego/gopkg `protocol/ttheader/metakey.go`).
//!
//! "Client" and "server" say who writes a key in Kitex's open-source version: with *handlers*,
//! only when its `ClientTTHeaderHandler` or `ServerTTHeaderHandler` is installed. Ids that are not
//! listed are reserved, and neither written nor read by anybody.

/// Request, client with handlers: `framed` or `unframed`. Nobody reads it.
pub const TRANSPORT_TYPE: u16 = 1;
/// The id of a request in logs. Written by nobody; read when a payload's checksum is checked.
pub const LOG_ID: u16 = 2;
/// Request, client with handlers: the caller's service, may be empty. A server always reads it.
pub const FROM_SERVICE: u16 = 3;
/// Request, client with handlers: the destination that the client was made with, which is a name
/// for discovery and not the IDL's. A server does not read it, see [`SERVICE_NAME`].
pub const TO_SERVICE: u16 = 6;
/// Request, client with handlers; in streams every frame: the method.
pub const TO_METHOD: u16 = 9;
/// Request, client with handlers: the timeout in milliseconds, decimal, when one was set. Read by
/// a server with handlers.
pub const RPC_TIMEOUT: u16 = 12;
/// Request, client with handlers: the connect timeout in milliseconds, decimal, when one was set.
/// Nobody reads it.
pub const CONNECT_TIMEOUT: u16 = 17;
/// Request, client with handlers: the caller's method, may be empty. Read by a server with
/// handlers.
pub const FROM_METHOD: u16 = 20;
/// The Thrift message type in decimal, both sides with handlers. Nobody reads it.
pub const MESSAGE_TYPE: u16 = 22;
/// What a frame of a stream is: `1` meta, `2` header, `3` data, `4` trailer, `5` reset.
pub const FRAME_TYPE: u16 = 27;

/// Request, client with handlers; in streams the first frame: the IDL's service name, without
/// package. A server always reads it.
pub const SERVICE_NAME: &[u8] = b"isn";
/// Either way: the real address `ip:port` of the sender, from a proxy that knows it.
pub const REMOTE_ADDRESS: &[u8] = b"rip";
/// Reply, server with handlers: `1` when the connection will be closed and must not be used again.
pub const CONNECTION_RESET: &[u8] = b"crrst";
/// Reply, server with handlers: the number of a business error, decimal.
pub const BIZ_STATUS: &[u8] = b"biz-status";
/// Reply, server with handlers: the text of a business error.
pub const BIZ_MESSAGE: &[u8] = b"biz-message";
/// Reply, server with handlers: the extra values of a business error, a JSON object.
pub const BIZ_EXTRA: &[u8] = b"biz-extra";
/// Either way, when switched on: the CRC-32C of all bytes behind the header, in hex.
pub const CRC32C: &[u8] = b"crc32c";
/// Streams, a reset frame: the services that the cancellation came through, with commas.
pub const CANCEL_PATH: &[u8] = b"ttscp";
/// Request: what the prefixes of metadata have in common.
pub const METADATA_PREFIX: &[u8] = b"RPC_";
/// Request: metadata with this prefix is for the next service only; it travels with
/// [`TRANSIENT_UPSTREAM_PREFIX`] when it was set before that.
pub const TRANSIENT_PREFIX: &[u8] = b"RPC_TRANSIT_";
/// Request: transient metadata that the caller itself received.
pub const TRANSIENT_UPSTREAM_PREFIX: &[u8] = b"RPC_TRANSIT_UPSTREAM_";
/// Request: metadata with this prefix is passed on from service to service.
pub const PERSISTENT_PREFIX: &[u8] = b"RPC_PERSIST_";
/// The transient metadata that has a section of its own (0x11) instead of standing among the
/// string keys.
pub const ACL_TOKEN: &[u8] = b"RPC_TRANSIT_gdpr-token";

/// What Kitex calls an int key, reserved ones included.
///
/// # Examples
///
/// ```
/// use polyport_wire::ttheader::keys;
///
/// assert_eq!(keys::int_name(keys::RPC_TIMEOUT), Some("RPCTimeout"));
/// assert_eq!(keys::int_name(1000), None);
/// ```
#[must_use]
pub fn int_name(key: u16) -> Option<&'static str> {
    INT_NAMES.get(usize::from(key)).copied()
}

/// By the number of the key.
const INT_NAMES: [&str; 28] = [
    "MeshVersion",
    "TransportType",
    "LogID",
    "FromService",
    "FromCluster",
    "FromIDC",
    "ToService",
    "ToCluster",
    "ToIDC",
    "ToMethod",
    "Env",
    "DestAddress",
    "RPCTimeout",
    "ReadTimeout",
    "RingHashKey",
    "DDPTag",
    "WithMeshHeader",
    "ConnectTimeout",
    "SpanContext",
    "ShortConnection",
    "FromMethod",
    "StressTag",
    "MsgType",
    "HTTPContentType",
    "RawRingHashKey",
    "LBType",
    "ClusterShardID",
    "FrameType",
];
