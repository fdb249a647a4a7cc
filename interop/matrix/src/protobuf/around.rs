//! What stands around the messages of a stream: metadata and headers before the first one, trailers
//! behind the last one, and the end of a call whose client still has much to say, which is stopped by
//! a reset.

use serde_json::{Value, json};

use super::Column;
use crate::implementations::Implementation;

const TRAIL: &str = "trail:tkey=tval";

pub(super) fn run(column: &mut Column<'_>) {
    let pair = column.pair;
    // Handlers of tonic have no place for what they say beside an item.
    if pair.server != Implementation::Tonic {
        before(column);
        let ok = json!({ "message": "ok" });
        set(column, "ServiceA", "onlyA", &pair.request(TRAIL), &ok);
        let items = json!([pair.item(1, "a"), pair.item(2, TRAIL)]);
        let echoes = json!([pair.item(1, "echo a"), pair.item(2, "ok")]);
        set(column, "Streams", "bidirectional", &items, &echoes);
        let request = json!([pair.item(1, TRAIL)]);
        let counted = json!([pair.item(0, "ok")]);
        set(column, "Streams", "server", &request, &counted);
    }
    for method in ["bidirectional", "client"] {
        enough(column, method);
    }
}

/// What is said before the first message, by each side.
fn before(column: &mut Column<'_>) {
    let pair = column.pair;
    let asks = ["meta:TKEY", "meta:PKEY", "meta:NONE"];
    let numbered = |words: [&str; 3]| -> Value {
        let items = (1..).zip(words);
        items
            .map(|(number, word)| pair.item(number, word))
            .collect()
    };
    let told = json!({ "ok": numbered(["tval", "pval", "absent"]) });
    let flags = ["--transient", "TKEY=tval", "--persistent", "PKEY=pval"];
    column.check_with("Streams", "bidirectional", &numbered(asks), &flags, &told);
    let items = json!([pair.item(1, "back:bkey=bval")]);
    let line = json!({ "ok": [pair.item(1, "ok")], "back": { "bkey": "bval" } });
    column.check("Streams", "bidirectional", &items, &line);
}

/// Compares the answer and the trailer.
fn set(column: &mut Column<'_>, service: &str, method: &str, json: &Value, answer: &Value) {
    // Some clients do not tell trailers from headers.
    let merges = matches!(
        column.pair.client,
        Implementation::Polyport | Implementation::Tonic
    );
    let flags: &[&str] = if merges { &[] } else { &["--trailers"] };
    let line = column.call(service, method, json, flags);
    let trailer = match merges {
        true => &line["back"]["tkey"],
        false => &line["trailers"]["tkey"][0],
    };
    let seen = json!({ "ok": line["ok"], "trailer": trailer });
    let expected = json!({ "ok": answer, "trailer": "tval" });
    let cell = format!("{service}/{method} trailer");
    column.report.compare(&column.name, &cell, &expected, &seen);
}

/// More than the stream's first window holds stands behind the item that ends the call.
fn enough(column: &mut Column<'_>, method: &str) {
    let pair = column.pair;
    let text = "z".repeat(10_000);
    let more = (2..=11).map(|number| pair.item(number, &text));
    let items: Value = [pair.item(1, "error:enough")]
        .into_iter()
        .chain(more)
        .collect();
    let expected = pair.error("enough");
    column.check("Streams", method, &items, &expected);
}
