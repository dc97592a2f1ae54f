//! What it costs nginx to ask Doorward before each request, against an nginx that asks itself and says yes.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use super::{Pairs, Rig, over, temporary_folder, turn};
use crate::load::{Load, body};
use crate::process;
use crate::report::{Goal, Report, Row, short};
use crate::server::doorward::{ADMIN, ADMIN_PASSWORD};
use crate::server::{Server, free_address};
use crate::wire;

const CONNECTIONS: usize = 16;
const PAGE: &str = "guarded\n";
const RULES: &str = r#"[{ host = "127.0.0.1", path = "/**", require = "signed-in" }]"#;

/// The measurement.
pub(crate) async fn run(rig: &Rig) -> Result<Report> {
    let folder = temporary_folder()?;
    let doorward = rig.on_sqlite("doorward", folder.path())?;
    let doorward =
        doorward.set("DOORWARD_FORWARD_AUTH__RULES", RULES).set("DOORWARD_HTTP__TRUSTED_PROXIES", "127.0.0.1");
    let server = doorward.serve().await?;
    let tokens = wire::login(server.address, ADMIN, ADMIN_PASSWORD).await?;
    let question = "proxy_pass http://doorward/forward-auth;
         proxy_http_version 1.1;
         proxy_set_header Connection \"\";
         proxy_pass_request_body off;
         proxy_set_header Content-Length \"\";
         proxy_set_header X-Original-Method $request_method;
         proxy_set_header X-Original-URI $request_uri;
         proxy_set_header X-Forwarded-Host $host:$server_port;
         proxy_set_header X-Forwarded-Proto $scheme;
         proxy_set_header X-Forwarded-For $remote_addr;"
        .to_string();
    let upstream = format!("upstream doorward {{ server {}; keepalive 32; }}", server.address);
    let asking = nginx("nginx-asking", &upstream, &question, folder.path()).await?;
    let bare = nginx("nginx-204", "", "return 204;", folder.path()).await?;

    let load = |address| Load {
        address,
        requests: Arc::new(vec![wire::guarded_request("/page.txt", &tokens.access)]),
        check: body(PAGE.into()),
    };
    let (ours, theirs) = (load(asking.address), load(bare.address));
    let mut pairs = Pairs { ours: Vec::new(), theirs: Vec::new() };
    let mut doorwards = Vec::new();
    let warm_up = rig.turn.min(Duration::from_secs(2));
    turn(&bare, &theirs, CONNECTIONS, warm_up).await?;
    turn(&asking, &ours, CONNECTIONS, warm_up).await?;
    for index in 1..=rig.turns {
        let other = turn(&bare, &theirs, CONNECTIONS, rig.turn).await?;
        let before = process::cpu_seconds(server.pid())?;
        let own = turn(&asking, &ours, CONNECTIONS, rig.turn).await?;
        let used = process::cpu_seconds(server.pid())? - before;
        doorwards.push(used * 1e6 / (own.rate * rig.turn.as_secs_f64()));
        println!("turn {index} of {}: 204 {:.0}/s; Doorward {:.0}/s", rig.turns, other.rate, own.rate);
        pairs.theirs.push(other);
        pairs.ours.push(own);
    }

    let figure = |turns: &[super::Turn]| -> Result<String> {
        let rate = over(turns, |turn| turn.rate)?;
        let latency = over(turns, |turn| turn.p50)?;
        Ok(format!("{:.0}/s (p50 {} ms)", rate.median, short(latency.median)))
    };
    let cpu = super::spread(&doorwards)?;
    let row = Row {
        what: "requests a second through nginx that asks `/forward-auth`".to_owned(),
        measured: format!("{}; Doorward's own CPU {} µs", figure(&pairs.ours)?, short(cpu.median)),
        against: format!("`return 204` {}", figure(&pairs.theirs)?),
        judged: pairs.ratio(|turn| turn.rate)?,
        unit: "×".to_owned(),
        goal: Goal::None,
    };
    let how = format!(
        "a static file of nginx with one worker over {CONNECTIONS} keep-alive connections, every request with a token; once the \
         location of `auth_request` asks Doorward over keep-alive connections, once it says `return 204`"
    );
    Ok(Report::new("forward-auth", 10, &how, vec![row], json!({ "pairs": pairs, "doorward_cpu_micros": doorwards })))
}

/// An nginx with a page that it asks about first; `answer` says how.
async fn nginx(name: &str, upstream: &str, answer: &str, folder: &Path) -> Result<Server> {
    let own = folder.join(name);
    fs::create_dir_all(own.join("tmp"))?;
    fs::write(own.join("page.txt"), PAGE)?;
    let address = free_address()?;
    let configuration = format!(
        "pid nginx.pid;
         worker_processes 1;
         error_log stderr;
         events {{ worker_connections 1024; }}
         http {{
             access_log off;
             keepalive_requests 100000000;
             client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
             {upstream}
             server {{
                 listen {address};
                 root {};
                 location / {{ auth_request /_ask; }}
                 location = /up {{ return 200; }}
                 location = /_ask {{ internal; {answer} }}
             }}
         }}",
        own.display()
    );
    fs::write(own.join("nginx.conf"), configuration)?;
    let user = Command::new("id").arg("-un").output().context("running id")?.stdout;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(&own).args(["-c", "nginx.conf", "-g"]);
    command.arg(format!("user {}; daemon off;", String::from_utf8(user)?.trim()));
    let mut server = Server::spawn(name, command, address, folder)?;
    server.answers("/up", Duration::from_secs(10)).await?;
    Ok(server)
}
