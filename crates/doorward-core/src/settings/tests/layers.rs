use std::path::Path;

use super::super::{Listen, Options, Profile, Settings, Source, TokenFormat, load};
use super::{Folder, environment, flags, from_environment};

#[test]
fn without_any_layer_the_defaults_hold() {
    let loaded = load(&Options::default()).unwrap();
    assert_eq!(loaded.settings, Settings::default());
    assert_eq!(loaded.sources.get("token.expiration"), &Source::Default);
    assert_eq!(loaded.file, None);
}

#[test]
fn a_missing_file_that_nobody_named_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { search_in: Some(folder.path().into()), ..Options::default() };
    assert_eq!(load(&options).unwrap().settings, Settings::default());
}

#[test]
fn each_layer_covers_the_one_before_and_every_value_knows_its_own() {
    let folder =
        Folder::with("http_status = \"always-200\"\n[token]\nexpiration = 1\nrefresh_grace = 1\naudience = \"file\"\n");
    let options =
        environment(folder.options(), &[("DOORWARD_TOKEN__EXPIRATION", "2"), ("DOORWARD_TOKEN__REFRESH_GRACE", "2")]);
    let loaded = load(&flags(options, &[("token.expiration", "3")])).unwrap();

    let token = &loaded.settings.token;
    assert_eq!((token.expiration, token.refresh_grace, token.audience.as_str()), (3, 2, "file"));
    let source = |key| loaded.sources.get(key).clone();
    assert_eq!(source("token.expiration"), Source::Flag("token.expiration".into()));
    assert_eq!(source("token.refresh_grace"), Source::Environment("DOORWARD_TOKEN__REFRESH_GRACE".into()));
    let path = folder.0.path().join("doorward.toml");
    assert_eq!(source("token.audience"), Source::File { path, line: 5 });
    assert_eq!(source("token.format"), Source::Default);
}

#[test]
fn the_profile_chooses_defaults_that_other_layers_cover() {
    let loaded = from_environment(&[("DOORWARD_PROFILE", "testing")]).unwrap();
    assert_eq!(loaded.settings, Settings::for_profile(Profile::Testing));
    assert_eq!(loaded.settings.login.failure_time_ms, 0);
    assert_eq!(loaded.sources.get("login.failure_time_ms"), &Source::ProfileDefault(Profile::Testing));

    let covered = [("DOORWARD_PROFILE", "testing"), ("DOORWARD_LOGIN__FAILURE_TIME_MS", "7")];
    assert_eq!(from_environment(&covered).unwrap().settings.login.failure_time_ms, 7);

    let folder = Folder::with("profile = \"testing\"");
    let options = flags(folder.options(), &[("profile", "development")]);
    assert_eq!(load(&options).unwrap().settings.login.failure_time_ms, 500);
}

#[test]
fn the_environment_names_a_file_and_a_flag_goes_before_it() {
    let folder = Folder::with("");
    let one = folder.write("one.toml", "[api]\ntitle = \"one\"", 0o600);
    let two = folder.write("two.toml", "[api]\ntitle = \"two\"", 0o600);
    let named = environment(folder.options(), &[("DOORWARD_CONFIG", one.to_str().unwrap())]);
    assert_eq!(load(&named).unwrap().settings.api.title, "one");
    let flagged = Options { file: Some(two), ..named };
    assert_eq!(load(&flagged).unwrap().settings.api.title, "two");
}

#[test]
fn lists_are_comma_separated_in_the_environment_and_add_up_on_the_command_line() {
    let listen = |addresses: &[&str]| -> Vec<Listen> {
        addresses.iter().map(|address| Listen::parse(address).unwrap()).collect()
    };
    let variables = [
        ("DOORWARD_LISTEN", "127.0.0.1:1, localhost:2,unix:/run/doorward.sock"),
        ("DOORWARD_TOKEN__SECRET_KEYS", "new,old"),
    ];
    let settings = from_environment(&variables).unwrap().settings;
    assert_eq!(settings.listen, listen(&["127.0.0.1:1", "127.0.0.1:2", "unix:/run/doorward.sock"]));
    let keys: Vec<_> = settings.token.secret_keys.iter().map(super::super::Secret::expose).collect();
    assert_eq!(keys, ["new", "old"]);

    let pairs = [("listen", "[::1]:1"), ("log.level", "warn"), ("listen", "[::1]:2"), ("log.level", "info")];
    let settings = load(&flags(Options::default(), &pairs)).unwrap().settings;
    assert_eq!(settings.listen, listen(&["[::1]:1", "[::1]:2"]));
    assert_eq!(settings.log.level, "info");
}

#[test]
fn a_list_of_the_file_may_be_a_plain_string() {
    let folder = Folder::with("listen = \"0.0.0.0:80\"\ntoken.secret_keys = \"with, comma\"");
    let settings = load(&folder.options()).unwrap().settings;
    assert_eq!(settings.listen, [Listen::Tcp(([0, 0, 0, 0], 80).into())]);
    assert_eq!(settings.token.secret_keys, ["with, comma".into()]);
}

