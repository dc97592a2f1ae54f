use super::{Finding, Verdict};
use crate::{
    Doorward,
    settings::{self, Severity},
};

pub(super) fn examine(doorward: &Doorward) -> Vec<Finding> {
    let problems = settings::check(doorward.settings());
    if problems.is_empty() {
        return vec![Finding::ok("configuration", "nothing is wrong")];
    }
    problems
        .into_iter()
        .map(|problem| Finding {
            verdict: if problem.severity == Severity::Error { Verdict::Fail } else { Verdict::Warn },
            ..Finding::warn("configuration", format!("{}: {}", problem.key, problem.message), problem.way_out)
        })
        .collect()
}
