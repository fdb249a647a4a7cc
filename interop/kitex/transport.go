package main

import (
	"fmt"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/transport"
)

const transportNames = "buffered, framed, ttheader, ttheader-framed, mux, kitex-protobuf, kitex-protobuf-framed, grpc, grpc-thrift"

// transportOptions makes a client use the transport of that name. Kitex starts out with Framed and
// WithTransportProtocol only adds to it, except for PurePayload, which clears all.
func transportOptions(name string) ([]client.Option, error) {
	switch name {
	case "buffered":
		return []client.Option{client.WithTransportProtocol(transport.PurePayload)}, nil
	case "framed", "kitex-protobuf-framed":
		return []client.Option{client.WithTransportProtocol(transport.Framed)}, nil
	case "ttheader":
		return []client.Option{
			client.WithTransportProtocol(transport.PurePayload),
			client.WithTransportProtocol(transport.TTHeader),
		}, nil
	case "ttheader-framed", "kitex-protobuf":
		return []client.Option{client.WithTransportProtocol(transport.TTHeaderFramed)}, nil
	case "grpc", "grpc-thrift":
		return []client.Option{client.WithTransportProtocol(transport.GRPC)}, nil
	case "mux":
		return []client.Option{client.WithMuxConnection(1)}, nil
	}
	return nil, fmt.Errorf("no transport %q, one of: %s", name, transportNames)
}
