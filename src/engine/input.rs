//! Inputs of clients and importers, checked against the model and brought into stored form.
