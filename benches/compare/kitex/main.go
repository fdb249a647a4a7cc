// Command compare-kitex is the comparison's server in CloudWeGo Kitex, two services on one port, and
// its client.
//
//	compare-kitex [--mux|--grpc]
//	compare-kitex client ADDRESS TASKS BYTES many|one
package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/cloudwego/kitex/pkg/klog"
	"github.com/cloudwego/kitex/pkg/transmeta"
	"github.com/cloudwego/kitex/server"

	"polyport/benches/compare/kitex/kitex_gen/bench"
	"polyport/benches/compare/kitex/kitex_gen/bench/left"
	"polyport/benches/compare/kitex/kitex_gen/bench/right"
)

// echo is the handler of both services.
type echo struct{ service string }

func (e *echo) Echo(_ context.Context, req *bench.Request) (*bench.Response, error) {
	if req.Message == "who" {
		return &bench.Response{Message: e.service}, nil
	}
	return &bench.Response{Message: req.Message}, nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "compare-kitex:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	klog.SetLevel(klog.LevelWarn)
	switch {
	case len(arguments) == 0:
		return serve()
	case len(arguments) == 1 && arguments[0] == "--mux":
		return serve(server.WithMuxTransport())
	case len(arguments) == 1 && arguments[0] == "--grpc":
		listener, err := listen()
		if err != nil {
			return err
		}
		return serveGRPC(listener)
	case len(arguments) == 5 && arguments[0] == "client":
		return call(arguments[1], arguments[2], arguments[3], arguments[4])
	}
	return fmt.Errorf("unknown arguments %v", arguments)
}

// listen also says where.
func listen() (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		fmt.Println("listening on", listener.Addr())
	}
	return listener, err
}

// serve also takes the option for connections that calls share.
func serve(options ...server.Option) error {
	listener, err := listen()
	if err != nil {
		return err
	}
	// The handler for metadata and timeouts, which the other servers have as well.
	svr := server.NewServer(append(
		options,
		server.WithListener(listener),
		server.WithMetaHandler(transmeta.ServerTTHeaderHandler),
	)...)
	if err := left.RegisterService(svr, &echo{"Left"}, server.WithFallbackService()); err != nil {
		return err
	}
	if err := right.RegisterService(svr, &echo{"Right"}); err != nil {
		return err
	}
	return svr.Run()
}
