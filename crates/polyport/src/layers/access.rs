//! Who may call what.

use std::collections::{HashMap, HashSet};

use crate::call::{Call, Reply};
use crate::code::Code;
use crate::context::Context;
use crate::layer::{Layer, Next};
use crate::status::Status;

/// Lets callers call what they may, and refuses everything else with `request forbidden: ...`,
/// [`PERMISSION_DENIED`](Code::PERMISSION_DENIED) on gRPC.
///
/// A caller is the name that a client [gives itself](Context::caller), which proves nothing: behind a
/// port that everybody reaches, it keeps mistakes out, not attackers. A method is named as in the IDL,
/// which stands for those of this name of all services, as `Service.method`, for those of all packages,
/// or as `package.Service.method`.
#[derive(Clone, Debug, Default)]
pub struct AccessControl {
    open: Methods,
    callers: HashMap<String, Allowed>,
}

/// Names of methods.
type Methods = HashSet<String>;

#[derive(Clone, Debug)]
enum Allowed {
    Everything,
    Methods(Methods),
}

impl AccessControl {
    /// Nobody may call anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Everybody may call these methods, also those who do not say who they are.
    #[must_use]
    pub fn anyone<M: Into<String>>(mut self, methods: impl IntoIterator<Item = M>) -> Self {
        self.open.extend(methods.into_iter().map(Into::into));
        self
    }

    /// This caller may call these methods, too.
    #[must_use]
    pub fn allow<M: Into<String>>(
        mut self,
        caller: impl Into<String>,
        methods: impl IntoIterator<Item = M>,
    ) -> Self {
        let nothing = || Allowed::Methods(Methods::new());
        let allowed = self.callers.entry(caller.into()).or_insert_with(nothing);
        if let Allowed::Methods(known) = allowed {
            known.extend(methods.into_iter().map(Into::into));
        }
        self
    }

    /// This caller may call everything.
    #[must_use]
    pub fn allow_everything(mut self, caller: impl Into<String>) -> Self {
        self.callers.insert(caller.into(), Allowed::Everything);
        self
    }

    fn allows(&self, context: &Context) -> bool {
        let has = |methods: &Methods| {
            let (service, method) = (context.service(), context.method());
            let package = context.package();
            methods.contains(method)
                || methods.contains(&format!("{service}.{method}"))
                || methods.contains(&format!("{package}.{service}.{method}"))
        };
        has(&self.open)
            || match self.callers.get(context.caller()) {
                Some(Allowed::Everything) => true,
                Some(Allowed::Methods(methods)) => has(methods),
                None => false,
            }
    }
}

impl Layer for AccessControl {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        if self.allows(&call.context) {
            return next.call(call).await;
        }
        let (service, method) = (call.context.service(), call.context.method());
        let text = match call.context.caller() {
            "" => format!("request forbidden: who gives no name may not call {service}.{method}"),
            caller => format!("request forbidden: {caller} may not call {service}.{method}"),
        };
        Status::refused(Code::PERMISSION_DENIED, text).into()
    }
}
