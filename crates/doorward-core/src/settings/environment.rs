//! Names of the environment.

use super::declare::declarations;
use super::nearest;

/// What the names of Doorward's variables begin with.
pub(super) const PREFIX: &str = "DOORWARD_";

/// Names the configuration file; a flag goes before it.
pub(super) const CONFIG: &str = "DOORWARD_CONFIG";

/// Names that begin as settings do, are no settings, and are known all the same.
pub const NOT_SETTINGS: &[(&str, &str)] = &[
    (CONFIG, "The configuration file to read, in place of `doorward.toml` in the working directory."),
    ("DOORWARD_TEST_POSTGRES", "The PostgreSQL server of Doorward's own tests; nothing else reads it."),
    ("DOORWARD_ADMIN_PASSWORD", "The password of the user `admin` made at the first start on an empty database."),
];

/// The environment name of a setting: `token.format` is `DOORWARD_TOKEN__FORMAT`.
pub(super) fn name_of(key: &str) -> String {
    format!("{PREFIX}{}", key.to_ascii_uppercase().replace('.', "__"))
}

/// Whether a variable comes from an orchestrator that announces its services by name:
/// Kubernetes sets `DOORWARD_PORT_8080_TCP_ADDR` and the like in every pod beside a service
/// called `doorward`, as Docker's links did.
pub(super) fn announces_a_service(name: &str, value: &str) -> bool {
    let of_a_port = |rest: &str| {
        let parts: Vec<_> = rest.split('_').collect();
        let (port, rest) = parts.split_first().unwrap_or((&"", &[]));
        port.parse::<u16>().is_ok()
            && matches!(rest, ["TCP" | "UDP" | "SCTP"] | ["TCP" | "UDP" | "SCTP", "ADDR" | "PORT" | "PROTO"])
    };
    let protocols = ["tcp://", "udp://", "sctp://"];
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.split_once("_PORT_").is_some_and(|(_, rest)| of_a_port(rest))
        || (name.ends_with("_PORT") && protocols.iter().any(|protocol| value.starts_with(protocol)))
}

/// The known name nearest to the given one.
pub(super) fn nearest_to(name: &str) -> Option<String> {
    let as_key = |name: &str| name.trim_start_matches(PREFIX).to_lowercase().replace("__", ".");
    let mut known: Vec<(String, String)> = declarations()
        .flat_map(|setting| [Some(setting.environment()), setting.environment_file()])
        .flatten()
        .chain(NOT_SETTINGS.iter().map(|(name, _)| (*name).to_owned()))
        .map(|name| (as_key(&name), name))
        .collect();
    let keys = known.iter().map(|(key, _)| key.as_str());
    let position = {
        let nearest = nearest::key(&as_key(name), keys)?;
        known.iter().position(|(key, _)| key == nearest)?
    };
    Some(known.swap_remove(position).1)
}
