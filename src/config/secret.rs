//! Settings that can hold a secret, given by files: that is how Docker and Kubernetes hand secrets over.
//!
//! Such a setting is given as itself or, under its other name, as the path of a file that has nothing but it.

use std::io::Read;
use std::path::Path;

use super::mask;

/// The settings that can hold a secret, and their other names.
const SECRETS: [(&str, &str); 3] =
    [("store", "store_file"), ("cache", "cache_file"), ("traces", "traces_file")];

/// What follows the name of an environment variable in the name of the one that has the path.
const FILE: &str = "_FILE";

/// Bytes of a secret at the most: a larger file is not the one that was meant.
const LONGEST: u64 = 64 << 10;

/// The names under which settings are given by files.
pub(super) fn file_keys() -> impl Iterator<Item = &'static str> {
    SECRETS.into_iter().map(|(_, file)| file)
}

/// The name under which this setting is given by a file, if it can be.
pub(super) fn file_key(key: &str) -> Option<&'static str> {
    SECRETS.into_iter().find_map(|(secret, file)| (secret == key).then_some(file))
}

/// The secret in a file, without the line break at its end. The error says what to do, and never what is in the file.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let shown = mask(&path.to_string_lossy());
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("the file {shown} cannot be read ({error}); name a file that can be"))?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("the file {shown} has more than {LONGEST} bytes; name one with a secret in it"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| format!("the file {shown} is not text in UTF-8; name one with a secret in it"))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(format!("the file {shown} is empty; write the secret into it")),
        line if line.contains(['\r', '\n']) => {
            Err(format!("the file {shown} has more than one line; leave nothing but the secret in it"))
        }
        secret => Ok(secret.to_owned()),
    }
}

/// The secret that is given as the environment variable of this name, or by a file that the variable `NAME_FILE` names.
/// The error says how to give it.
pub fn secret_of(name: &str, env: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let file = format!("{name}{FILE}");
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    match (set(name), set(&file)) {
        (Some(value), None) => Ok(value),
        (None, Some(path)) => {
            read(Path::new(&path)).map_err(|fault| format!("the environment variable {file}: {fault}"))
        }
        (Some(_), Some(_)) => {
            Err(format!("the environment variables {name} and {file} are both set; unset one of them"))
        }
        (None, None) => Err(format!("the environment variable {name} is not set; set it or {file}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_only_line_of_its_file() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("secret");
        let reads = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("the file can be written");
            read(&path)
        };
        for text in ["a b", "a b\n", "a b\r\n", "a b\n\n"] {
            assert_eq!(reads(text.as_bytes()), Ok("a b".to_owned()), "{text:?}");
        }
        assert_eq!(reads(&[b'x'; LONGEST as usize]).map(|secret| secret.len() as u64), Ok(LONGEST));
        for (bytes, fault) in [
            (&b""[..], "is empty"),
            (b"\n", "is empty"),
            (b"S3CRET\nb", "more than one line"),
            (b"S3CRET\xff", "not text"),
            (&[b'x'; LONGEST as usize + 1], "more than 65536 bytes"),
        ] {
            let told = reads(bytes).expect_err("faulty");
            assert!(told.contains(fault) && !told.contains("S3CRET"), "{told}");
        }
        assert!(read(folder.path()).expect_err("a folder").contains("cannot be read"));
        assert!(read(&folder.path().join("none")).expect_err("no file").contains("cannot be read"));
    }

    #[test]
    fn a_variable_is_set_or_its_file_is() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(&file, "S3CRET\n").expect("the file can be written");
        let path = file.path().to_str().expect("text");
        let secret = |value: &str, path: &str| {
            secret_of("KEY", |name| match name {
                "KEY" => Some(value.to_owned()),
                "KEY_FILE" => Some(path.to_owned()),
                _ => None,
            })
        };
        assert_eq!(secret("plain", ""), Ok("plain".to_owned()));
        assert_eq!(secret("", path), Ok("S3CRET".to_owned()));
        assert!(secret("plain", path).expect_err("faulty").contains("KEY and KEY_FILE are both set"));
        assert!(secret("", "").expect_err("faulty").contains("KEY is not set; set it or KEY_FILE"));
        assert!(secret("", "nowhere").expect_err("faulty").contains("KEY_FILE: the file nowhere cannot"));
    }
}
