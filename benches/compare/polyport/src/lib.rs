//! The code of the IDL, for the server and the client.

polyport::include_idl!("bench");
