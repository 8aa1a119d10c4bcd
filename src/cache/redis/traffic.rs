//! How many bytes commands and their answers are in Redis' protocol: worked out from what they hold, since
//! the client does not say.

use redis::{Arg, Cmd, Value};

/// Bytes of commands as they are sent.
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
                // A cursor that the client keeps: it begins as 0, and nothing here goes on with it.
                _ => bulk(1),
            }
    })
}

/// Bytes of answers as they were received.
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
        // Kinds that only the newer protocol has, which is not spoken here.
        _ => 0,
    }
}

/// A mark, a number and the end of the line.
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
