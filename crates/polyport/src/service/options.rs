//! What belongs to one method, to all methods of a service, or to all of a server; and how these
//! become one.

use crate::layer::{AnyLayer, Layer};

/// Options of one method; see [`Service::for_method`](crate::Service::for_method).
///
/// [`Service`](crate::Service) has the same for all its methods, and [`Server`](crate::Server) for all
/// its services.
///
/// | option | server, service and method have one |
/// | --- | --- |
/// | layers | all run: the server's around the service's around the method's |
#[derive(Clone, Debug, Default)]
pub struct MethodOptions {
    layers: Vec<AnyLayer>,
}

impl MethodOptions {
    /// Puts a layer around the handler, inside of the layers added before.
    #[must_use]
    pub fn layer(mut self, layer: impl Layer) -> Self {
        self.layers.push(AnyLayer::new(layer));
        self
    }
}

/// What stands around one method, whoever put it there: made once, when the server is built.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    /// The outermost first.
    pub(crate) layers: Vec<AnyLayer>,
}

impl Stack {
    /// The options of server, service and method, in this order.
    pub(crate) fn compose(levels: [&MethodOptions; 3]) -> Self {
        let layers = levels.iter().flat_map(|level| &level.layers);
        Self {
            layers: layers.cloned().collect(),
        }
    }
}
