//! The functions: what content filters do with a text, without a guardrail and without the API.

mod apply_content_filters;
mod content_filter_matches;
mod evaluation;

pub(super) use self::{
    apply_content_filters::ApplyContentFilters, content_filter_matches::ContentFilterMatches,
};
