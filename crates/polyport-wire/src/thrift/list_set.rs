//! Sets of what has no hash, such as doubles: a list that is used like a set.

use std::slice;
use std::vec;

use crate::error::DecodeError;
use crate::thrift::reader::Reader;
use crate::thrift::value::{Value, WireType};
use crate::thrift::writer::Writer;

/// A set whose elements need no hash: doubles, other sets and maps, and structs that hold them.
///
/// Generated code uses it where a `HashSet` cannot stand. Elements are kept in a list, in the order
/// in which they were added or came, so that looking for one takes time in proportion to their
/// number. Decoding does not look: if a peer sends equal elements, which a set does not have, all
/// of them are there, as in Kitex.
///
/// # Examples
///
/// ```
/// use polyport_wire::thrift::ListSet;
///
/// let mut ratios = ListSet::from([0.5, 2.0, 0.5]);
/// assert!(ratios.insert(1.0));
/// assert!(!ratios.insert(2.0));
/// assert!(ratios.contains(&0.5));
/// assert_eq!(ratios.as_slice(), [0.5, 2.0, 1.0]);
/// assert_eq!(ratios, ListSet::from([1.0, 2.0, 0.5]));
/// ```
#[derive(Clone, Debug)]
pub struct ListSet<T> {
    elements: Vec<T>,
}

impl<T> ListSet<T> {
    /// A set without elements.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            elements: Vec::new(),
        }
    }

    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// The elements in their order.
    pub fn iter(&self) -> slice::Iter<'_, T> {
        self.elements.iter()
    }

    /// The elements in their order.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.elements
    }

    /// The elements in their order.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.elements
    }
}

impl<T: PartialEq> ListSet<T> {
    /// Whether an element is there.
    #[must_use]
    pub fn contains(&self, element: &T) -> bool {
        self.elements.contains(element)
    }

    /// Adds an element at the end, unless it is there; tells whether it was added.
    pub fn insert(&mut self, element: T) -> bool {
        let is_new = !self.contains(&element);
        if is_new {
            self.elements.push(element);
        }
        is_new
    }

    /// Takes an element out; tells whether it was there.
    pub fn remove(&mut self, element: &T) -> bool {
        let before = self.len();
        self.elements.retain(|other| other != element);
        self.len() < before
    }
}

/// As sets: in any order.
impl<T: PartialEq> PartialEq for ListSet<T> {
    fn eq(&self, other: &Self) -> bool {
        let holds_all = |a: &Self, b: &Self| b.iter().all(|element| a.contains(element));
        self.elements == other.elements || (holds_all(self, other) && holds_all(other, self))
    }
}

impl<T: Eq> Eq for ListSet<T> {}

impl<T> Default for ListSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The list as it is: equal elements are not looked for.
impl<T> From<Vec<T>> for ListSet<T> {
    fn from(elements: Vec<T>) -> Self {
        Self { elements }
    }
}

impl<T: PartialEq, const N: usize> From<[T; N]> for ListSet<T> {
    fn from(elements: [T; N]) -> Self {
        elements.into_iter().collect()
    }
}

impl<T: PartialEq> FromIterator<T> for ListSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut set = Self::new();
        set.extend(elements);
        set
    }
}

impl<T: PartialEq> Extend<T> for ListSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        for element in elements {
            self.insert(element);
        }
    }
}

impl<T> IntoIterator for ListSet<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.elements.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a ListSet<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Value> Value for ListSet<T> {
    const TYPE: WireType = WireType::SET;
    const MINIMUM_SIZE: usize = 5;

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) {
        out.list::<T>(self.len());
        T::encode_all(&self.elements, out);
    }

    #[inline]
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = input.list::<T>()?;
        T::decode_all(input, count).map(Self::from)
    }
}
