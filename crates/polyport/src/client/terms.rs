//! What is said about a call before it is made, of whatever kind it is.

use std::time::Duration;

use tokio::time::Instant;

use crate::client::callee::Caller;
use crate::client::options::ClientOptions;
use crate::context::Context;
use crate::http2::compression::Compression;
use crate::layer::AnyLayer;
use crate::metadata::Metadata;

/// The terms of one call.
#[derive(Debug)]
pub(super) struct Terms {
    /// How long it may take.
    pub(super) timeout: Option<Duration>,
    /// When the call ends that it is made within.
    pub(super) deadline: Option<Instant>,
    pub(super) compression: Compression,
    pub(super) metadata: Metadata,
    pub(super) caller: Caller,
    /// Those of this call alone.
    pub(super) layers: Vec<AnyLayer>,
}

impl Terms {
    pub(super) fn new(options: &ClientOptions) -> Self {
        Self {
            timeout: options.timeout,
            deadline: None,
            compression: options.compression,
            metadata: Metadata::default(),
            caller: Caller::default(),
            layers: Vec::new(),
        }
    }

    /// What layers have left of them.
    pub(super) fn of(
        context: Context,
        timeout: Option<Duration>,
        compression: Compression,
    ) -> Self {
        Self {
            timeout,
            deadline: context.facts.deadline,
            compression,
            caller: Caller::of(&context),
            metadata: context.facts.metadata,
            layers: Vec::new(),
        }
    }

    /// Makes the call a part of the one that is being served.
    pub(super) fn set_within(&mut self, cx: &Context) {
        self.metadata.inherit(cx.metadata());
        cx.method().clone_into(&mut self.caller.method);
        self.deadline = cx.deadline();
    }

    /// Makes the call the one that is being served, passed on.
    pub(super) fn set_forwarding(&mut self, cx: &Context) {
        self.metadata.extend(cx.metadata().clone());
        self.caller = Caller::of(cx);
        self.deadline = cx.deadline();
    }

    /// The call's own time, when nothing else can end it sooner.
    pub(super) fn limit(&self) -> Option<Duration> {
        self.timeout.filter(|_| self.deadline.is_none())
    }

    /// When the call must be done: after its own time, or when the call ends that it is made within.
    pub(super) fn until(&self) -> Option<Instant> {
        let timeout = self
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        [timeout, self.deadline].into_iter().flatten().min()
    }
}
