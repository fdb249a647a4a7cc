//! Protobuf's descriptors of one service.

use bytes::Bytes;
use polyport_wire::schema::Service;

/// The files of a set that a service needs: the one that has it, and all that this one imports. What
/// cannot be read is given as it is: generated code has none of that.
#[cfg(feature = "protobuf")]
pub(crate) fn of_service(set: &Bytes, service: &Service) -> Bytes {
    use buffa::Message;
    use buffa_descriptor::generated::descriptor::{FileDescriptorProto, FileDescriptorSet};
    use std::collections::HashSet;

    let Ok(mut set) = FileDescriptorSet::decode(&mut set.clone()) else {
        return set.clone();
    };
    let has_service = |file: &&FileDescriptorProto| {
        let mut services = file.service.iter();
        file.package.as_deref().unwrap_or_default() == service.package
            && services.any(|known| known.name.as_ref() == Some(&service.name))
    };
    let named = |name: &str| {
        let mut files = set.file.iter();
        files.find(|file| file.name.as_deref() == Some(name))
    };
    let mut needed = HashSet::new();
    let mut open: Vec<&FileDescriptorProto> =
        set.file.iter().find(has_service).into_iter().collect();
    while let Some(file) = open.pop() {
        if needed.insert(file.name.clone()) {
            open.extend(file.dependency.iter().filter_map(|name| named(name)));
        }
    }
    set.file.retain(|file| needed.contains(&file.name));
    set.encode_to_vec().into()
}

/// There are none without Protobuf.
#[cfg(not(feature = "protobuf"))]
pub(crate) fn of_service(set: &Bytes, _service: &Service) -> Bytes {
    set.clone()
}
