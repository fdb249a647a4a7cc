//! What the generator makes of the IDLs.

/// Of multi.thrift, types.thrift and streams.thrift.
pub(crate) mod several {
    polyport::include_idl!("multi");
}

/// Of combine.thrift, with its combined service.
pub(crate) mod combined {
    polyport::include_idl!("combine");
}

/// Of apart.thrift, with its combined service for clients.
pub(crate) mod apart {
    polyport::include_idl!("apart");
}

/// Of multi.proto.
pub(crate) mod proto {
    polyport::include_idl!("proto");
}
