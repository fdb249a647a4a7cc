//! What came of a call, for people or for programs.

use std::io::{Write, stderr};
use std::process::ExitCode;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use polyport::generic::Failure as CallFailure;
use polyport::{Metadata, Status, StatusKind, Transport};
use serde_json::{Map, Value, json};

use crate::args::TransportName;
use crate::failure::{Failure, numbered};
use crate::report::print_line;
use crate::terminal::{Color, Colors, visible_lines};

/// What the command exits with when the outcome is the application's own word.
const BUSINESS: u8 = 3;

/// Prints what comes of a call.
#[derive(Clone, Debug)]
pub(super) struct Printer {
    /// Whether everything is one JSON object a line.
    pub(super) json: bool,
    /// How the server was spoken to.
    pub(super) transport: Transport,
    /// An address that stands for another one, which is meant where the first is named.
    pub(super) meant: Option<(String, String)>,
}

impl Printer {
    /// The only answer.
    pub(super) fn answer(&self, value: &Value, metadata: &Metadata) -> Result<ExitCode, Failure> {
        if self.json {
            print_line(&with_metadata(json!({ "ok": value }), metadata))?;
        } else {
            print_line(value)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// A call that has no answer.
    pub(super) fn sent(&self) -> Result<ExitCode, Failure> {
        if self.json {
            print_line(&json!({ "ok": null }))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// One of the answers of a stream.
    pub(super) fn one_of_many(&self, value: &Value) -> Result<(), Failure> {
        match self.json {
            true => Ok(print_line(&json!({ "ok": value }))?),
            false => Ok(print_line(value)?),
        }
    }

    /// The end of a stream.
    pub(super) fn end(&self, metadata: &Metadata) -> Result<ExitCode, Failure> {
        if self.json && !metadata.is_empty() {
            print_line(&with_metadata(json!({}), metadata))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// What came in the place of an answer.
    pub(super) fn failure(
        &self,
        failure: &CallFailure,
        metadata: &Metadata,
    ) -> Result<ExitCode, Failure> {
        if self.json {
            print_line(&with_metadata(self.as_json(failure), metadata))?;
        } else {
            let error = Colors::on(&stderr()).paint(Color::Error, "error");
            let text = visible_lines(&self.as_text(failure));
            // Who cannot be told learns it from the status.
            let _ = writeln!(stderr(), "{error}: {text}");
        }
        Ok(match failure {
            CallFailure::Status(status) if status.biz().is_some() => ExitCode::from(BUSINESS),
            _ => ExitCode::FAILURE,
        })
    }

    fn as_json(&self, failure: &CallFailure) -> Value {
        let status = match failure {
            CallFailure::Exception { name, value } => {
                return json!({ "exception": { "name": name, "value": value } });
            }
            CallFailure::Status(status) => status,
            other => return json!({ "transport_error": other.to_string() }),
        };
        match status.kind() {
            StatusKind::Biz(biz) => json!({
                "biz": { "code": biz.code, "message": biz.message, "extra": biz.extra }
            }),
            StatusKind::Timeout => json!({ "timeout": self.own_word(status) }),
            StatusKind::Transport => json!({ "transport_error": self.own_word(status) }),
            _ => json!({ "error": error_json(status) }),
        }
    }

    fn as_text(&self, failure: &CallFailure) -> String {
        let status = match failure {
            CallFailure::Exception { name, value } => return format!("thrown {name}: {value}"),
            CallFailure::Status(status) => status,
            other => return other.to_string(),
        };
        match status.kind() {
            StatusKind::Biz(biz) => {
                let mut text = format!("business error {}: {}", biz.code, biz.message);
                for (key, value) in &biz.extra {
                    text.push_str(&format!("\n  {key}: {value}"));
                }
                text
            }
            StatusKind::Timeout => self.own_word(status),
            StatusKind::Transport => format!(
                "{}\n  perhaps the server does not speak {}: `--transport` says another one",
                self.own_word(status),
                TransportName::of(self.transport)
            ),
            _ => error_text(status),
        }
    }

    /// The text of what failed on this side, which may name the server. What a server says is left as it
    /// is, whatever it names.
    fn own_word(&self, status: &Status) -> String {
        match &self.meant {
            Some((named, meant)) => status.message().replace(named, meant),
            None => status.message().to_owned(),
        }
    }
}

fn with_metadata(mut line: Value, metadata: &Metadata) -> Value {
    let pairs = metadata
        .iter()
        .map(|(key, value)| (key.to_owned(), value.into()));
    let pairs: Map<String, Value> = pairs.collect();
    if let (Value::Object(fields), false) = (&mut line, pairs.is_empty()) {
        fields.insert("metadata".to_owned(), pairs.into());
    }
    line
}

fn error_json(status: &Status) -> Value {
    let mut error = json!({ "type": number(status), "message": status.message() });
    if let Some(code) = status.code() {
        error["code"] = code.to_string().into();
    }
    if !status.details().is_empty() {
        error["details"] = BASE64_STANDARD.encode(status.details()).into();
    }
    error
}

/// The number of an exception, or of a gRPC status, which Kitex writes without a sign.
fn number(status: &Status) -> Option<i32> {
    let code = status.code().map(|code| code.0.cast_signed());
    code.or_else(|| status.type_id())
}

fn error_text(status: &Status) -> String {
    let message = status.message();
    match (status.code(), status.type_id()) {
        (Some(code), _) => {
            let mut text = format!("{}: {message}", numbered(code));
            if !status.details().is_empty() {
                text.push_str("\n  details: ");
                text.push_str(&BASE64_STANDARD.encode(status.details()));
            }
            text
        }
        (None, Some(number)) => format!("exception {number}: {message}"),
        (None, None) => message.to_owned(),
    }
}
