//! What a cell must show, by who serves, over what, and whether the service is named.

use serde_json::{Value, json};

use crate::peers::Implementation;

/// The ways to make a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) server: Implementation,
    pub(crate) transport: &'static str,
    pub(crate) named: bool,
}

impl Way {
    /// Whether the transport has a place for names and metadata.
    pub(crate) fn has_header(&self) -> bool {
        matches!(self.transport, "ttheader" | "ttheader-framed" | "mux")
    }

    /// Whether the server sees the service's name.
    pub(crate) fn names_service(&self) -> bool {
        self.has_header() && self.named
    }

    /// The transport's name as servers print it.
    pub(crate) fn printed_transport(&self) -> &'static str {
        match self.transport {
            "buffered" => "PurePayload",
            "framed" => "Framed",
            "ttheader" => "TTHeader",
            _ => "TTHeader|Framed",
        }
    }

    /// A business status: Kitex's client sees it only with its TTHeader handler; without TTHeader
    /// Kitex's server loses it, and Polyport's makes an exception of it.
    pub(crate) fn biz(&self, code: i32, message: &str, extra: &Value, kitex_client: bool) -> Value {
        let text = format!("biz error: code={code}, msg={message}");
        match (self.has_header(), self.server) {
            (true, _) if kitex_client && !self.named => json!({ "ok": null }),
            (true, _) => json!({ "biz": { "code": code, "message": message, "extra": extra } }),
            (false, Implementation::Polyport) => json!({ "error": { "type": 6, "message": text } }),
            // A result that is missing: Kitex's client takes it for an empty one, ours does not.
            (false, Implementation::Kitex) if kitex_client => json!({ "ok": null }),
            (false, Implementation::Kitex) => {
                json!({ "error": { "type": 5, "message": "missing result" } })
            }
        }
    }

    /// What `who` answers.
    pub(crate) fn who(&self, service: &str, method: &str, caller: &str, reason: &str) -> String {
        let caller = if self.names_service() { caller } else { "" };
        let transport = self.printed_transport();
        let who = format!("{service}/{method} caller={caller} transport={transport}");
        match self.server {
            Implementation::Kitex => who,
            Implementation::Polyport => format!("{who} kind=unary reason={reason}"),
        }
    }
}

pub(crate) fn message(text: &str) -> Value {
    json!({ "ok": { "message": text } })
}

pub(crate) fn exception(type_id: i32, text: &str) -> Value {
    json!({ "error": { "type": type_id, "message": text } })
}
