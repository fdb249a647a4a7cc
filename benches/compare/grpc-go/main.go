// Command compare-grpc-go is the comparison's gRPC server in grpc-go, two services on one port.
package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// repeated is how many answers Repeat gives.
const repeated = 1000

// message is Message of bench.proto on the wire, without a code generator.
type message = wrapperspb.StringValue

type echo struct{ service string }

func (e *echo) unary(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	request := new(message)
	if err := decode(request); err != nil {
		return nil, err
	}
	if request.Value == "who" {
		return wrapperspb.String(e.service), nil
	}
	return request, nil
}

func repeat(_ any, stream grpc.ServerStream) error {
	request := new(message)
	if err := stream.RecvMsg(request); err != nil {
		return err
	}
	for range repeated {
		if err := stream.SendMsg(request); err != nil {
			return err
		}
	}
	return nil
}

func chat(_ any, stream grpc.ServerStream) error {
	for {
		request := new(message)
		if err := stream.RecvMsg(request); err != nil {
			return err
		}
		if err := stream.SendMsg(request); err != nil {
			return err
		}
	}
}

func service(name string) *grpc.ServiceDesc {
	handler := &echo{name}
	return &grpc.ServiceDesc{
		ServiceName: "bench." + name,
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: handler.unary}},
		Streams: []grpc.StreamDesc{
			{StreamName: "Repeat", Handler: repeat, ServerStreams: true},
			{StreamName: "Chat", Handler: chat, ServerStreams: true, ClientStreams: true},
		},
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare-grpc-go:", err)
		os.Exit(1)
	}
	fmt.Println("listening on", listener.Addr())
	server := grpc.NewServer(grpc.MaxRecvMsgSize(16 << 20))
	server.RegisterService(service("Left"), nil)
	server.RegisterService(service("Right"), nil)
	if err := server.Serve(listener); err != nil {
		fmt.Fprintln(os.Stderr, "compare-grpc-go:", err)
		os.Exit(1)
	}
}
