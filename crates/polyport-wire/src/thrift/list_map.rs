//! Maps by what has no hash, such as doubles: a list of pairs that is used like a map.

use std::ops::Index;
use std::{iter, slice, vec};

use crate::error::DecodeError;
use crate::thrift::reader::Reader;
use crate::thrift::value::{Value, WireType, first_capacity};
use crate::thrift::writer::Writer;

/// A map whose keys need no hash: doubles, sets and other maps, and structs that hold them.
///
/// Generated code uses it where a `HashMap` cannot stand. Pairs are kept in a list, in the order in
/// which they were added or came, so that looking for one takes time in proportion to their number.
/// Decoding does not look: if a peer sends a key twice, which a map does not have, both pairs are
/// there, and the last one is what the key stands for.
///
/// # Examples
///
/// ```
/// use polyport_wire::thrift::ListMap;
///
/// let mut names = ListMap::from([(0.5, "half"), (2.0, "two")]);
/// assert_eq!(names.insert(2.0, "twice"), Some("two"));
/// assert_eq!(names.get(&2.0), Some(&"twice"));
/// assert_eq!(names[&0.5], "half");
/// assert_eq!(names, ListMap::from([(2.0, "twice"), (0.5, "half")]));
/// for (number, name) in &names {
///     println!("{number} is {name}");
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ListMap<K, V> {
    pairs: Vec<(K, V)>,
}

impl<K, V> ListMap<K, V> {
    /// A map without pairs.
    #[must_use]
    pub const fn new() -> Self {
        Self { pairs: Vec::new() }
    }

    /// How many pairs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The pairs in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.into_iter()
    }

    /// The keys in their order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.pairs.iter().map(|(key, _)| key)
    }

    /// The values in the order of the keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.pairs.iter().map(|(_, value)| value)
    }

    /// The pairs in their order.
    #[must_use]
    pub fn as_slice(&self) -> &[(K, V)] {
        &self.pairs
    }

    /// The pairs in their order.
    #[must_use]
    pub fn into_vec(self) -> Vec<(K, V)> {
        self.pairs
    }
}

impl<K: PartialEq, V> ListMap<K, V> {
    /// What a key stands for.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        let mut from_last = self.pairs.iter().rev();
        from_last
            .find(|(other, _)| other == key)
            .map(|(_, value)| value)
    }

    /// What a key stands for, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let mut from_last = self.pairs.iter_mut().rev();
        from_last
            .find(|(other, _)| other == key)
            .map(|(_, value)| value)
    }

    /// Whether a key is there.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Lets a key stand for a value, and gives the one that it stood for.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.get_mut(&key) {
            Some(current) => Some(std::mem::replace(current, value)),
            None => {
                self.pairs.push((key, value));
                None
            }
        }
    }

    /// Takes a key out, and gives what it stood for.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.pairs.iter().rposition(|(other, _)| other == key)?;
        let (_, value) = self.pairs.remove(place);
        self.pairs.retain(|(other, _)| other != key);
        Some(value)
    }
}

/// As maps: in any order.
impl<K: PartialEq, V: PartialEq> PartialEq for ListMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        let holds_all = |a: &Self, b: &Self| {
            b.keys()
                .all(|key| a.get(key).is_some() && a.get(key) == b.get(key))
        };
        self.pairs == other.pairs || (holds_all(self, other) && holds_all(other, self))
    }
}

impl<K: Eq, V: Eq> Eq for ListMap<K, V> {}

impl<K, V> Default for ListMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

/// # Panics
///
/// When the key is not there.
impl<K: PartialEq, V> Index<&K> for ListMap<K, V> {
    type Output = V;

    fn index(&self, key: &K) -> &V {
        self.get(key).expect("the map holds the key")
    }
}

/// The list as it is: equal keys are not looked for.
impl<K, V> From<Vec<(K, V)>> for ListMap<K, V> {
    fn from(pairs: Vec<(K, V)>) -> Self {
        Self { pairs }
    }
}

impl<K: PartialEq, V, const N: usize> From<[(K, V); N]> for ListMap<K, V> {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl<K: PartialEq, V> FromIterator<(K, V)> for ListMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut map = Self::new();
        map.extend(pairs);
        map
    }
}

impl<K: PartialEq, V> Extend<(K, V)> for ListMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.insert(key, value);
        }
    }
}

impl<K, V> IntoIterator for ListMap<K, V> {
    type Item = (K, V);
    type IntoIter = vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.pairs.into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a ListMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = iter::Map<slice::Iter<'a, (K, V)>, fn(&'a (K, V)) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.pairs.iter().map(|(key, value)| (key, value))
    }
}

impl<K: Value, V: Value> Value for ListMap<K, V> {
    const TYPE: WireType = WireType::MAP;
    const MINIMUM_SIZE: usize = 6;

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) {
        out.map::<K, V>(self.len());
        for (key, value) in &self.pairs {
            key.encode(out);
            value.encode(out);
        }
    }

    #[inline]
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = input.map::<K, V>()?;
        let mut pairs = Vec::with_capacity(first_capacity::<(K, V)>(count));
        for _ in 0..count {
            pairs.push((K::decode(input)?, V::decode(input)?));
        }
        Ok(Self { pairs })
    }
}