#[test]
fn an_empty_variable_unsets_what_is_optional() {
    let folder = Folder::with("public_url = \"https://users.example.com/\"");
    assert_eq!(load(&folder.options()).unwrap().settings.public_url.as_deref(), Some("https://users.example.com"));
    let options = environment(folder.options(), &[("DOORWARD_PUBLIC_URL", "")]);
    assert_eq!(load(&options).unwrap().settings.public_url, None);
}

#[test]
fn a_secret_can_stand_in_a_file_with_one_a_line() {
    let folder = Folder::with("");
    let keys = folder.write("keys", "new, with comma\r\nold \n", 0o600);
    let url = folder.write("url", "postgres://u:p@db/users\n", 0o600);
    let variables = [
        ("DOORWARD_TOKEN__SECRET_KEYS_FILE", keys.to_str().unwrap()),
        ("DOORWARD_DATABASE_FILE", url.to_str().unwrap()),
    ];
    let loaded = from_environment(&variables).unwrap();
    let keys: Vec<_> = loaded.settings.token.secret_keys.iter().map(super::super::Secret::expose).collect();
    assert_eq!(keys, ["new, with comma", "old "]);
    assert_eq!(loaded.settings.database.expose(), "postgres://u:p@db/users");
    assert!(loaded.warnings.is_empty());
}

#[test]
fn a_file_of_a_seal_key_is_the_setting_of_that_name() {
    let loaded = from_environment(&[("DOORWARD_KEYS__SEAL_KEY_FILE", "/etc/seal.key")]).unwrap();
    assert_eq!(loaded.settings.keys.seal_key_file, Path::new("/etc/seal.key"));
}

#[test]
fn a_file_with_secrets_that_everyone_can_read_is_warned_about() {
    let folder = Folder::with("");
    let open = folder.write("keys", "some key\n", 0o644);
    let name = "DOORWARD_TOKEN__SECRET_KEYS_FILE";
    let loaded = from_environment(&[(name, open.to_str().unwrap())]).unwrap();
    let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
    let path = open.display();
    assert_eq!(
        warnings,
        [format!(
            "`token.secret_keys` stands in {path}, which every user of this machine can read. \
             Run `chmod 600 {path}`."
        )]
    );

    let toml = |text| {
        folder.write("doorward.toml", text, 0o644);
        load(&folder.options()).unwrap().warnings.len()
    };
    assert_eq!(toml("database = \"postgres://u:p@db/users\"\npassword.peppers = [\"p\"]"), 1);
    assert_eq!(toml("database = \"sqlite://users.db\"\ntoken.secret_keys = []"), 0);
}

#[test]
fn services_that_an_orchestrator_announces_are_no_settings() {
    let announced = [
        ("DOORWARD_SERVICE_HOST", "10.0.0.1"),
        ("DOORWARD_SERVICE_PORT", "8080"),
        ("DOORWARD_SERVICE_PORT_HTTP", "8080"),
        ("DOORWARD_PORT", "tcp://10.0.0.1:8080"),
        ("DOORWARD_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("DOORWARD_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("DOORWARD_POSTGRES_PORT_5432_TCP_PROTO", "tcp"),
    ];
    assert_eq!(from_environment(&announced).unwrap().settings, Settings::default());
    assert!(from_environment(&[("DOORWARD_PORT", "8080")]).is_err());
    assert!(from_environment(&[("DOORWARD_PORT_8080_TCP_KEY", "x")]).is_err());
}

#[test]
fn known_variables_and_those_of_others_are_passed_over() {
    let variables = [("DOORWARD_ADMIN_PASSWORD", "x"), ("PATH", "/bin"), ("doorward_listen", "x")];
    assert_eq!(from_environment(&variables).unwrap().settings, Settings::default());
}

#[test]
fn truth_values_of_the_environment_may_be_words() {
    for (text, truth) in [("false", false), ("0", false), ("OFF", false), ("yes", true), ("1", true)] {
        let loaded = from_environment(&[("DOORWARD_SESSION__COOKIE", text)]).unwrap();
        assert_eq!(loaded.settings.session.cookie, truth, "{text}");
    }
}

#[test]
fn numbers_of_the_file_may_have_another_base() {
    let folder = Folder::with("http.body_limit_bytes = 0x1_0000\ntoken.format = 'flask'");
    let settings = load(&folder.options()).unwrap().settings;
    assert_eq!(settings.http.body_limit_bytes, 65_536);
    assert_eq!(settings.token.format, TokenFormat::Flask);
}

#[test]
fn the_issuer_is_what_is_nearest_to_hand() {
    let mut settings = Settings::default();
    assert_eq!(settings.issuer(), "doorward");
    settings.public_url = Some("https://users.example.com".into());
    assert_eq!(settings.issuer(), "https://users.example.com");
    settings.token.issuer = Some("us".into());
    assert_eq!(settings.issuer(), "us");
}
