//! What a cell must show, by who serves, over what, and whether the service is named.

use serde_json::{Value, json};

use crate::implementations::{Implementation, Naming};

/// The ways to make a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) client: Implementation,
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
        match self.client.naming() {
            Naming::Header if self.server.wants_multiplexed_names() => self.named,
            Naming::Header => self.has_header() && self.named,
            Naming::MethodName => self.named,
            Naming::Never => false,
        }
    }

    /// Whether the client can be asked to send metadata and the server what came of it, though not
    /// every transport takes it along.
    pub(crate) fn has_metadata(&self) -> bool {
        self.client.has_metadata() && self.server.has_metadata()
    }

    /// The servers of Volo and Apache serve whom nobody names from their default service alone.
    pub(crate) fn reaches(&self, service: &str) -> bool {
        let has_default = matches!(
            self.server,
            Implementation::Volo | Implementation::ApachePython
        );
        !has_default || self.names_service() || service == "ServiceA"
    }

    /// Metadata that comes back: Volo gives its keys a prefix that Kitex does not have, and sees only
    /// those with it.
    pub(crate) fn back(&self, key: &str) -> Option<String> {
        match (self.client, self.server) {
            _ if !self.has_header() => None,
            (Implementation::Volo, _) => None,
            (_, Implementation::Volo) => Some(format!("RPC_BACKWARD_{key}")),
            _ => Some(key.to_owned()),
        }
    }

    /// Python has none, and Volo's multiplexed client cannot read a reply that has one, whether
    /// it is Kitex's or ours.
    pub(crate) fn has_business_errors(&self) -> bool {
        let multiplexed_volo = self.client == Implementation::Volo && self.transport == "mux";
        let python = matches!(
            self.server,
            Implementation::Thriftpy2 | Implementation::ApachePython
        );
        !python && !multiplexed_volo
    }

    /// Volo's server writes the extra pairs into a text, in any order.
    pub(crate) fn orders_extra(&self) -> bool {
        self.server != Implementation::Volo
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

    /// An ordinary error of a handler; thriftpy2 drops the connection.
    pub(crate) fn error(&self, text: &str) -> Value {
        match self.server {
            Implementation::Thriftpy2 => lost(),
            Implementation::ApachePython => exception(6, "Internal error"),
            Implementation::Volo => exception(6, text),
            _ => exception(6, &format!("biz error: {text}")),
        }
    }

    /// An error with a type number.
    pub(crate) fn typed(&self, type_id: i32, text: &str) -> Value {
        match self.server {
            Implementation::Thriftpy2 | Implementation::ApachePython | Implementation::Volo => {
                exception(type_id, text)
            }
            _ => exception(type_id, &format!("{text} [biz error]")),
        }
    }

    /// A handler's panic; to thriftpy2 it is an error like any other, and Volo does not catch it.
    pub(crate) fn panic(&self, method: &str, text: &str) -> Value {
        match self.server {
            Implementation::Thriftpy2 | Implementation::Volo => lost(),
            Implementation::ApachePython => exception(6, "Internal error"),
            _ => exception(
                6,
                &format!(
                    "panic: [happened in biz handler, method={method}, please check the panic at \
                     the server side] {text}"
                ),
            ),
        }
    }

    /// A business status: Kitex's client sees it only with its TTHeader handler; without TTHeader
    /// Kitex's server loses it, and Polyport's makes an exception of it. Volo's server of several
    /// services sends an exception beside it, which comes first for Kitex's client and for ours.
    pub(crate) fn biz(&self, code: i32, message: &str, extra: &Value) -> Value {
        let kitex_client = self.client == Implementation::Kitex;
        let text = format!("biz error: code={code}, msg={message}");
        match (self.has_header(), self.server) {
            (_, Implementation::Volo) => {
                let pairs = extra.as_object().into_iter().flatten();
                let pairs = pairs
                    .map(|(key, value)| format!("{key}: {},", value.as_str().unwrap_or_default()));
                let pairs: String = pairs.collect();
                let text =
                    format!("status_code: {code}, status_message: {message}, extra: {pairs}");
                exception(6, &text)
            }
            (true, _) if kitex_client && !self.named => json!({ "ok": null }),
            (true, _) => json!({ "biz": { "code": code, "message": message, "extra": extra } }),
            // A result that is missing: Kitex's client takes it for an empty one, ours does not.
            (false, Implementation::Kitex) if kitex_client => json!({ "ok": null }),
            (false, Implementation::Kitex) => exception(5, "missing result"),
            (false, _) => exception(6, &text),
        }
    }

    /// What `who` answers.
    pub(crate) fn who(&self, service: &str, method: &str, caller: &str, reason: &str) -> String {
        let says_caller = self.named || self.client == Implementation::KitexOld;
        let caller = if self.has_header() && says_caller {
            caller
        } else {
            ""
        };
        let transport = self.printed_transport();
        let who = format!("{service}/{method} caller={caller} transport={transport}");
        match self.server {
            Implementation::Volo => format!("{service}/{method}"),
            Implementation::Polyport => format!("{who} kind=unary reason={reason}"),
            _ => who,
        }
    }
}

/// No answer: the connection ended, or something came that cannot be read.
pub(crate) fn lost() -> Value {
    json!({ "transport_error": true })
}

pub(crate) fn message(text: &str) -> Value {
    json!({ "ok": { "message": text } })
}

pub(crate) fn exception(type_id: i32, text: &str) -> Value {
    json!({ "error": { "type": type_id, "message": text } })
}
