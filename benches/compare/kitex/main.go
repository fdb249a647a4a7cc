// Command compare-kitex is the comparison's server in CloudWeGo Kitex: two services on one port.
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
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "compare-kitex:", err)
		os.Exit(1)
	}
}

func serve() error {
	klog.SetLevel(klog.LevelWarn)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	// The handler for metadata and timeouts, which the other servers have as well.
	svr := server.NewServer(
		server.WithListener(listener),
		server.WithMetaHandler(transmeta.ServerTTHeaderHandler),
	)
	if err := left.RegisterService(svr, &echo{"Left"}, server.WithFallbackService()); err != nil {
		return err
	}
	if err := right.RegisterService(svr, &echo{"Right"}); err != nil {
		return err
	}
	return svr.Run()
}
