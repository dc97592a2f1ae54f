//! Medians with their spread, and how well a time gives a class away.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// A median between its quartiles.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Spread {
    /// The first quartile.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// The third quartile.
    pub high: f64,
}

impl Spread {
    /// `None` for no samples.
    pub(crate) fn of(samples: &[f64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self { low: quantile(&sorted, 0.25)?, median: quantile(&sorted, 0.5)?, high: quantile(&sorted, 0.75)? })
    }
}

/// Linear between the two nearest of the sorted samples.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    #[allow(clippy::cast_precision_loss)] // Sample counts stay far below 2^52.
    let position = q.clamp(0.0, 1.0) * last as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Between 0 and `last`.
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    Some(sorted[below] + (sorted[above] - sorted[below]) * position.fract())
}

/// The share of right guesses (0.5 to 1) of the best rule of the form "slower than t is one class", in either direction.
pub(crate) fn best_threshold_accuracy(one: &[f64], other: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> =
        one.iter().map(|sample| (*sample, true)).chain(other.iter().map(|sample| (*sample, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total = all.len();
    // With everything above the threshold called `other`, exactly the `other` samples are right.
    let mut right = other.len();
    let mut best = right.max(total - right);
    for (index, (value, is_one)) in all.iter().enumerate() {
        if *is_one {
            right += 1;
        } else {
            right -= 1;
        }
        let between_equals = all.get(index + 1).is_some_and(|(next, _)| next.total_cmp(value).is_eq());
        if !between_equals {
            best = best.max(right).max(total - right);
        }
    }
    #[allow(clippy::cast_precision_loss)] // Sample counts stay far below 2^52.
    let share = best as f64 / total.max(1) as f64;
    share
}

/// A histogram for latencies from 1 µs to 2 minutes, three digits exact.
pub(crate) fn latencies() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 120_000_000, 3).expect("the bounds are in order and three digits are allowed")
}

/// Latencies past the histogram's end count as its end.
pub(crate) fn record(histogram: &mut Histogram<u64>, latency: Duration) {
    histogram.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1));
}

/// The latency in milliseconds that the share `q` of requests did not exceed.
pub(crate) fn milliseconds(histogram: &Histogram<u64>, q: f64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // At most 120 million.
    let micros = histogram.value_at_quantile(q) as f64;
    micros / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_the_quartiles() {
        let spread = Spread::of(&[5.0, 1.0, 3.0, 2.0, 4.0]).expect("five samples");
        assert_eq!((spread.low, spread.median, spread.high), (2.0, 3.0, 4.0));
        assert!(Spread::of(&[]).is_none());
    }

    #[test]
    fn separate_classes_are_told_apart_and_equal_ones_are_not() {
        let fast = [1.0, 2.0, 3.0, 4.0];
        let slow = [5.0, 6.0, 7.0, 8.0];
        assert!((best_threshold_accuracy(&fast, &slow) - 1.0).abs() < 1e-9);
        assert!((best_threshold_accuracy(&slow, &fast) - 1.0).abs() < 1e-9);
        assert!((best_threshold_accuracy(&[1.0, 1.0], &[1.0, 1.0]) - 0.5).abs() < 1e-9);
        assert!((best_threshold_accuracy(&[1.0, 3.0], &[2.0, 4.0]) - 0.75).abs() < 1e-9);
    }
}
