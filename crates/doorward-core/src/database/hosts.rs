//! Several hosts in one PostgreSQL URL, as libpq reads them
//! (<https://www.postgresql.org/docs/current/libpq-connect.html>, "Specifying Multiple Hosts"):
//! the first that takes writes is used, and the next when it no longer does.

use std::{
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use sea_orm::sqlx::{self, ConnectOptions, Connection, PgPool, postgres::PgConnectOptions};

use crate::Error;

/// How often the writable host is looked for while the present one doesn't answer.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(super) fn candidates(url: &str) -> Result<Vec<PgConnectOptions>, Error> {
    single_host_urls(url)
        .iter()
        .map(|url| {
            PgConnectOptions::from_str(url).map_err(|error| {
                Error::startup(
                    format!("`database` can't be read as a PostgreSQL URL: {error}"),
                    "write it as postgres://user:password@host:5432/name",
                )
            })
        })
        .collect()
}

/// When the pool was pointed to another host. A connection that is older leads to the former one, which
/// may have come back as a standby: it answers, and takes no writes.
#[derive(Clone, Default)]
pub(super) struct Turned(Arc<Mutex<Option<Instant>>>);

impl Turned {
    /// Whether that was in the life of a connection of this age.
    pub(super) fn since(&self, age: Duration) -> bool {
        self.0.lock().is_some_and(|at| at.elapsed() <= age)
    }
}

/// The parameters that the driver knows (<https://docs.rs/sqlx/latest/sqlx/postgres/struct.PgConnectOptions.html>).
const KNOWN_PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Whether the driver takes a parameter. It would log the value of another, and `sslpassword` is one.
fn is_known(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    let known = KNOWN_PARAMETERS.contains(&name) || name.starts_with("options[") || name.starts_with("options%5B");
    if !known && !name.is_empty() && name != "target_session_attrs" {
        let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-'));
        let name = if plain { name } else { "(not shown)" };
        tracing::warn!(name, "this parameter of `database` is not known to Doorward, and passed over");
    }
    known
}

/// One URL for each host of `url`, with the parameters that the driver knows.
fn single_host_urls(url: &str) -> Vec<String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = before_query.split_once('/').unwrap_or((before_query, ""));
    let (user, hosts) =
        authority.rsplit_once('@').map_or((String::new(), authority), |(user, hosts)| (format!("{user}@"), hosts));
    let query: Vec<_> = query.split('&').filter(|pair| is_known(pair)).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    hosts.split(',').map(|host| format!("{scheme}://{user}{host}/{path}{query}")).collect()
}

pub(super) fn describe(candidates: &[PgConnectOptions]) -> String {
    let hosts: Vec<_> =
        candidates.iter().map(|options| format!("{}:{}", options.get_host(), options.get_port())).collect();
    let name = candidates.first().and_then(PgConnectOptions::get_database).unwrap_or_default();
    format!("{}/{name}", hosts.join(","))
}

/// The first candidate that answers and takes writes.
pub(super) async fn select(candidates: &[PgConnectOptions], wait: Duration) -> Result<PgConnectOptions, sqlx::Error> {
    let mut last = sqlx::Error::Configuration("no host in the URL".into());
    for options in candidates {
        match tokio::time::timeout(wait, takes_writes(options)).await {
            Ok(Ok(true)) => return Ok(options.clone()),
            Ok(Ok(false)) => {
                last = sqlx::Error::Configuration("the server takes no writes".into());
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = sqlx::Error::PoolTimedOut,
        }
    }
    Err(last)
}

async fn takes_writes(options: &PgConnectOptions) -> Result<bool, sqlx::Error> {
    let mut connection = options.connect().await?;
    let read_only: String = sqlx::query_scalar("SHOW transaction_read_only").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(read_only == "off")
}

/// With several hosts: watches that the pool's host still takes writes, and points the pool to
/// another when it does not. Ends with the pool.
pub(super) fn follow(pool: &PgPool, candidates: Vec<PgConnectOptions>, turned: Turned) {
    if candidates.len() < 2 {
        return;
    }
    let pool = pool.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = pool.close_event() => return,
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
            let present = pool.connect_options();
            let good = tokio::time::timeout(LOOK_AGAIN, takes_writes(&present)).await;
            if matches!(good, Ok(Ok(true))) {
                continue;
            }
            if let Ok(other) = select(&candidates, LOOK_AGAIN).await {
                tracing::warn!(host = other.get_host(), port = other.get_port(), "PostgreSQL's writable host changed");
                pool.set_connect_options(other);
                *turned.0.lock() = Some(Instant::now());
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_with_several_hosts_is_one_url_a_host() {
        assert_eq!(
            single_host_urls("postgres://u:p@a:1,b:2/db?target_session_attrs=read-write&sslmode=disable"),
            ["postgres://u:p@a:1/db?sslmode=disable", "postgres://u:p@b:2/db?sslmode=disable"]
        );
        assert_eq!(single_host_urls("postgres://u@a/db"), ["postgres://u@a/db"]);
        assert_eq!(
            single_host_urls("postgres://u@a/db?sslpassword=x&application_name=y&options[a]=b&&"),
            ["postgres://u@a/db?application_name=y&options[a]=b"]
        );
        assert_eq!(single_host_urls("postgres://%2Frun%2Fpg/db"), ["postgres://%2Frun%2Fpg/db"]);
    }
}
