//! `Cargo.toml`, where a project remembers which services it has.

use std::path::PathBuf;

use toml_edit::{Array, DocumentMut, Item, Table, value};

use crate::failure::Failure;

/// Where it is.
pub(super) const PATH: &str = "Cargo.toml";

/// The package's name.
pub(super) fn name(text: &str) -> Result<String, Failure> {
    let manifest = parse(text)?;
    let name = manifest
        .get("package")
        .and_then(|it| it.get("name")?.as_str());
    let name = name.ok_or_else(|| Failure::Other(format!("`{PATH}` names no package")))?;
    Ok(name.to_owned())
}

/// Where Polyport comes from, if that is a directory.
pub(super) fn polyport_path(text: &str) -> Result<Option<PathBuf>, Failure> {
    let manifest = parse(text)?;
    let dependencies = manifest.get("dependencies");
    let path = dependencies.and_then(|it| it.get("polyport")?.get("path")?.as_str());
    Ok(path.map(PathBuf::from))
}

/// Whether it is that of a workspace; what cannot be read is not.
pub(super) fn is_workspace(text: &str) -> bool {
    parse(text).is_ok_and(|manifest| manifest.contains_key("workspace"))
}

/// The services that were asked for by name; none stand for all.
pub(super) fn services(text: &str) -> Result<Vec<String>, Failure> {
    let manifest = parse(text)?;
    let table = manifest.get("package").and_then(|it| it.get("metadata"));
    let services = table.and_then(|it| it.get("polyport")?.get("services")?.as_array());
    let services = services.into_iter().flatten();
    Ok(services
        .filter_map(|name| Some(name.as_str()?.to_owned()))
        .collect())
}

/// The manifest with these services, and everything else as it was.
pub(super) fn with_services(text: &str, services: &[String]) -> Result<String, Failure> {
    let mut manifest = parse(text)?;
    let implicit = || {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    };
    let package = manifest.entry("package").or_insert_with(implicit);
    let mut at = package;
    for name in ["metadata", "polyport"] {
        if at.get(name).is_none() {
            at[name] = implicit();
        }
        at = &mut at[name];
    }
    let mut list = Array::new();
    list.extend(services.iter().map(String::as_str));
    at["services"] = value(list);
    Ok(manifest.to_string())
}

fn parse(text: &str) -> Result<DocumentMut, Failure> {
    let problem = |error| Failure::Other(format!("cannot read `{PATH}`: {error}"));
    text.parse().map_err(problem)
}
