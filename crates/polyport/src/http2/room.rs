//! Room for large messages on their way, which the streams of a connection share.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// What room is counted in.
const UNIT: usize = 1024;

/// The room of a connection: enough for one message of the largest size.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    units: Arc<Semaphore>,
    /// How many there are.
    all: u32,
    /// How long a message may take.
    time: Duration,
}

/// The part of it that one stream has.
#[derive(Debug)]
pub(crate) struct Share {
    room: Room,
    place: Place,
    /// When the message is late.
    late: Option<Pin<Box<Sleep>>>,
}

enum Place {
    None,
    Waiting(Waiting),
    Taken { _units: OwnedSemaphorePermit },
}

type Waiting = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

impl Room {
    /// Room for a message of this size, for so long.
    pub(crate) fn new(size: usize, time: Duration) -> Self {
        let all = u32::try_from(size.div_ceil(UNIT)).unwrap_or(u32::MAX);
        // Where memory is counted in 32 bits, there can be less.
        let all = all.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Self {
            units: Arc::new(Semaphore::new(all as usize)),
            all,
            time,
        }
    }

    pub(crate) fn share(&self) -> Share {
        Share {
            room: self.clone(),
            place: Place::None,
            late: None,
        }
    }
}

impl Share {
    /// Takes room for all of a message at once, so that no two wait for each other.
    pub(crate) fn poll_take(&mut self, size: usize, cx: &mut Context<'_>) -> Poll<()> {
        if let Place::None = self.place {
            let units = Arc::clone(&self.room.units);
            // A service may allow more than the server: then nothing else has room meanwhile.
            let count = u32::try_from(size / UNIT).unwrap_or(u32::MAX);
            let count = count.min(self.room.all);
            self.place = match Arc::clone(&units).try_acquire_many_owned(count) {
                Ok(units) => Place::Taken { _units: units },
                Err(_) => Place::Waiting(Box::pin(units.acquire_many_owned(count))),
            };
        }
        if let Place::Waiting(waiting) = &mut self.place {
            // It is never closed.
            if let Ok(units) = ready!(waiting.as_mut().poll(cx)) {
                self.place = Place::Taken { _units: units };
            }
        }
        Poll::Ready(())
    }

    /// Ready when the message that is under way has taken too long; gives the time that it had.
    pub(crate) fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<Duration> {
        let time = self.room.time;
        let late = self.late.get_or_insert_with(|| Box::pin(sleep(time)));
        late.as_mut().poll(cx).map(|()| time)
    }

    /// The message is there.
    pub(crate) fn give_back(&mut self) {
        self.place = Place::None;
        self.late = None;
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Waiting(_) => "Waiting",
            Self::Taken { .. } => "Taken",
        })
    }
}
