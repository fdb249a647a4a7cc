//! A bar for who waits.

use indicatif::{ProgressBar, ProgressStyle};

use crate::bench::quantity::{per_second, three_digits, time};
use crate::bench::schedule::Schedule;

/// How many steps the bar has.
const STEPS: u64 = 1000;

/// A bar on the standard error, if that is a terminal; it is gone when this is dropped.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for something that begins now.
    pub(super) fn new(what: &'static str) -> Self {
        let bar = ProgressBar::new(STEPS);
        if let Ok(style) =
            ProgressStyle::with_template("{prefix} [{bar:30}] {percent:>3} %  {wide_msg}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(what);
        Self { bar }
    }

    /// Whether anybody can see it.
    pub(super) fn is_shown(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Shows how far a schedule is of which so many calls have ended.
    pub(super) fn show(&self, schedule: &Schedule, ended: u64) {
        let elapsed = schedule.start().elapsed();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a part of the steps"
        )]
        let steps = (schedule.progress(ended) * STEPS as f64) as u64;
        self.bar.set_message(format!(
            "{ended} calls in {}, {} a second",
            time(elapsed),
            three_digits(per_second(ended, elapsed))
        ));
        self.bar.set_position(steps);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
