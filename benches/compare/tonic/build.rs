//! Generates the services of `bench.proto` from a description, which needs no protoc.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let method = |name: &str| {
        Method::builder()
            .name(name.to_lowercase())
            .route_name(name)
            .input_type("crate::Message")
            .output_type("crate::Message")
            .codec_path("tonic_prost::ProstCodec")
    };
    let service = |name: &str| {
        Service::builder()
            .name(name)
            .package("bench")
            .method(method("Echo").build())
            .method(method("Repeat").server_streaming().build())
            .method(method("Chat").client_streaming().server_streaming().build())
            .build()
    };
    Builder::new()
        .build_client(false)
        .compile(&[service("Left"), service("Right")]);
}
