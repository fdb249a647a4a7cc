package main

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/cloudwego/kitex/pkg/streaming"
	"github.com/cloudwego/kitex/server"

	v1 "polyport/benches/compare/kitex/kitex_gen/bench/v1"
	"polyport/benches/compare/kitex/kitex_gen/bench/v1/left"
	"polyport/benches/compare/kitex/kitex_gen/bench/v1/right"
)

// repeated is how many answers Repeat gives.
const repeated = 1000

// protoEcho is what the handlers of both services of bench.proto have in common.
type protoEcho struct{ service string }

// The names of the streams' types belong to the services.
type (
	protoLeft  struct{ protoEcho }
	protoRight struct{ protoEcho }
)

func (e *protoEcho) Echo(_ context.Context, req *v1.Message) (*v1.Message, error) {
	if req.Message == "who" {
		return &v1.Message{Message: e.service}, nil
	}
	return &v1.Message{Message: req.Message}, nil
}

func (*protoLeft) Repeat(ctx context.Context, req *v1.Message, stream v1.Left_RepeatServer) error {
	return repeat(ctx, req, stream)
}

func (*protoRight) Repeat(ctx context.Context, req *v1.Message, stream v1.Right_RepeatServer) error {
	return repeat(ctx, req, stream)
}

func (*protoLeft) Chat(ctx context.Context, stream v1.Left_ChatServer) error {
	return chat(ctx, stream)
}

func (*protoRight) Chat(ctx context.Context, stream v1.Right_ChatServer) error {
	return chat(ctx, stream)
}

func repeat(ctx context.Context, req *v1.Message, stream streaming.ServerStreamingServer[v1.Message]) error {
	for range repeated {
		if err := stream.Send(ctx, req); err != nil {
			return err
		}
	}
	return nil
}

func chat(ctx context.Context, stream streaming.BidiStreamingServer[v1.Message, v1.Message]) error {
	for {
		message, err := stream.Recv(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(ctx, message); err != nil {
			return err
		}
	}
}

// serveGRPC serves bench.proto.
func serveGRPC(listener net.Listener) error {
	// With it unary calls are served as the code that is generated takes them.
	svr := server.NewServer(server.WithListener(listener), server.WithCompatibleMiddlewareForUnary())
	if err := left.RegisterService(svr, &protoLeft{protoEcho{"Left"}}, server.WithFallbackService()); err != nil {
		return err
	}
	if err := right.RegisterService(svr, &protoRight{protoEcho{"Right"}}); err != nil {
		return err
	}
	return svr.Run()
}
