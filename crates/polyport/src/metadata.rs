//! Keys and values that travel beside a call, which Kitex calls metainfo.

use std::fmt;

use bytes::Bytes;
use polyport_wire::ttheader::{Header, keys};

/// Keys and values of one call, in one direction.
///
/// *Transient* ones reach the next server and no further; *persistent* ones are passed on by every
/// call that is made [within](crate::client::ClientCall::within) the context they came with. What a
/// server sends back, *backward* metadata, has only one kind and is found with
/// [`get`](Self::get) as well.
///
/// Buffered and Framed carry no metadata at all. Keys and values that are empty are never sent,
/// like in Kitex.
///
/// # Examples
///
/// ```
/// let mut metadata = polyport::Metadata::default();
/// metadata.insert("tenant", "7");
/// metadata.insert_persistent("trace", "abc");
/// assert_eq!(metadata.get("tenant"), Some("7"));
/// assert_eq!(metadata.persistent("tenant"), None);
/// ```
#[derive(Clone, Default)]
pub struct Metadata {
    entries: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    reach: Reach,
    key: Bytes,
    value: Bytes,
    /// Whether the key came by HTTP/2, which forgets case and what parts the words.
    is_folded: bool,
}

impl Entry {
    fn has_key(&self, key: &[u8]) -> bool {
        let fold = |byte: &u8| match byte {
            b'-' => b'_',
            byte => byte.to_ascii_lowercase(),
        };
        self.key == key
            || self.is_folded
                && self.key.len() == key.len()
                && self.key.iter().map(fold).eq(key.iter().map(fold))
    }
}

/// How far a pair travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To the next server, as a plain header of HTTP/2.
    Header,
    Transient,
    /// Transient, and set by a server before the caller.
    Upstream,
    Persistent,
}

impl Reach {
    /// What the prefix of a key says, and the key without it.
    fn of_request_key(key: &[u8]) -> Option<(Self, &[u8])> {
        if !key.starts_with(keys::METADATA_PREFIX) {
            return None;
        }
        // The longer prefix first: it begins with the shorter one.
        [
            (Self::Upstream, keys::TRANSIENT_UPSTREAM_PREFIX),
            (Self::Transient, keys::TRANSIENT_PREFIX),
            (Self::Persistent, keys::PERSISTENT_PREFIX),
        ]
        .into_iter()
        .find_map(|(reach, prefix)| Some((reach, key.strip_prefix(prefix)?)))
    }
}

