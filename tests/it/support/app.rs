//! `TestApp`: a server of its own for one test, with a database and a key prefix of its own.
