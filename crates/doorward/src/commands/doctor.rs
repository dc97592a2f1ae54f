use doorward_core::{
    doctor::{self, Finding, Verdict},
    settings::{self, Problem, Severity},
};
use serde_json::json;

use super::{CommandError, Context, Outcome, exit::Exit, output};

/// Ids that are shown on a terminal; `--json` has more.
pub(super) const IDS_SHOWN: usize = 10;

pub(super) async fn run(context: Context) -> Outcome {
    let mut findings: Vec<_> = context.loaded.warnings.iter().map(of_problem).collect();
    match context.open().await {
        Ok(doorward) => {
            let examined = doctor::examine(&doorward).await;
            doorward.close().await;
            findings.extend(examined?);
        }
        Err(error) => {
            findings.extend(of_failed_start(&error));
            findings.extend(settings::check(&context.loaded.settings).iter().map(of_problem));
        }
    }
    let worst = findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok);
    if context.json {
        output::print_json(&json!({"verdict": worst, "findings": findings}));
    } else {
        findings.iter().for_each(show);
    }
    Ok(if worst == Verdict::Fail { Exit::Faults } else { Exit::Done })
}

/// What keeps Doorward from starting keeps most questions from being asked, and is the first to mend.
fn of_failed_start(error: &CommandError) -> impl Iterator<Item = Finding> {
    error.faults().iter().map(|fault| Finding {
        check: "start",
        verdict: Verdict::Fail,
        detail: fault.message.clone(),
        way_out: fault.way_out.clone(),
        count: None,
        user_ids: Vec::new(),
    })
}

fn of_problem(problem: &Problem) -> Finding {
    Finding {
        check: "configuration",
        verdict: if problem.severity == Severity::Error { Verdict::Fail } else { Verdict::Warn },
        detail: format!("`{}` {}", problem.key, problem.message),
        way_out: Some(problem.way_out.clone()),
        count: None,
        user_ids: Vec::new(),
    }
}

fn show(finding: &Finding) {
    lines(finding).iter().for_each(|line| output::print(line));
}

/// A finding for people.
pub(super) fn lines(finding: &Finding) -> Vec<String> {
    let mark = match finding.verdict {
        Verdict::Ok => "ok  ",
        Verdict::Warn => "warn",
        Verdict::Fail => "FAIL",
    };
    let mut lines = vec![format!("{mark}  {}: {}", finding.check, finding.detail)];
    if !finding.user_ids.is_empty() {
        let ids: Vec<_> = finding.user_ids.iter().take(IDS_SHOWN).map(ToString::to_string).collect();
        let count = finding.count.unwrap_or_default();
        let more = if count > ids.len() as u64 { ", …" } else { "" };
        lines.push(format!("      {count} user(s): {}{more}", ids.join(", ")));
    }
    lines.extend(finding.way_out.iter().map(|way_out| format!("      → {way_out}")));
    lines
}
