//! How often something old is still used, and by whom.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// So many callers are remembered, and names of this length, because they are the callers' own
/// words.
const MAX_CALLERS: usize = 1000;
const MAX_NAME: usize = 256;

/// Counts calls by an [alias](crate::Service::alias), or of what is
/// [deprecated](crate::Service::deprecated), and keeps the names of their callers.
///
/// Clones count together: one goes to the service, the other tells when nobody needs the old name any
/// more. A caller's first such call is a line in the log.
///
/// # Examples
///
/// ```
/// # use polyport::{Service, service::RawHandler};
/// # fn add(handler: impl RawHandler) {
/// use polyport::service::Uses;
///
/// let old = Uses::new();
/// let service = Service::raw("Books", ["get"], handler).alias("Library", &old);
/// // Some days later:
/// if old.count() > 0 {
///     println!("still called Library by {:?}", old.callers());
/// }
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Uses(Arc<Inner>);

#[derive(Default)]
struct Inner {
    count: AtomicU64,
    callers: Mutex<BTreeSet<String>>,
}

impl Uses {
    /// Nothing was used yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many calls there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.count.load(Ordering::Relaxed)
    }

    /// The names of those who called, as far as they say who they are: the first thousand of them.
    #[must_use]
    pub fn callers(&self) -> Vec<String> {
        let callers = self
            .0
            .callers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        callers.iter().cloned().collect()
    }

    /// Counts a call; says whether it is the caller's first.
    pub(crate) fn note(&self, caller: &str) -> bool {
        let before = self.0.count.fetch_add(1, Ordering::Relaxed);
        if caller.is_empty() {
            return before == 0;
        }
        let mut callers = self
            .0
            .callers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_new =
            caller.len() <= MAX_NAME && callers.len() < MAX_CALLERS && !callers.contains(caller);
        if is_new {
            callers.insert(caller.to_owned());
        }
        is_new
    }
}

impl fmt::Debug for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uses")
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}
