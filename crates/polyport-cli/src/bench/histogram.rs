//! Latencies in few numbers: percentiles, and bars.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// The percentiles that are shown, with their names in JSON.
const SHOWN: [f64; 7] = [50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99];

/// No more bars than these.
const MOST_BARS: usize = 16;

/// The edges of bars in each power of ten, from the finest.
const EDGES: [&[u64]; 4] = [
    &[100, 120, 150, 200, 250, 300, 400, 500, 600, 800],
    &[100, 200, 500],
    &[100, 300],
    &[100],
];

/// Latencies as JSON has them: in microseconds.
#[derive(Debug, Serialize)]
pub(super) struct Latency {
    lowest_us: f64,
    mean_us: f64,
    deviation_us: f64,
    highest_us: f64,
    p50_us: f64,
    p75_us: f64,
    p90_us: f64,
    p95_us: f64,
    p99_us: f64,
    p99_9_us: f64,
    p99_99_us: f64,
    /// To be drawn: a point for each step on the way to the highest.
    distribution: Vec<Point>,
}

/// So many calls took no longer.
#[derive(Debug, Serialize)]
struct Point {
    percentile: f64,
    us: f64,
    calls: u64,
}

impl Latency {
    /// Nothing if there is no call.
    pub(super) fn new(latencies: &Histogram<u64>) -> Option<Self> {
        if latencies.is_empty() {
            return None;
        }
        let [p50_us, p75_us, p90_us, p95_us, p99_us, p99_9_us, p99_99_us] =
            SHOWN.map(|percentile| microseconds(latencies.value_at_percentile(percentile)));
        let mut calls = 0;
        let steps = latencies.iter_quantiles(2).map(|step| {
            calls += step.count_since_last_iteration();
            Point {
                percentile: rounded(step.quantile_iterated_to() * 100.0),
                us: microseconds(step.value_iterated_to()),
                calls,
            }
        });
        Some(Self {
            distribution: steps.collect(),
            lowest_us: microseconds(latencies.min()),
            mean_us: rounded(latencies.mean() / 1e3),
            deviation_us: rounded(latencies.stdev() / 1e3),
            highest_us: microseconds(latencies.max()),
            p50_us,
            p75_us,
            p90_us,
            p95_us,
            p99_us,
            p99_9_us,
            p99_99_us,
        })
    }
}

/// The percentiles that so many calls have something to say about, each with its time.
pub(super) fn percentiles(latencies: &Histogram<u64>) -> Vec<(f64, Duration)> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "about how many calls are beyond"
    )]
    let has_calls_beyond =
        |percentile: &f64| latencies.len() as f64 * (100.0 - percentile) / 100.0 > 0.999;
    let shown = SHOWN.into_iter().filter(has_calls_beyond);
    shown
        .map(|percentile| {
            let value = latencies.value_at_percentile(percentile);
            (percentile, Duration::from_nanos(value))
        })
        .collect()
}

/// How many calls took at least `from` and less than `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) from: Duration,
    pub(super) to: Duration,
    pub(super) calls: u64,
}

/// Bars from the lowest to the highest latency, on round numbers, each as wide as the one before or
/// wider.
pub(super) fn bars(latencies: &Histogram<u64>) -> Vec<Bar> {
    if latencies.is_empty() {
        return Vec::new();
    }
    // What is counted as one value may be a range across an edge: its highest decides.
    let lowest = latencies.highest_equivalent(latencies.min());
    let highest = latencies.max();
    let mut bars = Vec::new();
    for mantissas in EDGES {
        bars = cover(mantissas, lowest, highest);
        if bars.len() <= MOST_BARS {
            break;
        }
    }
    let mut index = 0;
    for step in latencies.iter_recorded() {
        while index + 1 < bars.len() && step.value_iterated_to() >= nanoseconds(bars[index].to) {
            index += 1;
        }
        bars[index].calls += step.count_at_value();
    }
    bars
}

