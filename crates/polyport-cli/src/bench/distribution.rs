//! Latencies as HdrHistogram's other programs write and draw them.

use std::io::{self, Write};

use hdrhistogram::Histogram;

/// How often the distance to the highest value is halved in so many steps.
const STEPS: u32 = 5;

/// Writes the percentiles in the format of HdrHistogram's `outputPercentileDistribution`, in
/// microseconds.
pub(super) fn write(latencies: &Histogram<u64>, mut out: impl Write) -> io::Result<()> {
    let titles = ("Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    writeln!(
        out,
        "{:>12} {:>14} {:>10} {:>14}\n",
        titles.0, titles.1, titles.2, titles.3
    )?;
    let mut calls = 0;
    for step in latencies.iter_quantiles(STEPS) {
        calls += step.count_since_last_iteration();
        let value = microseconds(step.value_iterated_to());
        let quantile = step.quantile_iterated_to();
        write!(out, "{value:12.3} {quantile:14.12} {calls:10}")?;
        // There is no such number for the highest.
        match quantile < 1.0 {
            true => writeln!(out, " {:14.2}", 1.0 / (1.0 - quantile))?,
            false => writeln!(out)?,
        }
    }
    let (mean, deviation) = (latencies.mean() / 1e3, latencies.stdev() / 1e3);
    let (highest, count) = (microseconds(latencies.max()), latencies.len());
    writeln!(
        out,
        "#[Mean    = {mean:12.3}, StdDeviation   = {deviation:12.3}]"
    )?;
    writeln!(
        out,
        "#[Max     = {highest:12.3}, Total count    = {count:12}]"
    )?;
    out.flush()
}

fn microseconds(nanoseconds: u64) -> f64 {
    std::time::Duration::from_nanos(nanoseconds).as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(latencies: &Histogram<u64>) -> String {
        let mut out = Vec::new();
        write(latencies, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn percentiles_stand_as_other_programs_read_them() {
        let mut latencies = Histogram::new(3).unwrap();
        for value in 1..=4_u64 {
            latencies.record(value * 1000).unwrap();
        }
        let text = written(&latencies);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "       Value     Percentile TotalCount 1/(1-Percentile)"
        );
        assert_eq!(lines[1], "");
        assert_eq!(
            lines[2],
            "       1.000 0.000000000000          1           1.00"
        );
        assert!(
            lines.contains(&"       2.000 0.500000000000          2           2.00"),
            "{text}"
        );
        assert!(
            lines.contains(&"       4.001 1.000000000000          4"),
            "{text}"
        );
        assert!(
            lines.contains(&"#[Mean    =        2.501, StdDeviation   =        1.118]"),
            "{text}"
        );
        assert!(
            lines.contains(&"#[Max     =        4.001, Total count    =            4]"),
            "{text}"
        );
    }

    #[test]
    fn nothing_is_written_of_no_calls() {
        let text = written(&Histogram::new(3).unwrap());
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.contains("Total count    =            0]"), "{text}");
    }
}
