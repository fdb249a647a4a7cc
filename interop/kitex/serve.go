package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/cloudwego/kitex/pkg/remote"
	_ "github.com/cloudwego/kitex/pkg/remote/codec/protobuf/encoding/gzip" // registers it
	"github.com/cloudwego/kitex/pkg/remote/trans/netpoll"
	"github.com/cloudwego/kitex/pkg/transmeta"
	"github.com/cloudwego/kitex/server"
)

// serve runs a fixture until SIGTERM or SIGINT. An error means that nothing was served.
func serve(arguments []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	address := flags.String("addr", "127.0.0.1:0", "`HOST:PORT` to listen on, port 0 picks one")
	name := flags.String("fixture", "", "services to register: "+fixtureNames())
	refuse := flags.Bool("refuse", false, "refuse requests without a service name")
	threads := flags.Int("threads", 0, "`N` operating system threads for Go code, 0 for one a core")
	var codecs codecOptions
	codecs.register(flags)
	flags.BoolVar(&furtherWords, "further-words", false, "obey words that only the peers of Kitex and of Polyport know")
	nextAddress := flags.String("next", "", "`HOST:PORT` of the server that the word next:REST asks for REST")
	nextTransport := flags.String("next-transport", "ttheader-framed", "`T` that goes out to it")
	flags.Bool("kitex-status-codes", false, "accepted and ignored: Kitex has no other gRPC status codes")
	if err := flags.Parse(arguments); err != nil {
		return helpIsNoError(err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	register, ok := fixtures[*name]
	if !ok {
		return fmt.Errorf("no fixture %q, one of: %s", *name, fixtureNames())
	}
	tcp, err := net.ResolveTCPAddr("tcp", *address)
	if err != nil {
		return err
	}
	codec, err := codecs.codec()
	if err != nil {
		return err
	}
	if *threads > 0 {
		runtime.GOMAXPROCS(*threads)
	}

	// Kitex starts to catch signals after it has started to listen; a SIGTERM right after our line
	// on standard output would then kill the process.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	options := []server.Option{
		server.WithServiceAddr(tcp),
		server.WithCodec(codec),
		server.WithTransServerFactory(announcingFactory{netpoll.NewTransServerFactory()}),
		server.WithMetaHandler(transmeta.ServerTTHeaderHandler),
		server.WithMetaHandler(transmeta.ServerHTTP2Handler),
		// Without it unary handlers cannot be called over gRPC.
		server.WithCompatibleMiddlewareForUnary(),
		server.WithExitSignal(func() <-chan error {
			stop := make(chan error, 1)
			go func() {
				<-signals
				stop <- nil
			}()
			return stop
		}),
	}
	if *nextAddress != "" {
		if next, err = newNext(*nextAddress, *nextTransport); err != nil {
			return err
		}
	}
	if furtherWords {
		options = append(options, server.WithMiddleware(failing), server.WithACLRules(deny))
	}
	if *refuse {
		options = append(options, server.WithRefuseTrafficWithoutServiceName())
	}
	svr, err := build(register, options)
	if err != nil {
		return err
	}
	return svr.Run()
}

// build turns the panics, by which Kitex refuses a registration, into errors.
func build(register func(server.Server), options []server.Option) (svr server.Server, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%v", reason)
		}
	}()
	svr = server.NewServer(options...)
	register(svr)
	return svr, nil
}

// announcingFactory makes servers that print their address. Kitex checks the registered services before
// it listens and knows the port only then, so neither can be done outside.
type announcingFactory struct{ remote.TransServerFactory }

func (f announcingFactory) NewTransServer(opt *remote.ServerOption, handler remote.ServerTransHandler) remote.TransServer {
	return announcingServer{f.TransServerFactory.NewTransServer(opt, handler)}
}

type announcingServer struct{ remote.TransServer }

func (s announcingServer) BootstrapServer(listener net.Listener) error {
	fmt.Printf("listening on %s\n", listener.Addr())
	return s.TransServer.BootstrapServer(listener)
}

func helpIsNoError(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	return err
}
