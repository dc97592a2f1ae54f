//! `/forward-auth` behind the real nginx and the real Caddy, with the configuration of their pages in `docs/guard`. Where one of
//! them is not installed, its tests say so and are skipped.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{program::Folder, server::soon};

const PASSWORD: &str = "a long pass phrase";

/// Doorward, a proxy before it, and the application that the page has, which shows what it is told.
struct Site {
    doorward: u16,
    proxy: u16,
    running: Vec<Child>,
    folder: Folder,
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: u16,
    text: String,
}

impl Reply {
    /// What the application was told, if the request came so far.
    fn seen(&self) -> Option<&str> {
        self.text.split_once("\r\n\r\n").map(|(_, body)| body).filter(|body| body.contains(" for '"))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for child in self.running.iter_mut().rev() {
            let pid = rustix::process::Pid::from_child(child);
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            let _ = child.wait();
        }
    }
}

/// The files that a page has its reader write, with these ports in the place of its own.
fn write_files(page: &str, ports: [u16; 3], folder: &Folder) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guard").join(page);
    let mut text = std::fs::read_to_string(path).unwrap();
    for (port, ours) in ["8080", "8081", "8082"].into_iter().zip(ports) {
        text = text.replace(port, &ours.to_string());
    }
    let mut files = 0;
    while let Some((_, rest)) = text.split_once("\ncat > ") {
        let (name, rest) = rest.split_once(" <<'END'\n").unwrap();
        let (content, rest) = rest.split_once("\nEND\n").unwrap();
        std::fs::write(folder.path(name), format!("{content}\n")).unwrap();
        files += 1;
        text = format!("\n{rest}");
    }
    assert_eq!(files, 2, "{page}");
}

fn free_ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn is_installed(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).exists()))
        || Path::new("/usr/sbin").join(program).exists();
    if !found {
        eprintln!("SKIPPED: {program} is not installed (Debian: apt-get install {program})");
    }
    found
}

impl Site {
    /// `None` where the proxy isn't installed. `change` has its way with the proxy's configuration.
    fn start(proxy: &str, change: impl Fn(String) -> String) -> Option<Self> {
        if !is_installed(proxy) {
            return None;
        }
        let folder = Folder::new();
        let ports = free_ports();
        write_files(&format!("{proxy}.md"), ports, &folder);
        for (name, role) in [("susan", ""), ("mallory", ""), ("root", " --role admin")] {
            let line = format!("user create {name} --email {name}@example.com{role} --password-stdin");
            assert_eq!(folder.run_with_input(&line, &format!("{PASSWORD}\n")).code, 0);
        }
        let serve = folder.program().args(["serve", "--listen", &format!("127.0.0.1:{}", ports[0])]).spawn_quietly();
        let here = folder.path("");
        let command = if proxy == "nginx" {
            let file = folder.path("nginx.conf");
            std::fs::write(&file, change(std::fs::read_to_string(&file).unwrap())).unwrap();
            std::fs::create_dir(folder.path("tmp")).unwrap();
            let user = Command::new("id").arg("-un").output().unwrap().stdout;
            let mut command = Command::new("nginx");
            command.args(["-p", here.to_str().unwrap(), "-c", "nginx.conf", "-g"]);
            command.arg(format!("user {}; daemon off;", String::from_utf8(user).unwrap().trim()));
            command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin:/usr/local/sbin");
            command
        } else {
            let file = folder.path("Caddyfile");
            std::fs::write(&file, change(std::fs::read_to_string(&file).unwrap())).unwrap();
            let mut command = Command::new("caddy");
            command.args(["run", "--config", "Caddyfile"]).env("HOME", &here);
            command
        };
        let mut command = command;
        let before = command.current_dir(&here).spawn_quietly();
        let site = Self { doorward: ports[0], proxy: ports[1], running: vec![serve, before], folder };
        for port in ports {
            assert!(
                soon(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()),
                "{proxy}: nobody listens at {port}"
            );
        }
        Some(site)
    }

