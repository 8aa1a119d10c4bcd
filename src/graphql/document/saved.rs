//! Saved documents: prepared before the first request, and kept for as long as the program runs, whatever else is asked.
//!
//! They are prepared for the API of everything. Where rules of access give roles APIs of their own, a document is read
//! for each like any other text.

use std::collections::HashMap;
use std::sync::Arc;

use apollo_compiler::executable::Operation;

use super::Document;
use crate::graphql::ApiLimits;
use crate::graphql::cost::Costs;
use crate::graphql::error::ApiError;
use crate::graphql::plan::{Flags, Planner};
use crate::graphql::resolve::Variables;
use crate::graphql::types;
use crate::schema::{Model, Surface};

/// Documents that have passed every check that needs no request, with the plans of their operations.
#[derive(Default)]
pub struct Saved {
    /// By their texts; their numbers are the first ones.
    pub(in crate::graphql) documents: HashMap<Arc<str>, Arc<Document>>,
    /// Maximum rows of a page.
    pub(in crate::graphql) page_max: u64,
}

/// What is wrong with a text that was to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedFault {
    /// The place of the text among all.
    pub text: usize,
    /// The line and the column in the text, from 1; columns count characters.
    pub at: (usize, usize),
    /// What is wrong.
    pub message: String,
}

impl Saved {
    /// Prepares texts for the API of a model, and tells everything that is wrong with them. Fails when no API can be
    /// made of the model.
    pub fn prepare<'t>(
        model: &Arc<Model>,
        limits: &ApiLimits,
        texts: impl IntoIterator<Item = &'t Arc<str>>,
    ) -> Result<(Saved, Vec<SavedFault>), String> {
        let definition = Arc::new(types::build(model, Arc::new(Surface::whole()), limits)?);
        let planner = Planner::new(model.clone());
        let (mut documents, mut faults) = (HashMap::new(), Vec::new());
        for (place, text) in texts.into_iter().enumerate() {
            let number = documents.len() as u64;
            let document = Document::read(&definition, text, || number);
            match document.and_then(|document| document.with_plans(&planner, limits)) {
                Ok(document) => {
                    documents.insert(text.clone(), Arc::new(document));
                }
                Err(errors) => faults.extend(errors.into_iter().map(|error| SavedFault {
                    text: place,
                    at: error.pos.map_or((1, 1), |pos| (pos.line, pos.column)),
                    message: error.message,
                })),
            }
        }
        Ok((Saved { documents, page_max: limits.page_max }, faults))
    }
}

impl Document {
    /// The document with the plans of its operations. Where variables decide on what is asked for, there are as many
    /// plans as values: these are made when they are wanted, which is quick, as the document stays.
    fn with_plans(mut self, planner: &Planner, limits: &ApiLimits) -> Result<Document, Vec<ApiError>> {
        let (mut plans, mut errors) = (Vec::new(), Vec::new());
        let refused = |operation: &Operation, refusal| self.refused(operation, refusal).0;
        if self.parsed.operations.is_empty() {
            errors.extend(self.operation(None).err());
        }
        for operation in self.parsed.operations.iter() {
            let plan = self.new_plan(planner, operation, &Flags::Everything);
            match plan.map_err(|refusal| refused(operation, refusal)) {
                Ok(plan) => {
                    // How much it can answer depends on the variables, if it has any.
                    if operation.variables.is_empty() {
                        let (schema, variables) = (&*self.definition.schema, &Variables::default());
                        errors.extend(Costs { schema, limits, variables }.check(&plan).err());
                    }
                    let name = operation.name.as_ref().map(ToString::to_string);
                    plans.push((name, Arc::new(plan)));
                }
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        if self.flags.is_empty() {
            self.plans = plans;
        }
        Ok(self)
    }
}
