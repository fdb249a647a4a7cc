//! Frames as people read them.

use std::io::{self, Write};

use polyport_wire::ttheader::keys;

use crate::decode::cursor::Problem;
use crate::decode::frame::Frame;
use crate::decode::header::{Header, Text, flag_names, protocol_name};
use crate::decode::http2::{Entry, GrpcMessage, Http2Frame};
use crate::decode::message::{Body, Message};
use crate::decode::value::{Data, Field, Kind, Value, hex};
use crate::terminal::{Color, Colors};

/// Longer bytes are cut; the machine-readable output has all of them.
const MAX_BYTES: usize = 64;

/// Writes frames as text.
#[derive(Debug)]
pub(super) struct Printer<W> {
    pub(super) out: W,
    pub(super) colors: Colors,
    /// Whether each line starts with its place in the input.
    pub(super) offsets: bool,
}

/// One line: a label, a type and what it is, in columns with those beside it.
struct Row<'r, 'a> {
    offset: usize,
    label: String,
    value: &'r Value<'a>,
    note: Option<&'static str>,
}

impl<W: Write> Printer<W> {
    pub(super) fn frame(&mut self, number: usize, frame: &Frame<'_>) -> io::Result<()> {
        if number > 1 {
            writeln!(self.out)?;
        }
        self.title(number, frame)?;
        if let Some(header) = &frame.header {
            self.header(header)?;
        }
        if let Some(message) = &frame.message {
            self.message(message)?;
        }
        if let Some(http2) = &frame.http2 {
            self.http2(frame.offset, http2)?;
        }
        if let Some(fields) = &frame.data {
            self.line(frame.offset, 1, "data")?;
            self.fields(fields, 2, false)?;
        }
        if let Some(Text(bytes)) = frame.behind {
            let end = frame.offset + frame.size - bytes.len();
            let text = format!("{} bytes behind the message: {}", bytes.len(), cut(bytes));
            self.line(end, 1, &text)?;
        }
        for problem in &frame.problems {
            self.problem(problem)?;
        }
        Ok(())
    }

    fn title(&mut self, number: usize, frame: &Frame<'_>) -> io::Result<()> {
        let mut transport = frame.transport.clone();
        if let Some(http2) = &frame.http2 {
            transport = format!("{transport} {}", http2.kind);
        }
        let transport = self.colors.paint(Color::Heading, &transport);
        let codec = frame
            .codec
            .map(|codec| format!(", {codec}"))
            .unwrap_or_default();
        let title = format!("frame {number}: {transport}{codec}, {} bytes", frame.size);
        self.line(frame.offset, 0, &title)
    }

    fn problem(&mut self, problem: &Problem) -> io::Result<()> {
        let broken = self.colors.paint(Color::Error, "broken");
        self.line(problem.offset, 1, &format!("{broken} {problem}"))
    }

    /// What could not be reached.
    pub(super) fn rest(&mut self, offset: usize, size: usize) -> io::Result<()> {
        let text =
            format!("{size} bytes behind it are not read: nothing says where a frame starts");
        self.line(offset, 0, &text)
    }

    fn header(&mut self, header: &Header<'_>) -> io::Result<()> {
        self.line(header.offset, 1, "header")?;
        let rows: Vec<HeaderRow> = fixed_rows(header).chain(pair_rows(header)).collect();
        let names = rows.iter().map(|(_, name, _)| columns(name));
        let width = names.max().unwrap_or(0);
        for (offset, name, value) in rows {
            let name = self.colors.padded(Color::Name, &name, width);
            self.line(offset, 2, format!("{name}  {value}").trim_end())?;
        }
        Ok(())
    }

    fn message(&mut self, message: &Message<'_>) -> io::Result<()> {
        let method = message.method.to_string().escape_debug().to_string();
        let method = self.colors.paint(Color::Heading, &method);
        let call = match &message.services[..] {
            [] => method,
            // It says so itself.
            [_] if method.contains(':') => method,
            [service] => format!("{service}/{method}"),
            services => format!("{method} of {}", services.join(" or ")),
        };
        let (kind, sequence) = (message.kind.name(), message.sequence);
        let text = format!("{kind} {call}, sequence {sequence}");
        self.line(message.offset, 1, &text)?;
        if !message.strict {
            self.note(
                message.offset,
                "it starts without a version: Kitex refuses it",
            )?;
        }
        if let Some(note) = &message.note {
            self.note(message.offset, note)?;
        }
        let named = !message.services.is_empty();
        self.body(&message.body, (message.offset, 2), named)
    }