/// Empty bars with these edges that have both values in them.
fn cover(mantissas: &[u64], lowest: u64, highest: u64) -> Vec<Bar> {
    let powers = (0..).map_while(|exponent| 10_u64.checked_pow(exponent));
    let edges = powers.flat_map(|power| {
        let edges = mantissas.iter();
        edges.map_while(move |mantissa| mantissa.checked_mul(power))
    });
    let edges: Vec<u64> = std::iter::once(0).chain(edges).collect();
    let bars = edges.windows(2).map(|edges| Bar {
        from: Duration::from_nanos(edges[0]),
        to: Duration::from_nanos(edges[1]),
        calls: 0,
    });
    bars.skip_while(|bar| nanoseconds(bar.to) <= lowest)
        .take_while(|bar| nanoseconds(bar.from) <= highest)
        .collect()
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn microseconds(nanoseconds: u64) -> f64 {
    rounded(Duration::from_nanos(nanoseconds).as_secs_f64() * 1e6)
}

/// To three digits behind the point.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(values: impl IntoIterator<Item = u64>) -> Histogram<u64> {
        let mut histogram = Histogram::new(3).unwrap();
        for value in values {
            histogram.record(value).unwrap();
        }
        histogram
    }

    #[test]
    fn percentiles_are_those_of_the_values() {
        let latencies = histogram((1..=10_000).map(|value| value * 1000));
        let shown = percentiles(&latencies);
        assert_eq!(shown.len(), 7);
        for (percentile, time) in shown {
            let expected = percentile * 1e-4;
            let off = time.as_secs_f64() / expected;
            assert!((0.999..1.002).contains(&off), "{percentile}: {time:?}");
        }
        let latency = Latency::new(&latencies).unwrap();
        assert_eq!(latency.lowest_us, 1.0);
        assert!(
            (latency.mean_us - 5000.5).abs() < 5.0,
            "{}",
            latency.mean_us
        );
        let last = latency.distribution.last().unwrap();
        assert_eq!((last.percentile, last.calls), (100.0, 10_000));
        assert!(latency.distribution.len() < 100);
    }

    #[test]
    fn few_calls_say_nothing_about_what_is_rare() {
        let shown = |calls| percentiles(&histogram(1..=calls)).len();
        assert_eq!((shown(1), shown(2), shown(10), shown(1000)), (0, 1, 3, 6));
    }

    #[test]
    fn bars_hold_every_call_between_round_numbers() {
        for values in [
            vec![0],
            vec![7],
            vec![61_000, 62_000, 99_999],
            vec![100_000, 199_999, 200_000],
            vec![1, 1_000_000_000_000],
            (0..42).map(|index| 1_u64 << index).collect(),
        ] {
            let latencies = histogram(values.clone());
            let bars = bars(&latencies);
            assert!(
                (1..=MOST_BARS).contains(&bars.len()),
                "{values:?}: {bars:?}"
            );
            let calls: u64 = bars.iter().map(|bar| bar.calls).sum();
            assert_eq!(calls, values.len() as u64, "{bars:?}");
            assert!(bars.windows(2).all(|pair| pair[0].to == pair[1].from));
            assert!(
                bars[0].calls > 0 && bars[bars.len() - 1].calls > 0,
                "{bars:?}"
            );
        }
        let bars = bars(&histogram([61_000, 62_000, 99_000, 130_000]));
        let bars: Vec<_> = bars
            .iter()
            .map(|bar| (bar.from.as_micros(), bar.calls))
            .collect();
        assert_eq!(bars, [(60, 2), (80, 1), (100, 0), (120, 1)]);
    }

    #[test]
    fn without_calls_there_is_nothing_to_say() {
        let nothing = histogram([]);
        assert!(Latency::new(&nothing).is_none());
        assert!(percentiles(&nothing).is_empty());
        assert!(bars(&nothing).is_empty());
    }
}
