//! What IDLs hold, as code that uses what is generated names it.

use std::path::PathBuf;

use polyport_wire::schema::{Method, Schema, Service};

use crate::diagnostic::Report;

/// The services of IDLs with the names that they have in Rust: what a program needs to know that
/// writes handlers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outline {
    /// What the IDLs say.
    pub schema: Schema,
    /// The services, in the order of the schema.
    pub services: Vec<ServiceOutline>,
    /// The files that were read, in the order in which they were first named.
    pub sources: Vec<PathBuf>,
    /// What is allowed, but probably not meant.
    pub warnings: Report,
}

/// A service with its names in Rust.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceOutline {
    /// What the IDL says.
    pub description: Service,
    /// The file that defines it.
    pub file: PathBuf,
    /// The path of the module that the names below stand in, such as `crate::idl::shop`.
    pub module: String,
    /// The trait that a handler implements.
    pub handler: String,
    /// What makes a service of a handler.
    pub server: String,
    /// What calls the service.
    pub client: String,
    /// The module of the types of its methods: the service's name as Rust writes modules.
    pub types: String,
    /// The methods, in the order of the description.
    pub methods: Vec<MethodOutline>,
}

/// A method with its names and types in Rust. Types are written as a user's code writes them:
/// `crate::idl::shop::Order`, `polyport::Status`, `Vec<String>`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MethodOutline {
    /// What the IDL says.
    pub description: Method,
    /// The function.
    pub function: String,
    /// What a handler takes behind its context.
    pub parameters: Vec<Parameter>,
    /// What a handler returns.
    pub result: String,
    /// What a handler fails with: a status, or the enum of the method's exceptions, which a status
    /// can be made to by `into`.
    pub error: String,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
}
