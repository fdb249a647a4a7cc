//! Whose programs take part, and what each of them can do and say.

/// They differ in what they can print and where Polyport differs on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Implementation {
    Polyport,
    Kitex,
    /// Version 0.8, whose TTHeader has no service names
    KitexOld,
    Thriftpy2,
    ApachePython,
    ApacheNode,
    Volo,
    GrpcGo,
    GrpcPython,
    GrpcNode,
    Tonic,
}

/// How a client tells a server which service it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// In TTHeader, so not over the other transports.
    Header,
    /// In the method's name, as Apache's multiplexed protocol does it.
    MethodName,
    /// Not at all.
    Never,
}

impl Implementation {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Polyport => "polyport",
            Self::Kitex => "kitex",
            Self::KitexOld => "kitex 0.8",
            Self::Thriftpy2 => "thriftpy2",
            Self::ApachePython => "apache python",
            Self::ApacheNode => "apache node",
            Self::Volo => "volo",
            Self::GrpcGo => "grpc-go",
            Self::GrpcPython => "grpc python",
            Self::GrpcNode => "grpc node",
            Self::Tonic => "tonic",
        }
    }

    /// Whether it has a server; all have clients.
    pub(crate) fn serves(self) -> bool {
        !matches!(self, Self::KitexOld | Self::ApacheNode)
    }

    /// What its server understands.
    pub(crate) fn serves_over(self, transport: &str) -> bool {
        // Volo's server of several services cannot read a message whose length is not announced.
        let unframed_volo = self == Self::Volo && transport == "buffered";
        self.transports().contains(&transport) && !unframed_volo
    }

    /// What its client speaks.
    pub(crate) fn transports(self) -> &'static [&'static str] {
        match self {
            Self::Polyport | Self::Kitex | Self::Volo => {
                &["buffered", "framed", "ttheader", "ttheader-framed", "mux"]
            }
            Self::KitexOld => &["buffered", "framed", "ttheader", "ttheader-framed"],
            Self::Thriftpy2 | Self::ApachePython | Self::ApacheNode => &["buffered", "framed"],
            Self::GrpcGo | Self::GrpcPython | Self::GrpcNode | Self::Tonic => &[],
        }
    }

    /// What it speaks beside what is Thrift on a plain connection, as client and as server.
    pub(crate) fn newer_transports(self) -> &'static [&'static str] {
        match self {
            Self::Polyport | Self::Kitex => &[
                "kitex-protobuf",
                "kitex-protobuf-framed",
                "grpc",
                "grpc-thrift",
            ],
            Self::GrpcGo | Self::GrpcPython | Self::GrpcNode | Self::Tonic => &["grpc"],
            _ => &[],
        }
    }

    /// Whether it has Kitex's errors and metadata.
    pub(crate) fn is_ours_or_kitex(self) -> bool {
        matches!(self, Self::Polyport | Self::Kitex)
    }

    /// Whether its server compresses what it answers to a client that compresses.
    pub(crate) fn compresses_answers(self) -> bool {
        !matches!(self, Self::GrpcPython | Self::GrpcNode)
    }

    pub(crate) fn naming(self) -> Naming {
        match self {
            Self::Polyport | Self::Kitex | Self::Volo => Naming::Header,
            // Over HTTP/2 there is no other way.
            Self::GrpcGo | Self::GrpcPython | Self::GrpcNode | Self::Tonic => Naming::Header,
            Self::KitexOld => Naming::Never,
            Self::Thriftpy2 | Self::ApachePython | Self::ApacheNode => Naming::MethodName,
        }
    }

    /// Whether calls name their service: both ways, where a client has both.
    pub(crate) fn named(self) -> &'static [bool] {
        match self {
            Self::KitexOld => &[false],
            Self::Volo => &[true],
            _ => &[true, false],
        }
    }

    /// Whether its client can name services that its IDLs do not have.
    pub(crate) fn takes_any_name(self) -> bool {
        !matches!(self, Self::KitexOld | Self::Volo)
    }

    /// Whether its client can send metadata.
    pub(crate) fn has_metadata(self) -> bool {
        !matches!(
            self,
            Self::Thriftpy2 | Self::ApachePython | Self::ApacheNode
        )
    }

    /// Whether a server finds out by itself what a client speaks.
    pub(crate) fn detects_transport(self) -> bool {
        !matches!(self, Self::Thriftpy2 | Self::ApachePython)
    }

    /// Whether its server looks for `Service:method` alone.
    pub(crate) fn wants_multiplexed_names(self) -> bool {
        self == Self::ApachePython
    }

    /// Whether the client knows which integers of the IDL are enums.
    pub(crate) fn knows_enum_names(self) -> bool {
        !matches!(self, Self::ApachePython | Self::ApacheNode)
    }
}
