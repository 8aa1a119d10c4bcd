//! Imports through the program.