impl Metadata {
    /// Sets a pair for the next server, or in a reply for the caller.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.set(Reach::Transient, key.into().into(), value.into().into());
    }

    /// Sets a pair for this call and all that are made within it.
    pub fn insert_persistent(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.set(Reach::Persistent, key.into().into(), value.into().into());
    }

    /// Sets a plain header for the next server, or in a reply for the caller. Only HTTP/2 carries it.
    /// The value of a key that ends with `-bin` may be any bytes.
    pub fn insert_header(&mut self, key: impl Into<String>, value: impl Into<Bytes>) {
        self.set(Reach::Header, key.into().into(), value.into());
    }

    /// Takes away all that has this key, however far it would travel, for a layer that keeps it from those
    /// behind it. Says whether there was anything.
    ///
    /// # Examples
    ///
    /// ```
    /// use polyport::{Call, Layer, Next, Reply};
    ///
    /// /// Lets no caller say who it is.
    /// struct Anonymous;
    ///
    /// impl Layer for Anonymous {
    ///     async fn call(&self, mut call: Call, next: Next<'_>) -> Reply {
    ///         call.context.metadata_mut().remove("user");
    ///         next.call(call).await
    ///     }
    /// }
    /// ```
    pub fn remove(&mut self, key: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| !entry.has_key(key.as_bytes()));
        self.entries.len() < before
    }

    /// The value of a key: the transient one, else the persistent one, else the header's. `None` also when the value
    /// is not UTF-8; see [`bytes`](Self::bytes).
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        text(self.bytes(key)?)
    }

    /// As [`get`](Self::get), for values that are not text.
    #[must_use]
    pub fn bytes(&self, key: &str) -> Option<&Bytes> {
        self.find_transient(key)
            .or_else(|| self.find(Reach::Persistent, key))
            .or_else(|| self.find(Reach::Header, key))
    }

    /// The value of a transient key: the caller's, else what a server before it set.
    #[must_use]
    pub fn transient(&self, key: &str) -> Option<&str> {
        text(self.find_transient(key)?)
    }

    /// The value of a persistent key.
    #[must_use]
    pub fn persistent(&self, key: &str) -> Option<&str> {
        text(self.find(Reach::Persistent, key)?)
    }

    /// Every pair whose key and value are text, persistent and transient alike. A key may stand more
    /// than once; the last one counts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .filter_map(|entry| Some((text(&entry.key)?, text(&entry.value)?)))
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes over what a request's string key carries; keys without a prefix are not metadata.
    pub(crate) fn receive(&mut self, header: &Header, key: &[u8], value: &[u8]) {
        if let Some((reach, key)) = Reach::of_request_key(key) {
            self.push(reach, header.share(key), header.share(value));
        }
    }

    /// What a reply's string keys carry, without those that `reserved` says are the framework's.
    pub(crate) fn from_reply(header: &Header, reserved: fn(&[u8]) -> bool) -> Self {
        let mut metadata = Self::default();
        for (key, value) in header.strings() {
            if !reserved(key) {
                metadata.push(Reach::Transient, header.share(key), header.share(value));
            }
        }
        metadata
    }

    /// Every pair with its reach.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Reach, &[u8], &[u8])> {
        self.entries
            .iter()
            .map(|entry| (entry.reach, &entry.key[..], &entry.value[..]))
    }

    /// The pairs as keys and values of a request's string section.
    pub(crate) fn to_request(&self) -> impl Iterator<Item = (Vec<u8>, &[u8])> {
        self.entries.iter().filter_map(|entry| {
            let prefix = match entry.reach {
                Reach::Header => return None,
                Reach::Transient => keys::TRANSIENT_PREFIX,
                Reach::Upstream => keys::TRANSIENT_UPSTREAM_PREFIX,
                Reach::Persistent => keys::PERSISTENT_PREFIX,
            };
            Some(([prefix, &entry.key].concat(), &entry.value[..]))
        })
    }

    /// The pairs as keys and values of a reply's string section.
    pub(crate) fn to_reply(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries
            .iter()
            .filter(|entry| entry.reach != Reach::Header)
            .map(|entry| (&entry.key[..], &entry.value[..]))
    }

    /// Takes over all pairs of `other`, as what they are: plain headers stay that, for one.
    pub fn extend(&mut self, other: Self) {
        self.entries.extend(other.entries);
    }

    /// Takes over the persistent pairs of `other` that are not set here.
    pub(crate) fn inherit(&mut self, other: &Self) {
        let own: Vec<Bytes> = self
            .entries
            .iter()
            .filter(|entry| entry.reach == Reach::Persistent)
            .map(|entry| entry.key.clone())
            .collect();
        let inherited = other.entries.iter().filter(|entry| {
            entry.reach == Reach::Persistent && !own.iter().any(|key| entry.has_key(key))
        });
        self.entries.extend(inherited.cloned());
    }

    fn set(&mut self, reach: Reach, key: Bytes, value: Bytes) {
        match self.position(reach, &key) {
            Some(index) if !value.is_empty() => self.entries[index].value = value,
            _ => self.push(reach, key, value),
        }
    }

    /// Adds a pair without looking for an older one of its key, of which a peer may send thousands:
    /// of equal keys the last one counts.
    fn push(&mut self, reach: Reach, key: Bytes, value: Bytes) {
        self.add(reach, key, value, false);
    }

    /// The same for a pair that came by HTTP/2.
    pub(crate) fn push_folded(&mut self, reach: Reach, key: Bytes, value: Bytes) {
        self.add(reach, key, value, true);
    }

    fn add(&mut self, reach: Reach, key: Bytes, value: Bytes, is_folded: bool) {
        if !key.is_empty() && !value.is_empty() {
            self.entries.push(Entry {
                reach,
                key,
                value,
                is_folded,
            });
        }
    }

    fn find_transient(&self, key: &str) -> Option<&Bytes> {
        self.find(Reach::Transient, key)
            .or_else(|| self.find(Reach::Upstream, key))
    }

    fn find(&self, reach: Reach, key: &str) -> Option<&Bytes> {
        let index = self.position(reach, key.as_bytes())?;
        Some(&self.entries[index].value)
    }

    fn position(&self, reach: Reach, key: &[u8]) -> Option<usize> {
        self.entries
            .iter()
            .rposition(|entry| entry.reach == reach && entry.has_key(key))
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

fn text(bytes: &Bytes) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use polyport_wire::limits::Limits;
    use polyport_wire::ttheader::HeaderRef;

    use super::*;

    #[test]
    fn a_request_is_sorted_by_prefix() {
        let strings: [(&[u8], &[u8]); 6] = [
            ("RPC_TRANSIT_a", "1"),
            ("RPC_PERSIST_a", "2"),
            ("RPC_TRANSIT_UPSTREAM_b", "3"),
            ("isn", "ServiceA"),
            ("RPC_TRANSIT_empty", ""),
            ("RPC_TRANSIT_", "no key"),
        ]
        .map(|(key, value): (&str, &str)| (key.as_bytes(), value.as_bytes()));
        let header = HeaderRef {
            strings: &strings,
            ..HeaderRef::default()
        };
        let mut frame = BytesMut::new();
        header.encode(&mut frame, |_| Ok(())).unwrap();
        let (header, _) = Header::decode(frame.freeze(), &Limits::default()).unwrap();
        let mut metadata = Metadata::default();
        for (key, value) in header.strings() {
            metadata.receive(&header, key, value);
        }
        assert_eq!(metadata.transient("a"), Some("1"));
        assert_eq!(metadata.persistent("a"), Some("2"));
        assert_eq!(metadata.get("b"), Some("3"));
        assert_eq!(metadata.iter().count(), 3);
    }

    #[test]
    fn headers_are_for_http2_alone() {
        let mut metadata = Metadata::default();
        metadata.insert("tenant", "7");
        metadata.insert_header("x-checksum", "8");
        assert_eq!(metadata.get("x-checksum"), Some("8"));
        let keys: Vec<_> = metadata.to_reply().map(|(key, _)| key).collect();
        assert_eq!(keys, [b"tenant"]);
        let keys: Vec<_> = metadata.to_request().map(|(key, _)| key).collect();
        assert_eq!(keys, [b"RPC_TRANSIT_tenant"]);
    }

    #[test]
    fn what_is_removed_is_gone_in_every_reach() {
        let mut metadata = Metadata::default();
        metadata.insert("user", "ada");
        metadata.insert_persistent("user", "ada");
        let (key, value) = (Bytes::from_static(b"USER"), Bytes::from_static(b"ada"));
        metadata.push_folded(Reach::Upstream, key, value);
        metadata.insert("tenant", "7");
        assert!(metadata.remove("user"));
        assert_eq!(metadata.iter().collect::<Vec<_>>(), [("tenant", "7")]);
        assert!(!metadata.remove("user"));
    }

    #[test]
    fn only_persistent_pairs_are_inherited_and_none_is_overwritten() {
        let mut from = Metadata::default();
        from.insert("t", "1");
        from.insert_persistent("p", "2");
        from.insert_persistent("q", "3");
        let mut to = Metadata::default();
        to.insert_persistent("p", "own");
        to.inherit(&from);
        assert_eq!(to.get("t"), None);
        assert_eq!(to.persistent("p"), Some("own"));
        assert_eq!(to.persistent("q"), Some("3"));
    }

    #[test]
    fn a_pair_that_came_by_http2_gives_way_to_one_in_other_letters() {
        let mut from = Metadata::default();
        let (key, value) = (Bytes::from_static(b"TRACE_ID"), Bytes::from_static(b"old"));
        from.push_folded(Reach::Persistent, key, value);
        let mut to = Metadata::default();
        to.insert_persistent("trace-id", "new");
        to.inherit(&from);
        assert_eq!(to.iter().collect::<Vec<_>>(), [("trace-id", "new")]);
    }
}
