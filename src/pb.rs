//! The generated types of the wire contract in `proto/`: Terraform's protocol 5.11, go-plugin's
//! services, and gRPC health. Only `transport` and the edge of `protocol` may use them.

/// Terraform plugin protocol 5.11.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
pub mod tfplugin5 {
    tonic::include_proto!("tfplugin5");
}

/// go-plugin's broker, controller and stdio services.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
pub mod plugin {
    tonic::include_proto!("plugin");
}

/// The standard gRPC health service.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
pub mod health {
    tonic::include_proto!("grpc.health.v1");
}