    fn http2(&mut self, offset: usize, frame: &Http2Frame<'_>) -> io::Result<()> {
        let mut parts = match frame.stream {
            0 => vec!["connection".to_owned()],
            stream => vec![format!("stream {stream}")],
        };
        parts.extend(frame.flags.iter().copied().map(str::to_owned));
        self.line(offset, 1, &parts.join(", "))?;
        if let Some(note) = &frame.note {
            self.note(offset, note)?;
        }
        let names = frame.fields.iter().map(|entry| columns(&entry.name));
        let width = names.max().unwrap_or(0);
        for Entry {
            offset,
            name,
            value,
        } in &frame.fields
        {
            let name = name.escape_debug().to_string();
            let name = self.colors.padded(Color::Name, &name, width);
            let value = value.escape_debug();
            self.line(*offset, 2, format!("{name}  {value}").trim_end())?;
        }
        frame
            .messages
            .iter()
            .try_for_each(|message| self.grpc_message(message))
    }

    fn grpc_message(&mut self, message: &GrpcMessage<'_>) -> io::Result<()> {
        let GrpcMessage { offset, size, .. } = *message;
        let mut text = format!("message, {size} bytes");
        if let (Some(service), Some(method)) = (&message.service, &message.method) {
            let name = format!("{service}/{method}");
            let name = self.colors.paint(Color::Heading, &name);
            text = format!("{text}, {name}");
        }
        if message.compressed {
            text.push_str(", compressed");
        }
        self.line(offset, 2, &text)?;
        if let Some(note) = &message.note {
            self.note(offset, note)?;
        }
        self.body(&message.body, (offset, 3), message.service.is_some())
    }

    fn body(
        &mut self,
        body: &Body<'_>,
        (offset, depth): (usize, usize),
        named: bool,
    ) -> io::Result<()> {
        match body {
            Body::Fields(fields) => self.fields(fields, depth, named),
            Body::Bytes(Text(bytes)) => self.line(offset, depth, &cut(bytes)),
            Body::Missing => Ok(()),
        }
    }

    fn note(&mut self, offset: usize, note: &str) -> io::Result<()> {
        let note = self.colors.paint(Color::Dim, &format!("// {note}"));
        self.line(offset, 2, &note)
    }

