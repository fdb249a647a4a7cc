//! The messages that are compared.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use bytes::Bytes;

use crate::codec::{Blob, Numbers, Rows, Small, Tags, Text};
use crate::types::{Choice, Color, Everything, Inner, Tree};
use crate::{Arguments, compare, theirs};

pub(crate) fn each(to: &Arguments) -> Result<()> {
    compare::<_, theirs::codec::Small>(to, "small struct", &small(1))?;
    for (name, size) in [
        ("string 16 B", 16),
        ("string 1 KiB", 1024),
        ("string 64 KiB", 65536),
    ] {
        let text = "x".repeat(size);
        compare::<_, theirs::codec::Text>(to, name, &Text { text })?;
    }
    let bytes = Bytes::from(vec![7; 1024]);
    compare::<_, theirs::codec::Blob>(to, "binary 1 KiB", &Blob { bytes })?;
    let numbers = (0..1000).map(|number| number * number).collect();
    compare::<_, theirs::codec::Numbers>(to, "list of 1000 i64", &Numbers { numbers })?;
    let rows = (0..100).map(small).collect();
    compare::<_, theirs::codec::Rows>(to, "list of 100 structs", &Rows { rows })?;
    let tags = (0..100).map(|number| (format!("key {number}"), format!("value {number}")));
    let tags = tags.collect();
    compare::<_, theirs::codec::Tags>(to, "map of 100 strings", &Tags { tags })?;
    compare::<_, theirs::types::Everything>(to, "everything, nested", &everything())
}

fn small(number: i64) -> Small {
    Small {
        message: "a message of thirty-six characters..".to_owned(),
        id: number,
        count: 42,
        flag: true,
        score: 0.75,
    }
}

fn inner(name: &str) -> Inner {
    Inner {
        name: name.to_owned(),
        rank: Some(3),
        note: "a note on it".to_owned(),
    }
}

fn tree(depth: u32) -> Tree {
    let children = match depth {
        0 => Vec::new(),
        _ => vec![tree(depth - 1), tree(depth - 1)],
    };
    Tree {
        label: format!("at depth {depth}"),
        children,
    }
}

fn everything() -> Everything {
    let words = ["one", "two", "three", "four"];
    Everything {
        flag: true,
        small: -1,
        short_number: 300,
        number: 70_000,
        long_number: 1 << 40,
        ratio: 0.5,
        text: "some text of an ordinary length".to_owned(),
        blob: Bytes::from_static(&[7; 100]),
        color: Color::GREEN,
        id: 17,
        numbers: (0..20).collect(),
        words: words.map(str::to_owned).into(),
        counts: words.map(|word| (word.to_owned(), 1)).into(),
        nested: (0..3).map(|key| (key, words.map(inner).to_vec())).collect(),
        inner: inner("inner"),
        choice: Some(Choice::Text("chosen".to_owned())),
        deep: vec![HashMap::from([(
            "set".to_owned(),
            HashSet::from([1, 2, 3]),
        )])],
        tree: Some(tree(3)),
        with_default: 8,
        absent: None,
        by_name: words.map(|word| (word.to_owned(), inner(word))).into(),
    }
}
