//! A service with types, written by hand as generated code would be.
//!
//! ```text
//! exception NotFound { 1: required string key }
//!
//! service Demo {
//!     string echo(1: required string text)
//!     map<string, string> facts()
//!     string fail(1: required string how) throws (1: NotFound missing)
//!     string wait(1: required string text)
//!     oneway void tell(1: required string text)
//!     binary blob(1: required string size)
//!     map<string, string> relay()
//! }
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use polyport::codegen::{
    DecodeError, DecodeErrorKind, Embedded, Method, MethodError, Reader, ServiceBuilder, Throws,
    Value, WireType, Writer,
};
use polyport::{BizStatus, CallKind, Client, Context, Service, Status};
use polyport_wire::schema::{self, Schema};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use crate::soon;

/// Returns its text.
pub static ECHO: Method<EchoArgs, String> = Method::new("Demo", "echo", CallKind::Unary);
/// What the handler can know about the call.
pub static FACTS: Method<Nothing, Facts> = Method::new("Demo", "facts", CallKind::Unary);
/// Fails in the way that its text says.
pub static FAIL: Method<TextArgs, String, FailError> = Method::new("Demo", "fail", CallKind::Unary);
/// Returns its text when the gate lets it.
pub static WAIT: Method<TextArgs, String> = Method::new("Demo", "wait", CallKind::Unary);
/// Notes its text.
pub static TELL: Method<TextArgs, ()> = Method::new("Demo", "tell", CallKind::Oneway);
/// As many zeros as its text says.
pub static BLOB: Method<TextArgs, Bytes> = Method::new("Demo", "blob", CallKind::Unary);
/// The facts of a call that it makes itself.
pub static RELAY: Method<Nothing, Facts> = Method::new("Demo", "relay", CallKind::Unary);

/// What a handler knows, by name.
pub type Facts = HashMap<String, String>;

/// The handler of the service.
#[derive(Debug)]
pub struct Demo {
    events: mpsc::UnboundedSender<String>,
    gate: Arc<Semaphore>,
    onward: Option<Client>,
}

/// What a test holds of the handler: what happens in it, and what it waits for.
#[derive(Debug)]
pub struct Watch {
    events: mpsc::UnboundedReceiver<String>,
    gate: Arc<Semaphore>,
}

impl Watch {
    /// The next thing that happens.
    pub async fn event(&mut self) -> String {
        soon(self.events.recv()).await.expect("a handler")
    }

    /// Everything that has happened and was not asked for.
    pub fn events(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }

    /// Lets one call of `wait` return.
    pub fn let_one_go(&self) {
        self.gate.add_permits(1);
    }
}

/// The service and what happens in it.
#[must_use]
pub fn demo() -> (Service, Watch) {
    relaying(None)
}

/// The same; its `relay` calls `facts` by this client.
#[must_use]
pub fn relaying(onward: Option<Client>) -> (Service, Watch) {
    let (sender, events) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let handler = Demo {
        events: sender,
        gate: Arc::clone(&gate),
        onward,
    };
    (service(handler), Watch { events, gate })
}

/// What generated code does in `DemoServer::new`.
fn service(handler: Demo) -> Service {
    ServiceBuilder::new(embedded(), "test.demo", "Demo", Arc::new(handler))
        .method(&ECHO, |handler, mut cx, arguments| async move {
            let outcome = handler.echo(&mut cx, arguments);
            (cx, outcome)
        })
        .method(&FACTS, |_, cx, Nothing| async move {
            let facts = facts(&cx);
            (cx, Ok(facts))
        })
        .method(&FAIL, |handler, mut cx, arguments| async move {
            let outcome = handler.fail(&mut cx, &arguments.text);
            (cx, outcome)
        })
        .method(&WAIT, |handler, cx, arguments| async move {
            let outcome = handler.wait(arguments.text).await;
            (cx, outcome)
        })
        .method(&TELL, |handler, cx, arguments| async move {
            let outcome = handler.tell(&arguments.text);
            (cx, outcome)
        })
        .method(&BLOB, |_, cx, arguments| async move {
            let size = arguments.text.parse().unwrap();
            (cx, Ok(Bytes::from(vec![0; size])))
        })
        .method(&RELAY, |handler, cx, Nothing| async move {
            let client = handler.onward.as_ref().expect("a client to call on");
            let outcome = client.call(&FACTS, Nothing).within(&cx).await;
            (cx, outcome)
        })
        .build()
}

fn embedded() -> &'static Embedded {
    let schema = Schema {
        services: vec![schema::Service::new("test.demo", "Demo")],
        ..Schema::default()
    };
    // What generated code has as a constant lives here as long as the test.
    let bytes: &'static [u8] = Box::leak(schema.encode().unwrap().to_vec().into());
    Box::leak(Box::new(Embedded::new(bytes)))
}

impl Demo {
    fn echo(&self, cx: &mut Context, arguments: EchoArgs) -> Result<String, Status> {
        cx.reply_metadata()
            .insert("echoed", arguments.text.as_str());
        self.note(format!("echo {}", arguments.text));
        Ok(arguments.text)
    }

    fn fail(&self, cx: &mut Context, how: &str) -> Result<String, FailError> {
        cx.reply_metadata().insert("failed", how);
        Err(match how {
            "error" => Status::error("bad").into(),
            "typed" => Status::typed(1900, "special").into(),
            "biz" => Status::from(BizStatus::new(404, "not found")).into(),
            "biz with extra" => {
                let biz = BizStatus::new(-1, "not found").with_extra("shelf", "<7 & \"8\" für>");
                Status::from(biz).into()
            }
            "missing" => FailError::Missing(NotFound {
                key: "k".to_owned(),
            }),
            "panic" => panic!("boom"),
            "panic with a value" => std::panic::panic_any(7),
            other => panic!("no failure is called {other}"),
        })
    }

