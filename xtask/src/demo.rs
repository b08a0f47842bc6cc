//! Demo.
use std::path::PathBuf;
use anyhow::Result;
use crate::project::Project;
pub(crate) fn run(_: &Project, _: Option<PathBuf>) -> Result<()> { Ok(()) }