    /// Sends a request to the proxy, to the letter.
    fn send(&self, method: &str, target: &str, host: &str, headers: &[(&str, &str)]) -> Reply {
        send(self.proxy, method, target, host, headers, "")
    }

    /// The same as somebody, to the host of the page.
    fn ask(&self, method: &str, target: &str, token: Option<&str>, headers: &[(&str, &str)]) -> Reply {
        let mut headers = headers.to_vec();
        headers.extend(token.map(|token| ("token", token)));
        self.send(method, target, &format!("localhost:{}", self.proxy), &headers)
    }

    /// Asks Doorward itself.
    fn doorward(&self, path: &str, token: &str, body: &Value) -> Value {
        let headers = [("content-type", "application/json"), ("token", token)];
        let headers = if token.is_empty() { &headers[..1] } else { &headers[..] };
        let reply = send(self.doorward, "POST", path, "localhost", headers, &body.to_string());
        let (_, body) = reply.text.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {reply:?}"))
    }

    fn token(&self, username: &str) -> String {
        let answer = self.doorward("/login", "", &json!({"username": username, "password": PASSWORD}));
        answer["token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }
}

trait SpawnQuietly {
    fn spawn_quietly(&mut self) -> Child;
}

impl SpawnQuietly for Command {
    fn spawn_quietly(&mut self) -> Child {
        self.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
}

fn send(port: u16, method: &str, target: &str, host: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(format!("{head}{length}\r\n{body}").as_bytes()).unwrap();
    let mut bytes = Vec::new();
    // What is refused at once may end by a reset.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Reply { status, text }
}

/// The rules of the page × whoever may ask.
fn the_table_holds(site: &Site) {
    let (susan, root, mallory) = (site.token("susan"), site.token("root"), site.token("mallory"));
    let key = |token: &str, scopes: Value| {
        let made = site.doorward("/me/api-keys", token, &json!({"name": "k", "scopes": scopes}));
        made["data"]["key"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    };
    let (reading, administering) = (key(&root, json!(["read"])), key(&root, json!(["read", "admin"])));
    site.folder.done("user disable mallory");
    assert!(soon(|| site.ask("GET", "/", Some(&mallory), &[]).status == 401), "the server learns of the disabling");

    let callers = [None, Some(&susan), Some(&root), Some(&mallory), Some(&reading), Some(&administering)];
    for (method, target, expected) in [
        ("GET", "/public/x", [200, 200, 200, 200, 200, 200]),
        ("DELETE", "/public", [200, 200, 200, 200, 200, 200]),
        ("GET", "/admin", [403, 403, 200, 401, 403, 200]),
        ("GET", "/%61dmin/x?y", [403, 403, 200, 401, 403, 200]),
        ("POST", "/admin", [403, 403, 200, 401, 403, 403]),
        ("GET", "/", [403, 200, 200, 401, 200, 200]),
        ("POST", "/a/b", [403, 200, 200, 401, 403, 403]),
        ("PUT", "/a/b", [403, 403, 403, 403, 403, 403]),
    ] {
        for (caller, expected) in callers.into_iter().zip(expected) {
            let reply = site.ask(method, target, caller.map(String::as_str), &[]);
            assert_eq!(reply.status, expected, "{method} {target} {caller:?}: {}", reply.text);
            assert_eq!(reply.seen().is_some(), expected == 200, "{method} {target} {caller:?}: {}", reply.text);
        }
    }
    let told = |target, token| site.ask("GET", target, token, &[]).seen().map(|seen| seen.trim().to_owned());
    assert_eq!(told("/public/x", None).unwrap(), "GET /public/x for '' ()");
    assert_eq!(told("/a?b=c", Some(&susan)).unwrap(), "GET /a?b=c for 'susan' ()");
    assert_eq!(told("/admin", Some(&root)).unwrap(), "GET /admin for 'root' (admin)");
    assert_eq!(told("/public", Some(&mallory)).unwrap(), "GET /public for '' ()");

    let browser = site.ask("GET", "/a?b=c", None, &[("accept", "text/html")]);
    assert_eq!(browser.status, 302);
    let back = format!("next=http%3A%2F%2Flocalhost%3A{}%2Fa%3Fb%3Dc\r\n", site.proxy);
    assert!(browser.text.contains(&back), "{}", browser.text);
}

/// What must come through to the application as nothing that the client made up.
fn nothing_is_smuggled(site: &Site, hides_underscores: bool) {
    let (susan, root) = (site.token("susan"), site.token("root"));
    for name in [
        "X-Doorward-User",
        "x-doorward-user",
        "X-DOORWARD-USER",
        "X-Doorward-Id",
        "X-Doorward-Roles",
        "X-Doorward-Email",
    ] {
        for token in [None, Some(susan.as_str())] {
            for headers in [&[(name, "root")][..], &[(name, "root"), (name, "susan")], &[(name, "")]] {
                let reply = site.ask("GET", "/public/x", token, headers);
                assert_eq!((reply.status, reply.seen()), (403, None), "{name}");
            }
        }
    }
    for name in ["X_Doorward_User", "x_doorward_user", "X-Doorward_User", "X_DOORWARD_ROLES"] {
        let reply = site.ask("GET", "/public/x", Some(&susan), &[(name, "root")]);
        if hides_underscores {
            assert_eq!(reply.seen().unwrap().trim(), "GET /public/x for 'susan' ()", "{name}");
        } else {
            assert_eq!((reply.status, reply.seen()), (403, None), "{name}");
        }
    }

    for target in [
        "/public/../admin",
        "/public/%2e%2e/admin",
        "/public/.%2E/admin",
        "/public/%252e%252e/admin",
        "/./admin",
        "/admin/%2e",
        "//admin",
        "/public//admin",
        "/admin;x",
        "/admin%3Bx",
        "/public%2Fadmin",
        "/public%2f..%2fadmin",
        "/public\\..\\admin",
        "/public%5c..%5cadmin",
        "/admin%00",
        "/%2561dmin",
        "/%c0%ae%c0%ae/admin",
        "/admin%",
        "/public/%u002e%u002e/admin",
        "/public/x#/admin",
        "admin",
        "http://evil.example/public/x",
    ] {
        for token in [None, Some(susan.as_str()), Some(root.as_str())] {
            let reply = site.ask("GET", target, token, &[]);
            assert_eq!(reply.seen(), None, "{target}");
        }
    }

    for headers in [
        [("X-Forwarded-Uri", "/public/x"), ("X-Forwarded-Method", "GET")],
        [("X-Original-URI", "/public/x"), ("X-Original-Method", "GET")],
        [("X-Original-URI", "/public/x"), ("X-Forwarded-Uri", "/public/x")],
        [("X-Forwarded-Host", "localhost"), ("X-Forwarded-Proto", "https")],
        [("Forwarded", "host=localhost"), ("X-Forwarded-Method", "OPTIONS")],
        [("X-Rewrite-URL", "/public/x"), ("X_Forwarded_Uri", "/public/x")],
    ] {
        let reply = site.ask("GET", "/admin", Some(&susan), &headers);
        assert_eq!((reply.status, reply.seen()), (403, None), "{headers:?}");
        let reply = site.ask("PUT", "/a", Some(&root), &headers);
        assert_eq!((reply.status, reply.seen()), (403, None), "{headers:?}");
    }
    let overridden = site.ask("POST", "/a", Some(&susan), &[("X-HTTP-Method-Override", "DELETE")]);
    assert_eq!((overridden.status, overridden.seen()), (403, None));
    assert_eq!(site.ask("get", "/admin", Some(&root), &[]).seen(), None);

    for host in ["evil.example", "localhost.evil.example", "localhost..", "root@localhost"] {
        let reply = site.send("GET", "/public/x", host, &[("token", &root)]);
        assert_eq!(reply.seen(), None, "{host}");
    }
    let twice = site.ask("GET", "/public/x", Some(&root), &[("Host", "evil.example")]);
    assert_eq!(twice.seen(), None);
}

#[test]
fn g1_nginx_lets_through_what_the_rules_let_through() {
    if let Some(site) = Site::start("nginx", |text| text) {
        the_table_holds(&site);
        nothing_is_smuggled(&site, true);
    }
}

#[test]
fn g1_nginx_with_underscores_in_headers_smuggles_nothing() {
    let on = |text: String| text.replace("http {", "http {\n    underscores_in_headers on;");
    if let Some(site) = Site::start("nginx", on) {
        nothing_is_smuggled(&site, false);
    }
}

#[test]
fn g1_caddy_lets_through_what_the_rules_let_through() {
    if let Some(site) = Site::start("caddy", |text| text) {
        the_table_holds(&site);
        nothing_is_smuggled(&site, false);
    }
}

#[test]
fn a_proxy_whose_doorward_is_gone_lets_nobody_through() {
    for proxy in ["nginx", "caddy"] {
        let Some(mut site) = Site::start(proxy, |text| text) else { continue };
        let root = site.token("root");
        assert_eq!(site.ask("GET", "/public", Some(&root), &[]).status, 200);
        let doorward = &mut site.running[0];
        doorward.kill().unwrap();
        doorward.wait().unwrap();
        for target in ["/public", "/admin"] {
            let reply = site.ask("GET", target, Some(&root), &[]);
            assert!(reply.status >= 500 && reply.seen().is_none(), "{proxy}: {}", reply.text);
        }
    }
}

#[test]
fn the_rules_are_listed_and_say_why() {
    let folder = Folder::new();
    write_files("nginx.md", [8080, 8081, 8082], &folder);
    for (name, role) in [("susan", ""), ("root", " --role admin")] {
        let line = format!("user create {name} --email {name}@example.com{role} --password-stdin");
        assert_eq!(folder.run_with_input(&line, &format!("{PASSWORD}\n")).code, 0);
    }
    let listed = folder.run("--json rules list").answer();
    assert_eq!(
        listed["rules"][1],
        json!({
            "number": 2, "host": ["localhost"], "path": ["/admin/**"], "methods": [], "require": ["role:admin"], "audience": null,
        })
    );
    for (line, code, rule, error) in [
        ("GET http://localhost/public --as nobody", 0, json!(1), json!(null)),
        ("GET http://localhost/admin --as nobody", 1, json!(2), json!("token_missing")),
        ("GET http://localhost/admin --as susan", 1, json!(2), json!("role_required")),
        ("GET http://localhost/admin --as root", 0, json!(2), json!(null)),
        ("GET http://localhost/admin --as root --scope read", 1, json!(2), json!("role_required")),
        ("GET http://localhost/admin --as root --scope read --scope admin", 0, json!(2), json!(null)),
        ("POST http://localhost/a --as root --scope read", 1, json!(3), json!("scope_required")),
        ("PUT http://localhost/a --as root", 1, json!(null), json!("no_rule")),
        ("GET http://localhost//a --as root", 1, json!(null), json!("path_ambiguous")),
        ("get http://localhost/a --as root", 1, json!(null), json!("original_request_unclear")),
    ] {
        let run = folder.run(&format!("--json rules test {line}"));
        assert_eq!(run.code, code, "{line}: {}", run.err);
        let answer = run.answer();
        assert_eq!((&answer["rule"]["number"], &answer["error"]), (&rule, &error), "{line}");
        assert_eq!(answer["let_through"], code == 0);
    }
    folder.done("user disable susan");
    assert_eq!(folder.run("--json rules test GET http://localhost/a --as susan").answer()["error"], "token_revoked");
    assert_eq!(folder.run("rules test GET http://localhost/ --as nobody --scope read").code, 2);
    assert_eq!(folder.run("rules test GET http://localhost/ --as nosuch").code, 4);
}
