//! The mock API.