    /// Fields in columns; `named` when an IDL should know them.
    fn fields(&mut self, fields: &[Field<'_>], depth: usize, named: bool) -> io::Result<()> {
        let digits = fields.iter().map(|field| field.id.to_string().len()).max();
        let digits = digits.unwrap_or(0);
        let rows = fields.iter().map(|field| Row {
            offset: field.value.offset,
            label: match field.name {
                Some(name) => format!("{:>digits$} {name}", field.id),
                None => format!("{:>digits$}", field.id),
            },
            value: &field.value,
            note: (named && field.name.is_none()).then_some("not in the IDL"),
        });
        self.rows(&rows.collect::<Vec<_>>(), depth, true)
    }

    fn rows(&mut self, rows: &[Row<'_, '_>], depth: usize, kinds: bool) -> io::Result<()> {
        let labels = rows
            .iter()
            .map(|row| columns(&row.label))
            .max()
            .unwrap_or(0);
        let widths = rows.iter().map(|row| columns(&row.value.kind.to_string()));
        let widths = widths.max().unwrap_or(0);
        for row in rows {
            let mut text = self.colors.padded(Color::Name, &row.label, labels);
            if kinds {
                text.push_str("  ");
                let kind = row.value.kind.to_string();
                text.push_str(&self.colors.padded(Color::Dim, &kind, widths));
            }
            let short = inline(&row.value.data);
            if let Some(short) = &short {
                text.push_str("  ");
                text.push_str(short);
            }
            for note in self.notes(row) {
                text.push_str("  ");
                text.push_str(&note);
            }
            self.line(row.offset, depth, text.trim_end())?;
            if short.is_none() {
                self.inside(row.value, depth + 1)?;
            }
        }
        Ok(())
    }

    fn notes(&self, row: &Row<'_, '_>) -> Vec<String> {
        let declared = row.value.declared;
        let declared = declared.map(|kind| format!("// the IDL says {kind}"));
        let unknown = row.note.map(|note| format!("// {note}"));
        let notes = declared.into_iter().chain(unknown);
        notes
            .map(|note| self.colors.paint(Color::Dim, &note))
            .collect()
    }

    /// What takes lines of its own.
    fn inside(&mut self, value: &Value<'_>, depth: usize) -> io::Result<()> {
        match &value.data {
            Data::Struct(fields) => {
                self.fields(fields, depth, matches!(value.kind, Kind::Declared(_)))
            }
            Data::List(elements) => {
                let rows = elements.iter().enumerate().map(|(index, value)| Row {
                    offset: value.offset,
                    label: format!("[{index}]"),
                    value,
                    note: None,
                });
                self.rows(&rows.collect::<Vec<_>>(), depth, false)
            }
            Data::Map(pairs) => {
                for (index, (key, value)) in pairs.iter().enumerate() {
                    self.pair(index, key, value, depth)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn pair(
        &mut self,
        index: usize,
        key: &Value<'_>,
        value: &Value<'_>,
        depth: usize,
    ) -> io::Result<()> {
        let row = |label, value| Row {
            offset: key.offset,
            label,
            value,
            note: None,
        };
        match inline(&key.data) {
            Some(label) => self.rows(&[row(label, value)], depth, false),
            None => {
                let key = row(format!("key {index}"), key);
                let value = row(format!("value {index}"), value);
                self.rows(&[key, value], depth, false)
            }
        }
    }

    fn line(&mut self, offset: usize, depth: usize, text: &str) -> io::Result<()> {
        if self.offsets {
            let offset = self.colors.paint(Color::Dim, &format!("{offset:08x}"));
            write!(self.out, "{offset}  ")?;
        }
        writeln!(self.out, "{:width$}{text}", "", width = 2 * depth)
    }
}

/// A place, a name and what stands there.
type HeaderRow = (usize, String, String);

/// What stands in every TTHeader.
fn fixed_rows(header: &Header<'_>) -> impl Iterator<Item = HeaderRow> {
    let rows = header.fixed.iter().flat_map(|fixed| {
        let flags = flag_names(fixed.flags).join(", ");
        let flags = format!("{:#06x} {}", fixed.flags, in_parentheses(&flags));
        let protocol = protocol_name(fixed.protocol).unwrap_or_default();
        let protocol = format!("{} {}", fixed.protocol, in_parentheses(protocol));
        [
            (6, "flags", flags),
            (8, "sequence", fixed.sequence.to_string()),
            (14, "protocol", protocol),
        ]
    });
    rows.map(|(at, name, value)| (header.offset + at, name.to_owned(), value))
}

fn pair_rows(header: &Header<'_>) -> impl Iterator<Item = HeaderRow> {
    let tokens = header.acl_token.iter();
    let tokens = tokens.map(|token| (token.offset, "ACL token".to_owned(), quoted(token.value)));
    let strings = header.strings.iter().map(|pair| {
        let name = pair.key.to_string().escape_debug().to_string();
        (pair.offset, name, quoted(pair.value))
    });
    let ints = header.ints.iter().map(|pair| {
        let name = pair.name.unwrap_or("?");
        let meaning = match (pair.key, pair.value.0) {
            (keys::FRAME_TYPE, value) => in_parentheses(frame_type(value)),
            _ => String::new(),
        };
        let value = format!("{} {meaning}", quoted(pair.value));
        (pair.offset, format!("{} {name}", pair.key), value)
    });
    tokens.chain(strings).chain(ints)
}

/// What fits on the line of its name: everything but structs, and containers of them.
fn inline(data: &Data<'_>) -> Option<String> {
    Some(match data {
        Data::Bool(value) => value.to_string(),
        Data::Int(value) => value.to_string(),
        Data::Unsigned(value) => value.to_string(),
        Data::Enum(number, Some(name)) => format!("{number} ({name})"),
        Data::Enum(number, None) => number.to_string(),
        Data::Double(value) => format!("{value:?}"),
        Data::Text(text) => format!("\"{}\"", text.escape_debug()),
        Data::Bytes(bytes) => cut(bytes),
        Data::Struct(fields) if fields.is_empty() => "{}".to_owned(),
        Data::Struct(_) => return None,
        Data::List(elements) => {
            let elements = elements.iter().map(|value| inline(&value.data));
            format!("[{}]", elements.collect::<Option<Vec<_>>>()?.join(", "))
        }
        Data::Map(pairs) => {
            let pair = |(key, value): &(Value<'_>, Value<'_>)| {
                Some(format!("{}: {}", inline(&key.data)?, inline(&value.data)?))
            };
            let pairs = pairs.iter().map(pair);
            format!("{{{}}}", pairs.collect::<Option<Vec<_>>>()?.join(", "))
        }
        Data::Broken => "?".to_owned(),
    })
}

fn cut(bytes: &[u8]) -> String {
    match bytes.get(..MAX_BYTES) {
        Some(start) if bytes.len() > MAX_BYTES => {
            format!("0x{}... ({} bytes)", hex(start), bytes.len())
        }
        _ => format!("0x{}", hex(bytes)),
    }
}

fn quoted(text: Text<'_>) -> String {
    match std::str::from_utf8(text.0) {
        Ok(text) => format!("\"{}\"", text.escape_debug()),
        Err(_) => cut(text.0),
    }
}

fn in_parentheses(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("({text})")
    }
}

/// What the frames of a stream are called.
fn frame_type(value: &[u8]) -> &'static str {
    match value {
        b"1" => "meta",
        b"2" => "header",
        b"3" => "data",
        b"4" => "trailer",
        b"5" => "reset",
        _ => "",
    }
}

fn columns(text: &str) -> usize {
    text.chars().count()
}
