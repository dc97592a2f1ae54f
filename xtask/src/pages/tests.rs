//! Pages that must pass, and pages that must not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use super::follow;
use super::page::Page;

/// Follows a page with a `doorward` on `PATH` that is this script; the failure's whole text.
fn follow_with(doorward: &str, text: &str) -> Result<usize, String> {
    let programs = TempDir::new().unwrap();
    let program = programs.path().join("doorward");
    fs::write(&program, format!("#!/bin/sh\n{doorward}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Page::parse("page.md", text)
        .and_then(|page| follow(&page, programs.path().as_os_str()))
        .map_err(|error| format!("{error:#}"))
}

fn follow_text(text: &str) -> Result<usize, String> {
    follow_with("exit 99", text)
}

/// A server that says it is ready, prints a password, and goes on until it is stopped.
const SERVER: &str = r#"
echo "password: $$-secret"
python3 -c '
import os, socket
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])'
exec sleep 600
"#;

#[test]
fn a_page_keeps_its_folder_and_variables_between_commands() {
    let page = "\
```console
$ mkdir here && cd here
$ name=\"two words\"
```
and then
```console
$ basename \"$PWD\"
here
$ echo \"$name\" \\
    and more
two words and more
$ cat <<END
> first
> second
> END
first
second
```
";
    assert_eq!(follow_text(page), Ok(5));
}

#[test]
fn a_failing_command_fails_the_page_and_is_named_with_its_line() {
    let page = "text\n\n```console\n$ true\n$ ls no-such-file\n```\n";
    let error = follow_text(page).unwrap_err();
    assert!(error.starts_with("page.md:5: $ ls no-such-file"), "{error}");
    assert!(error.contains("No such file"), "{error}");
}

#[test]
fn a_failing_command_in_the_middle_of_a_script_fails_the_page() {
    let error = follow_text("```sh\nfalse\ntrue\n```\n").unwrap_err();
    assert!(error.contains("exit code 1, expected 0"), "{error}");
}

#[test]
fn different_output_fails_the_page() {
    for shown in ["two", "one\ntwo", "on", "…two", "<word> two"] {
        let page = format!("```console\n$ echo one\n{shown}\n```\n");
        let error = follow_text(&page).unwrap_err();
        assert!(error.contains("it printed:\none"), "{shown}: {error}");
    }
}

#[test]
fn more_output_than_shown_fails_the_page() {
    let error = follow_text("```console\n$ printf 'one\\ntwo\\n'\none\n```\n").unwrap_err();
    assert!(error.contains("it printed:\none\ntwo"), "{error}");
}

#[test]
fn an_ellipsis_stands_for_the_rest_of_a_line_or_for_lines() {
    let page = "\
```console
$ printf 'a 1 z\\nb\\nc\\nd\\n'
a … z
…
d
```
";
    assert_eq!(follow_text(page), Ok(1));
}

#[test]
fn a_word_that_was_shown_can_be_used_and_must_stay_the_same() {
    let page = "\
```console
$ echo '{\"token\":\"x.y-z\",\"n\":1}'
{\"token\":\"<token>\",…}
$ echo 'token: <token>'
token: x.y-z
$ echo x.y-z
<token>
```
";
    assert_eq!(follow_text(page), Ok(3));

    let changed = page.replace("$ echo x.y-z", "$ echo other");
    assert!(follow_text(&changed).is_err());
}

#[test]
fn a_word_that_nothing_has_shown_fails_the_page() {
    let error = follow_text("```console\n$ echo <token>\n```\n").unwrap_err();
    assert!(error.contains("no output above shows <token>"), "{error}");
}

#[test]
fn an_expected_exit_code_must_come() {
    let page = |code| format!("```console exit=\"3\"\n$ (exit {code})\n```\n");
    assert_eq!(follow_text(&page(3)), Ok(1));
    assert!(follow_text(&page(0)).is_err());
}

#[test]
fn a_block_that_needs_what_is_not_there_is_not_run() {
    let text = "```console needs=\"nosuch\"\n$ false\n```\n\n```console needs=\"bash\"\n$ true\n```\n";
    let mut page = Page::parse("page.md", text).unwrap();
    page.without_missing(|program| program == "bash");
    assert_eq!(page.ignored().collect::<Vec<_>>(), [(1, "nosuch is not installed")]);
    assert_eq!(follow(&page, Path::new("/nowhere").as_os_str()).unwrap(), 1);
}

#[test]
fn an_ignored_block_is_not_run_and_gives_its_reason() {
    let text = "```console ignore=\"needs docker\"\n$ false\n```\n";
    assert_eq!(follow_text(text), Ok(0));
    let page = Page::parse("page.md", text).unwrap();
    assert_eq!(page.ignored().collect::<Vec<_>>(), [(1, "needs docker")]);
}

#[test]
fn blocks_that_would_silently_not_run_are_refused() {
    for text in [
        "```bash\ntrue\n```\n",
        "```console skip=\"x\"\n$ true\n```\n",
        "```console ignore\n$ true\n```\n",
        "```console\ntrue\n```\n",
    ] {
        assert!(Page::parse("page.md", text).is_err(), "{text}");
    }
    let other = Page::parse("page.md", "```toml\nlisten = 1\n```\n").unwrap();
    assert!(other.blocks.is_empty());
}

#[test]
fn a_server_runs_beside_the_commands_after_it_and_ends_with_the_page() {
    let kept = TempDir::new().unwrap();
    let pid = kept.path().join("pid");
    let server = format!("echo $$ >'{}'\n{SERVER}", pid.display());
    let page = "\
```console
$ doorward serve
password: <password>
$ echo '<password>' | sed 's/^[0-9]*//'
-secret
```
";
    assert_eq!(follow_with(&server, page), Ok(2));
    let pid = fs::read_to_string(pid).unwrap();
    assert!(!Path::new("/proc").join(pid.trim()).exists());
}

#[test]
fn a_server_that_ends_instead_of_being_ready_fails_the_page() {
    let page = "```console\n$ doorward serve\n```\n";
    let error = follow_with("echo 'the address is taken'; exit 3", page).unwrap_err();
    assert!(error.contains("ended with exit code 3"), "{error}");
    assert!(error.contains("the address is taken"), "{error}");
}
