//! What the benches measure: generated messages with something in them.

pub use messages::{Echo, EchoClient, EchoServer, Inner, Kind, Large, Medium, Row, Small};

use bytes::Bytes;

polyport::include_idl!("messages");

/// A message of one short string.
#[must_use]
pub fn small() -> Small {
    Small {
        message: "a message of thirty-six characters..".to_owned(),
    }
}

/// A message of every kind of field.
#[must_use]
pub fn medium() -> Medium {
    let text = str::to_owned;
    Medium {
        id: text("0190b0a4-6c3c-7d5e-9d3c-5f1d2c3b4a59"),
        time: 1_720_000_000_000,
        count: 42,
        flag: true,
        score: 0.75,
        kind: Kind::URGENT,
        payload: Some(Bytes::from_static(&[7; 64])),
        tags: [("region", "north"), ("tenant", "7"), ("stage", "test")]
            .map(|(key, value)| (text(key), text(value)))
            .into(),
        names: ["first", "second", "third", "fourth"].map(text).to_vec(),
        inner: Inner {
            name: text("inner"),
            number: -1,
            values: (0..8).collect(),
        },
    }
}

/// A page of 100 rows.
#[must_use]
pub fn large() -> Large {
    let row = |number: i32| Row {
        id: number.into(),
        name: format!("row number {number}"),
        score: f64::from(number) / 3.0,
        values: (0..10).collect(),
        note: (number % 3 == 0).then(|| "every third row has a note".to_owned()),
    };
    Large {
        rows: (0..100).map(row).collect(),
        cursor: "next".to_owned(),
    }
}
