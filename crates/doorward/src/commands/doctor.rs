use doorward_core::doctor::{self, Finding, Verdict};
use serde_json::json;

use super::{Context, Outcome, output};

/// Ids that are shown on a terminal; `--json` has more.
const IDS_SHOWN: usize = 10;

pub(super) async fn run(context: Context) -> Outcome {
    let doorward = context.open().await?;
    let findings = doctor::examine(&doorward).await?;
    doorward.close().await;
    let worst = findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok);
    if context.json {
        output::print_json(&json!({"verdict": worst, "findings": findings}));
    } else {
        findings.iter().for_each(show);
    }
    Ok(if worst == Verdict::Fail { 7 } else { 0 })
}

fn show(finding: &Finding) {
    let mark = match finding.verdict {
        Verdict::Ok => "ok  ",
        Verdict::Warn => "warn",
        Verdict::Fail => "FAIL",
    };
    output::print(&format!("{mark}  {}: {}", finding.check, finding.detail));
    if !finding.user_ids.is_empty() {
        let ids: Vec<_> = finding.user_ids.iter().take(IDS_SHOWN).map(ToString::to_string).collect();
        let count = finding.count.unwrap_or_default();
        let more = if count > ids.len() as u64 { ", …" } else { "" };
        output::print(&format!("      {count} user(s): {}{more}", ids.join(", ")));
    }
    if let Some(way_out) = &finding.way_out {
        output::print(&format!("      → {way_out}"));
    }
}
