//! Writes what the fuzzer begins with: `seeds FOLDER` makes `FOLDER/TARGET/…`, an input a file, and `FOLDER/TARGET.dict`.

use std::{fs, io, path::PathBuf};

use doorward_fuzz::TARGETS;

fn main() -> io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::other("name the folder to write to"));
    };
    for target in TARGETS {
        let seeds = folder.join(target.name);
        fs::create_dir_all(&seeds)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(seeds.join(format!("seed-{number:03}")), seed)?;
        }
        fs::write(folder.join(format!("{}.dict", target.name)), dictionary(target.words))?;
    }
    Ok(())
}

/// In libFuzzer's form: a quoted word a line, whatever is not plain as `\xAB`.
fn dictionary(words: &[&str]) -> String {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    let escaped = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("\\x{byte:02X}") };
    let line = |word: &&str| ["\"", &word.bytes().map(escaped).collect::<String>(), "\"\n"].concat();
    words.iter().map(line).collect()
}
