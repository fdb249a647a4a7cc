// Command grpc-go-peer is the side of the interop tests that is grpc-go: a server with the handlers of the interop
// contract, and a client that makes one kind of call and prints what came of it. It reads multi.proto when it starts.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"

	"github.com/bufbuild/protocompile"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // registers it
	"google.golang.org/protobuf/reflect/protoreflect"
)

// statusUnusable is the exit status for bad arguments and for a server that cannot be built.
const statusUnusable = 2

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: grpc-go-peer MULTI.PROTO serve|call|load ...")
		os.Exit(statusUnusable)
	}
	file, err := compile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "grpc-go-peer:", err)
		os.Exit(statusUnusable)
	}
	switch command := os.Args[2]; command {
	case "serve":
		err = serve(file, os.Args[3:])
	case "call":
		err = call(file, os.Args[3:])
	case "load":
		err = load(file, os.Args[3:])
	default:
		err = fmt.Errorf("no command %q, one of: serve, call, load", command)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "grpc-go-peer:", err)
		os.Exit(statusUnusable)
	}
}

// serve runs until it is killed. An error means that nothing was served.
func serve(file protoreflect.FileDescriptor, arguments []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	address := flags.String("addr", "127.0.0.1:0", "`HOST:PORT` to listen on, port 0 picks one")
	fixture := flags.String("fixture", "", "proto is the only one")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *fixture != "proto" {
		return fmt.Errorf("no fixture %q, only proto", *fixture)
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	for i := range file.Services().Len() {
		server.RegisterService(describe(file.Services().Get(i)), nil)
	}
	if err := reflect(server, file); err != nil {
		return err
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	return server.Serve(listener)
}

// compile reads an IDL, for which no code has to be generated.
func compile(path string) (protoreflect.FileDescriptor, error) {
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{}}
	files, err := compiler.Compile(context.Background(), path)
	if err != nil {
		return nil, err
	}
	return files[0], nil
}
