//! Logs: human on a terminal, JSON otherwise, a request id in each.
