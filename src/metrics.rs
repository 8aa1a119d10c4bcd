//! Every metric, declared once: its name, its labels and what it counts.
//!
//! Scripts and dashboards depend on these names; `docs/operations.md` lists them.
