//! A guarded request of the Flask application: by doorward-flask against its own decorator.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{Pairs, Rig, over, temporary_folder};
use crate::load::{Load, body};
use crate::report::{Goal, Report, Row, short};
use crate::server::doorward::{ADMIN, ADMIN_PASSWORD, said};
use crate::server::flask::{Flask, Guarding};
use crate::wire;

const CONNECTIONS: usize = 16;
const SECRET: &str = "a secret key for measuring";

/// The measurement. `package` is doorward-flask's folder.
pub(crate) async fn run(rig: &Rig, flask: &Flask, package: &Path) -> Result<Report> {
    flask.install(package)?;
    let mut rows = Vec::new();
    let mut detail = serde_json::Map::new();
    for format in ["flask", "jwt"] {
        let pairs = measure(rig, flask, format).await.with_context(|| format!("tokens of the format {format}"))?;
        let micros =
            |turns| -> Result<String> { Ok(format!("{} µs", short(over(turns, |turn| turn.cpu_micros)?.median))) };
        rows.push(Row {
            what: format!("`login_required` of doorward-flask, CPU of a request, `{format}` token"),
            measured: micros(&pairs.ours)?,
            against: format!("the application's own decorator {}", micros(&pairs.theirs)?),
            judged: pairs.ratio(|turn| turn.cpu_micros)?,
            unit: "×".to_owned(),
            goal: Goal::AtMost(1.0),
        });
        detail.insert(format.to_owned(), json!(pairs));
    }
    let how = format!(
        "`GET /my_info` of `bench/flask` on Flask 1.1 under gunicorn with 2 workers, guarded by doorward-flask beside a running \
         Doorward, against the same application with its own decorator and a `flask` token; {CONNECTIONS} clients"
    );
    Ok(Report::new("flask-guard", 10, &how, rows, json!(detail)))
}

async fn measure(rig: &Rig, flask: &Flask, format: &str) -> Result<Pairs> {
    let folder = temporary_folder()?;
    let doorward = rig
        .on_sqlite("doorward", folder.path())?
        .set("DOORWARD_TOKEN__FORMAT", format)
        .set("DOORWARD_TOKEN__SECRET_KEYS", SECRET);
    let server = doorward.serve().await?;
    let made = said(&doorward.run_well(&["service", "create", "measured", "--scope", "revocations"], "").await?);
    let service_key = made
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .find(|word| word.starts_with("dw_"))
        .with_context(|| format!("no key in: {made}"))?;

    let database = format!("sqlite://{}", folder.path().join("flask.db").display());
    flask.create_tables(&database, folder.path())?;
    let theirs = flask.serve(&database, SECRET, folder.path()).await?;
    let guarding = Guarding { doorward: server.address, service_key };
    let ours = flask.serve_guarded(&database, SECRET, folder.path(), &guarding).await?;

    let token = wire::login(server.address, ADMIN, ADMIN_PASSWORD).await?.access;
    let their_token = if format == "flask" { token.clone() } else { own_token(flask, &folder)? };
    let answer = wire::guarded(ours.address, "/my_info", &token).await?;
    let their_answer = wire::guarded(theirs.address, "/my_info", &their_token).await?;
    ensure!(
        answer.json() == their_answer.json(),
        "the answers differ: {} and {}",
        answer.in_short(),
        their_answer.in_short()
    );

    let load = |address, token: &str, expected| Load {
        address,
        requests: Arc::new(vec![wire::guarded_request("/my_info", token)]),
        check: body(expected),
    };
    Pairs::measure(
        rig,
        (&ours, &load(ours.address, &token, answer.body)),
        (&theirs, &load(theirs.address, &their_token, their_answer.body)),
        CONNECTIONS,
    )
    .await
}

/// A token as the application itself would make it.
fn own_token(flask: &Flask, folder: &tempfile::TempDir) -> Result<String> {
    let words = "from itsdangerous import TimedJSONWebSignatureSerializer as S; import sys; \
                 print(S(sys.argv[1], expires_in=36000).dumps({'id': 1}).decode())";
    flask.python(&["-c", words, SECRET], folder.path())
}
