//! Measurements of the release build against the budgets that the project has set itself.

pub(crate) mod startup;
