//! The size of commands and answers in Redis's protocol, in bytes: computed from their content, since the
//! client does not report it.

use redis::{Arg, Cmd, Value};

/// The size of commands as sent.
pub(super) fn of_commands(commands: &[Cmd]) -> usize {
    commands.iter().map(of_command).sum()
}

fn of_command(command: &Cmd) -> usize {
    let arguments = command.args_iter();
    let head = line(arguments.len() as u64);
    arguments.fold(head, |bytes, argument| {
        bytes
            + match argument {
                Arg::Simple(data) => bulk(data.len()),
                // A cursor that the client keeps: it begins as 0, and nothing here continues it.
                _ => bulk(1),
            }
    })
}

/// The size of answers as received.
pub(super) fn of_values(values: &[Value]) -> usize {
    values.iter().map(of_value).sum()
}

fn of_value(value: &Value) -> usize {
    match value {
        Value::Nil => 5,
        Value::Int(number) => line(number.unsigned_abs()) + usize::from(*number < 0),
        Value::BulkString(data) => bulk(data.len()),
        Value::Array(items) => line(items.len() as u64) + of_values(items),
        Value::SimpleString(text) => text.len() + 3,
        Value::Okay => 5,
        Value::ServerError(error) => {
            error.code().len() + error.details().map_or(0, |details| details.len() + 1) + 3
        }
        // Kinds that exist only in the newer protocol, which is not used here.
        _ => 0,
    }
}

/// A type mark, a number and the line end.
fn line(number: u64) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 4
}

fn bulk(length: usize) -> usize {
    line(length as u64) + length + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_the_client_writes() {
        for arguments in [&["PING"][..], &["SET", "", "0123456789"], &["MGET"; 100]] {
            let mut command = redis::cmd(arguments[0]);
            command.arg(&arguments[1..]);
            assert_eq!(of_command(&command), command.get_packed_command().len(), "{arguments:?}");
        }
    }

    #[test]
    fn counts_what_the_client_reads() {
        for text in [
            "$-1\r\n",
            ":0\r\n",
            ":-12\r\n",
            ":1000\r\n",
            "$0\r\n\r\n",
            "$10\r\n0123456789\r\n",
            "*3\r\n:9\r\n$1\r\na\r\n*1\r\n$-1\r\n",
            "*0\r\n",
            "+PONG\r\n",
            "+OK\r\n",
            "-OOM no room\r\n",
        ] {
            let value = redis::parse_redis_value(text.as_bytes()).expect("a valid answer");
            assert_eq!(of_value(&value), text.len(), "{text:?}: {value:?}");
        }
    }
}
