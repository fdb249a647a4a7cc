//! What belongs to one method, to all methods of a service, or to all of a server; and how these
//! become one.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::admission::{self, Admission, Gate, Load, Ticket, Visitor};
use crate::call::Reply;
use crate::context::Context;
use crate::layer::{AnyLayer, Layer};
use crate::service::uses::Uses;
use crate::status::Status;

/// Options of one method; see [`Service::for_method`](crate::Service::for_method).
///
/// [`Service`](crate::Service) has the same for all its methods, and [`Server`](crate::Server) for all
/// its services:
///
/// | option | when server, service and method have it |
/// | --- | --- |
/// | `layer` | all run: the server's around the service's around the method's |
/// | `admit` | all are asked; what a call is (transport, size) before how many there are |
/// | `timeout` | the method's holds, else the service's, else the server's |
/// | `deprecated` | (not of a server) the method's note holds, else the service's |
#[derive(Clone, Debug, Default)]
pub struct MethodOptions {
    layers: Vec<AnyLayer>,
    gate: Option<Arc<Gate>>,
    timeout: Option<Duration>,
    deprecation: Option<Deprecation>,
}

impl MethodOptions {
    /// Puts a layer around the handler, inside of the layers added before.
    #[must_use]
    pub fn layer(mut self, layer: impl Layer) -> Self {
        self.layers.push(AnyLayer::new(layer));
        self
    }

    /// Refuses calls before they are decoded, instead of what was said here before.
    #[must_use]
    pub fn admit(mut self, admission: Admission) -> Self {
        self.gate = Some(Arc::new(Gate::new(admission)));
        self
    }

    /// Ends calls that take longer, streams among them: the handler is dropped,
    /// [layers](crate::Layer) see that, and the caller is told as when the time has passed that it
    /// allows itself, which holds if it is shorter.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Calls go on as ever, but are counted, and each caller is named in the log once, with `note`.
    #[must_use]
    pub fn deprecated(mut self, note: impl Into<String>, uses: &Uses) -> Self {
        self.deprecation = Some(Deprecation {
            note: note.into(),
            uses: uses.clone(),
        });
        self
    }

    /// What to do instead, if it is deprecated.
    pub(crate) fn deprecation(&self) -> Option<&str> {
        Some(&self.deprecation.as_ref()?.note)
    }

    /// Whether nothing but gRPC calls may be served.
    pub(crate) fn is_grpc_only(&self) -> bool {
        self.gate.as_ref().is_some_and(|gate| gate.is_grpc_only())
    }
}

#[derive(Clone, Debug)]
struct Deprecation {
    note: String,
    uses: Uses,
}

/// What a server has for all its services.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerOptions {
    pub(crate) methods: MethodOptions,
    pub(crate) load: Arc<Load>,
    pub(crate) on_error: Option<ErrorHook>,
}

/// What sees each failure before it goes out.
#[derive(Clone)]
pub(crate) struct ErrorHook(Arc<Replace>);

type Replace = dyn Fn(&Context, Status) -> Status + Send + Sync;

impl ErrorHook {
    pub(crate) fn new(
        replace: impl Fn(&Context, Status) -> Status + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(replace))
    }

    /// What goes out in the place of a reply. A business status is an answer, and no failure.
    pub(crate) fn look_at(&self, context: &Context, mut reply: Reply) -> Reply {
        reply.outcome = reply.outcome.map_err(|status| match status.biz() {
            Some(_) => status,
            None => self.replace(context, status),
        });
        reply
    }

    fn replace(&self, context: &Context, status: Status) -> Status {
        let replaced = catch_unwind(AssertUnwindSafe(|| (self.0)(context, status)));
        let panicked = |payload: Box<dyn Any + Send>| {
            let (service, method) = (context.service(), context.method());
            Status::panic("error handler", service, method, &*payload)
        };
        replaced.unwrap_or_else(panicked)
    }
}

impl fmt::Debug for ErrorHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErrorHook")
    }
}

/// What stands around one method, whoever put it there: made once, when the server is built.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    /// The outermost first.
    pub(crate) layers: Vec<AnyLayer>,
    gates: Vec<Arc<Gate>>,
    load: Arc<Load>,
    timeout: Option<Duration>,
    deprecation: Option<Deprecation>,
    pub(crate) on_error: Option<ErrorHook>,
    #[expect(
        dead_code,
        reason = "to have it is enough: the service is served as long as anybody has"
    )]
    presence: Option<watch::Sender<()>>,
}

impl Stack {
    /// What stands around the methods of services that come with the server: probes and tools get
    /// their answers when nobody else does, and watch for as long as they like.
    pub(crate) fn built_in(server: &ServerOptions) -> Self {
        Self {
            on_error: server.on_error.clone(),
            ..Self::default()
        }
    }

    pub(crate) fn compose(
        server: &ServerOptions,
        service: &MethodOptions,
        method: &MethodOptions,
    ) -> Self {
        let levels = [&server.methods, service, method];
        let layers = levels.iter().flat_map(|level| &level.layers);
        let gates: Vec<_> = levels
            .iter()
            .filter_map(|level| level.gate.clone())
            .collect();
        if gates.iter().any(|gate| gate.sheds()) {
            server.load.watch();
        }
        let innermost = || levels.iter().rev();
        Self {
            layers: layers.cloned().collect(),
            gates,
            load: Arc::clone(&server.load),
            timeout: innermost().find_map(|level| level.timeout),
            deprecation: innermost().find_map(|level| level.deprecation.clone()),
            on_error: server.on_error.clone(),
            presence: None,
        }
    }

    /// The same around a method of a service that is to know when it is served no more.
    pub(crate) fn present(self, presence: &watch::Sender<()>) -> Self {
        Self {
            presence: Some(presence.clone()),
            ..self
        }
    }

    /// Lets a call in, or says why not.
    pub(crate) async fn admit(&self, visitor: Visitor) -> Result<Ticket<'_>, Status> {
        admission::enter(&self.gates, &self.load, visitor).await
    }

    /// How large a message may be, if the server allows this many bytes.
    pub(crate) fn message_size(&self, most: usize) -> usize {
        let sizes = self.gates.iter().map(|gate| gate.message_size());
        sizes.fold(most, usize::min)
    }

    /// When a call ends whose client waits until `deadline`.
    pub(crate) fn deadline(&self, deadline: Option<Instant>) -> Option<Instant> {
        let own = self
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        match (deadline, own) {
            (Some(deadline), Some(own)) => Some(deadline.min(own)),
            (deadline, own) => deadline.or(own),
        }
    }

    /// What goes out for a call that failed before it could be served.
    pub(crate) fn failed(&self, context: &Context, status: Status) -> Reply {
        match &self.on_error {
            Some(hook) => hook.look_at(context, status.into()),
            None => status.into(),
        }
    }

    /// Notes the use of what is deprecated.
    pub(crate) fn note(&self, context: &Context) {
        let Some(Deprecation { note, uses }) = &self.deprecation else {
            return;
        };
        if uses.note(context.caller()) {
            tracing::warn!(
                caller = context.caller(),
                peer = context.peer().map(tracing::field::display),
                "{}.{} is deprecated: {note}",
                context.service(),
                context.method(),
            );
        }
    }
}
