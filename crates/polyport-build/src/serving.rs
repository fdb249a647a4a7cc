//! What a server is made of that has services of IDLs.

/// Which services one server has, and who answers calls that do not say which of them they are for.
///
/// [`Builder::compare`](crate::Builder::compare) tells of the methods that are new and in conflict
/// among them. By default, that are all services of the given files but those that another one
/// extends, and nobody answers what several have.
///
/// # Examples
///
/// ```
/// use polyport_build::Serving;
///
/// let mut serving = Serving::default();
/// serving.fallbacks.push("shop.Orders".to_owned());
/// assert_eq!(serving.services, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Serving {
    /// The full names of the services, when they are not those of the given files.
    pub services: Option<Vec<String>>,
    /// The full names of the fallback services, of which each codec can have one.
    pub fallbacks: Vec<String>,
    /// Whether calls that name no service are refused, so that nothing is in conflict.
    pub refuses_nameless: bool,
}
