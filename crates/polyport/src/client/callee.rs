//! The two ends of a call by their names, as requests say them.

use std::sync::{Arc, OnceLock};

use crate::client::options::ClientOptions;
use crate::context::Context;
use crate::method::Target;
use crate::route::MethodInfo;

/// What is called.
#[derive(Clone)]
pub(super) enum Callee {
    /// A method whose name generated code has.
    Known(Target<'static>),
    /// One whose name is known at run time only.
    Named(Arc<MethodInfo>),
}

impl Callee {
    pub(super) fn target(&self) -> Target<'_> {
        match self {
            Self::Known(target) => *target,
            Self::Named(info) => Target {
                package: &info.package,
                service: &info.service,
                name: &info.method,
                kind: info.kind,
                codec: info.codec,
                is_combined: false,
            },
        }
    }

    /// The same for layers; `known` is where generated code keeps it.
    pub(super) fn info(&self, known: &OnceLock<Arc<MethodInfo>>) -> Arc<MethodInfo> {
        match self {
            Self::Known(target) => Arc::clone(known.get_or_init(|| Arc::new(target.info()))),
            Self::Named(info) => Arc::clone(info),
        }
    }
}

/// Who calls.
#[derive(Debug, Default)]
pub(super) struct Caller {
    /// `None` stands for the name that the client gives itself.
    service: Option<String>,
    /// The method in which the call is made; may be empty.
    pub(super) method: String,
}

impl Caller {
    /// Who made the call that is being served.
    pub(super) fn of(cx: &Context) -> Self {
        Self {
            service: Some(cx.caller().to_owned()),
            method: cx.caller_method().to_owned(),
        }
    }

    /// The caller's name; may be empty.
    pub(super) fn service<'a>(&'a self, options: &'a ClientOptions) -> &'a str {
        self.service.as_deref().unwrap_or(&options.caller)
    }
}
