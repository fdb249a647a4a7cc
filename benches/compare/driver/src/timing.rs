//! How often and how long something is measured.

use clap::Args;

#[derive(Args)]
pub(crate) struct Timing {
    /// How often each of them is measured.
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// How long each time, in seconds.
    #[arg(long, default_value_t = 4.0)]
    pub(crate) seconds: f64,
    /// How long it is loaded before that.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) warm_up: f64,
}