    async fn wait(&self, text: String) -> Result<String, Status> {
        /// Notes whether the handler came to its end.
        struct Guard<'a>(&'a Demo, &'a str, &'static str);

        impl Drop for Guard<'_> {
            fn drop(&mut self) {
                self.0.note(format!("{} {}", self.2, self.1));
            }
        }

        self.note(format!("waiting {text}"));
        let mut guard = Guard(self, &text, "dropped");
        self.gate.acquire().await.unwrap().forget();
        guard.2 = "done";
        drop(guard);
        Ok(text)
    }

    fn tell(&self, text: &str) -> Result<(), Status> {
        self.note(format!("told {text}"));
        match text {
            "error" => Err(Status::error("nobody hears this")),
            "panic" => panic!("nobody hears this"),
            _ => Ok(()),
        }
    }

    fn note(&self, event: String) {
        // A test that does not look at the events has dropped its end.
        let _ = self.events.send(event);
    }
}

fn facts(cx: &Context) -> Facts {
    let left = cx.deadline().map(|deadline| {
        let left = deadline.saturating_duration_since(Instant::now());
        left.as_millis().to_string()
    });
    let facts = [
        ("service", cx.service().to_owned()),
        ("package", cx.package().to_owned()),
        ("method", cx.method().to_owned()),
        ("kind", cx.kind().to_string()),
        ("codec", cx.codec().to_string()),
        ("reason", cx.reason().to_string()),
        ("transport", cx.transport().to_string()),
        ("caller", cx.caller().to_owned()),
        ("caller method", cx.caller_method().to_owned()),
        ("callee", cx.callee().to_owned()),
        (
            "peer",
            cx.peer()
                .map(|peer| peer.ip().to_string())
                .unwrap_or_default(),
        ),
        ("real peer", cx.real_peer().unwrap_or_default().to_owned()),
        ("sequence", cx.sequence().to_string()),
        ("milliseconds left", left.unwrap_or_default()),
    ];
    let mut facts: Facts = facts.map(|(name, value)| (name.to_owned(), value)).into();
    let metadata = cx.metadata();
    for (key, _) in metadata.iter() {
        let of_both = [
            ("transient", metadata.transient(key)),
            ("persistent", metadata.persistent(key)),
        ];
        for (reach, value) in of_both {
            if let Some(value) = value {
                facts.insert(format!("{reach} {key}"), value.to_owned());
            }
        }
    }
    facts
}

/// The arguments of a method without any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nothing;

impl Value for Nothing {
    const TYPE: WireType = WireType::STRUCT;
    const MINIMUM_SIZE: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        out.stop();
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.skip(Self::TYPE).map(|()| Self)
    }
}

/// The arguments of `echo`, a type of their own for layers to tell them by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EchoArgs {
    /// Argument 1.
    pub text: String,
}

impl Value for EchoArgs {
    const TYPE: WireType = WireType::STRUCT;
    const MINIMUM_SIZE: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        out.field(1, &self.text);
        out.stop();
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let text = one_text(input, "text", "EchoArgs.text")?;
        Ok(Self { text })
    }
}

/// The arguments of the methods that take one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextArgs {
    /// Argument 1.
    pub text: String,
}

impl TextArgs {
    /// These arguments.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
        }
    }
}

impl Value for TextArgs {
    const TYPE: WireType = WireType::STRUCT;
    const MINIMUM_SIZE: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        out.field(1, &self.text);
        out.stop();
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let text = one_text(input, "text", "TextArgs.text")?;
        Ok(Self { text })
    }
}

/// The exception that `fail` declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFound {
    /// Field 1.
    pub key: String,
}

impl Value for NotFound {
    const TYPE: WireType = WireType::STRUCT;
    const MINIMUM_SIZE: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        out.field(1, &self.key);
        out.stop();
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let key = one_text(input, "key", "NotFound.key")?;
        Ok(Self { key })
    }
}

/// A struct of one required text.
fn one_text(
    input: &mut Reader<'_>,
    name: &'static str,
    place: &'static str,
) -> Result<String, DecodeError> {
    let mut text = None;
    input.enter()?;
    while let Some(field) = input.field()? {
        match field {
            (WireType::STRING, 1) => text = Some(input.value(place)?),
            (kind, _) => input.skip(kind)?,
        }
    }
    text.ok_or_else(|| DecodeErrorKind::MissingField(name).into())
}

/// What `fail` fails with.
#[derive(Debug, PartialEq, Eq)]
pub enum FailError {
    /// The exception that it declares.
    Missing(NotFound),
    /// Everything else.
    Status(Status),
}

impl From<Status> for FailError {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl Throws for FailError {
    fn encode_exception(&self, out: &mut Writer<'_>) {
        match self {
            Self::Missing(exception) => out.field(1, exception),
            Self::Status(_) => {}
        }
    }

    fn decode_exception(
        kind: WireType,
        id: i16,
        input: &mut Reader<'_>,
    ) -> Result<Option<Self>, DecodeError> {
        match (kind, id) {
            (WireType::STRUCT, 1) => input.value("missing").map(Self::Missing).map(Some),
            _ => Ok(None),
        }
    }
}

impl MethodError for FailError {
    fn into_status(self) -> Result<Status, Self> {
        match self {
            Self::Status(status) => Ok(status),
            exception => Err(exception),
        }
    }

    fn name(&self) -> Option<&'static str> {
        match self {
            Self::Missing(_) => Some("missing"),
            Self::Status(_) => None,
        }
    }
}
