package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/client/callopt"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/codes"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/metadata"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/status"
	"github.com/cloudwego/kitex/pkg/rpcinfo"
	"github.com/cloudwego/kitex/pkg/serviceinfo"
	"github.com/cloudwego/kitex/pkg/transmeta"
)

// patience bounds a call without --timeout. It must not become an RPC timeout of Kitex, because
// those are sent to the server.
const patience = 120 * time.Second

// connecting bounds that, which takes no time: what it depends on is how busy the machine is. Kitex's default is 50 ms.
const connecting = 60 * time.Second

type callOptions struct {
	address, transport, idl, service, as, method, json, caller string

	unnamed                bool
	timeout, count         int
	parallel, messageBytes int
	transient, persistent  keyValues
	headers                keyValues
	compressor             string
	generic, idlFile       string
	cancel                 int
	trailers               bool
	codecs                 codecOptions
}

// keyValues is a flag K=V that can be repeated.
type keyValues []struct{ key, value string }

func (kvs *keyValues) String() string { return "" }

func (kvs *keyValues) Set(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return fmt.Errorf("want K=V")
	}
	*kvs = append(*kvs, struct{ key, value string }{key, value})
	return nil
}

func parseCall(arguments []string) (*callOptions, error) {
	o := new(callOptions)
	flags := flag.NewFlagSet("call", flag.ContinueOnError)
	flags.StringVar(&o.address, "addr", "", "`HOST:PORT` of the server")
	flags.StringVar(&o.transport, "transport", "", "`T`, one of "+transportNames)
	flags.StringVar(&o.service, "service", "", "`S`, IDL name of the service; CombineService is the combined service of an IDL")
	flags.StringVar(&o.idl, "idl", "", "`IDL` that has the service: multi, types, combine or apart. Needed only for the\n"+
		"combined client of apart.thrift: --idl apart --service CombineService")
	flags.StringVar(&o.method, "method", "", "`M`, IDL name of the method")
	flags.StringVar(&o.as, "as", "", "send `NAME` as the service name; the method may then be any method of --service")
	flags.StringVar(&o.json, "json", "{}", "arguments of the method by name, a `JSON` object")
	flags.BoolVar(&o.unnamed, "no-service-name", false, "send no service name, caller and method in a TTHeader")
	flags.StringVar(&o.caller, "caller", "", "`NAME` of this client, sent in a TTHeader")
	flags.IntVar(&o.timeout, "timeout", 0, "`MS` milliseconds for a call, sent in a TTHeader; without it calls end after 120 seconds and nothing is sent")
	flags.Var(&o.transient, "transient", "transient metadata `K=V`, can be repeated")
	flags.Var(&o.persistent, "persistent", "persistent metadata `K=V`, can be repeated")
	flags.Var(&o.headers, "header", "header `K=V` of gRPC, binary if K ends with -bin, can be repeated")
	flags.IntVar(&o.count, "count", 1, "make `N` calls, one after the other")
	flags.IntVar(&o.parallel, "parallel", 1, "do that `N` times at once: as many lines as this times --count, in any order")
	flags.IntVar(&o.messageBytes, "message-bytes", -1, "make the request's message `N` bytes of y, and print the length and the SHA-256 of the\n"+
		"response's message: {\"ok\":{\"message_len\":..,\"message_sha256\":\"..\"}}")
	flags.StringVar(&o.compressor, "compress", "", "compress messages of gRPC with `NAME`, which is gzip")
	flags.BoolVar(&o.trailers, "trailers", false, "print the trailers of gRPC, too")
	flags.IntVar(&o.cancel, "cancel", 0, "give the call up after `MS` milliseconds")
	flags.StringVar(&o.generic, "generic", "", "call without generated code, by `KIND`: "+genericNames)
	flags.StringVar(&o.idlFile, "idl-file", "", "`FILE` of the IDL, for --generic json")
	o.codecs.register(flags)
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.address == "" || o.transport == "" || o.service == "" || o.method == "" {
		return nil, fmt.Errorf("--addr, --transport, --service and --method are needed")
	}
	return o, nil
}

// call makes the calls and prints a line for each. An error means that none was made.
func call(arguments []string) error {
	o, err := parseCall(arguments)
	if err != nil {
		return helpIsNoError(err)
	}
	info, err := findService(o.idl, o.service)
	if err != nil {
		return err
	}
	method, ok := info.Methods[o.method]
	if !ok {
		return fmt.Errorf("service %s has no method %q", o.service, o.method)
	}
	streams := isStreaming(method)
	if streams {
		_, err = newItems(method, o)
	} else {
		_, err = newArguments(method, o)
	}
	if err != nil {
		return err
	}
	once, err := newCaller(info, method, streams, o)
	if err != nil {
		return err
	}

	var printing sync.Mutex
	var calls sync.WaitGroup
	for range o.parallel {
		calls.Go(func() {
			for range o.count {
				line := withContext(o, streams, func(ctx context.Context) string { return once(ctx) })
				printing.Lock()
				fmt.Fprintln(os.Stdout, line)
				printing.Unlock()
			}
		})
	}
	calls.Wait()
	return nil
}

// onceFunc makes a call and gives its line.
type onceFunc func(context.Context) string

func newCaller(info *serviceinfo.ServiceInfo, method serviceinfo.MethodInfo, streams bool, o *callOptions) (onceFunc, error) {
	if o.generic != "" {
		c, err := newGenericClient(info, o)
		return func(ctx context.Context) string { return genericOnce(ctx, c, method, o) }, err
	}
	c, err := newClient(info, o)
	once := callOnce
	if streams {
		once = streamOnce
	}
	return func(ctx context.Context) string { return once(ctx, c, method, o) }, err
}

func newClient(info *serviceinfo.ServiceInfo, o *callOptions) (client.Client, error) {
	if o.as != "" {
		renamed := *info
		renamed.ServiceName = o.as
		info = &renamed
	}
	options, err := clientOptions(o)
	if err != nil {
		return nil, err
	}
	return client.NewClient(info, options...)
}

func clientOptions(o *callOptions) ([]client.Option, error) {
	options, err := transportOptions(o.transport)
	if err != nil {
		return nil, err
	}
	codec, err := o.codecs.codec()
	if err != nil {
		return nil, err
	}
	options = append(options,
		client.WithCodec(codec),
		client.WithDestService(o.service),
		client.WithHostPorts(o.address),
		client.WithConnectTimeout(connecting),
		client.WithClientBasicInfo(&rpcinfo.EndpointBasicInfo{ServiceName: o.caller}),
	)
	if !o.unnamed {
		options = append(options, client.WithMetaHandler(transmeta.ClientTTHeaderHandler))
		options = append(options, client.WithMetaHandler(transmeta.ClientHTTP2Handler))
	}
	if o.timeout > 0 {
		options = append(options, client.WithRPCTimeout(time.Duration(o.timeout)*time.Millisecond))
	}
	return options, nil
}

// newArguments makes the struct of the method's arguments.
func newArguments(method serviceinfo.MethodInfo, o *callOptions) (any, error) {
	arguments := method.NewArgs()
	var err error
	if request, ok := protoField(arguments, "Req"); ok {
		err = decodeProto([]byte(o.json), request)
	} else {
		err = decodeJSON([]byte(o.json), arguments)
	}
	if err != nil {
		return nil, fmt.Errorf("--json: %w", err)
	}
	if o.messageBytes >= 0 {
		if err := setMessage(arguments, strings.Repeat("y", o.messageBytes)); err != nil {
			return nil, err
		}
	}
	return arguments, nil
}

// setMessage sets the message of the first argument.
func setMessage(arguments any, message string) error {
	if fields := reflect.ValueOf(arguments).Elem(); fields.NumField() > 0 && fields.Field(0).Kind() == reflect.Pointer {
		request := fields.Field(0)
		if request.IsNil() {
			request.Set(reflect.New(request.Type().Elem()))
		}
		if field := request.Elem().FieldByName("Message"); field.IsValid() && field.Kind() == reflect.String {
			field.SetString(message)
			return nil
		}
	}
	return fmt.Errorf("--message-bytes: the method has no request with a message")
}

// withContext makes a call in a context that has its metadata and ends when it is given up. Kitex has no timeout for streams
// but that of their context.
func withContext(o *callOptions, streams bool, once func(context.Context) string) string {
	ctx := metainfo.WithBackwardValues(context.Background())
	for _, kv := range o.transient {
		ctx = metainfo.WithValue(ctx, kv.key, kv.value)
	}
	for _, kv := range o.persistent {
		ctx = metainfo.WithPersistentValue(ctx, kv.key, kv.value)
	}
	for _, kv := range o.headers {
		ctx = metadata.AppendToOutgoingContext(ctx, kv.key, kv.value)
	}
	if o.compressor != "" {
		ctx = client.NewCtxWithCallOptions(ctx, []callopt.Option{callopt.WithGRPCCompressor(o.compressor)})
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wait := patience
	if streams && o.timeout > 0 {
		wait = time.Duration(o.timeout) * time.Millisecond
	}
	if o.cancel > 0 {
		time.AfterFunc(time.Duration(o.cancel)*time.Millisecond, cancel)
	} else if streams || o.timeout <= 0 {
		ctx, cancel = context.WithTimeout(ctx, wait)
		defer cancel()
	}
	return once(ctx)
}

// awaitWritten returns when the one-way call before it is written: Kitex multiplexes by leaving requests to a goroutine that
// writes them in their order, and a program that ends at once takes those along that it has not come to. So another call is
// made on the same connection; whatever is answered, the one-way call went before it.
func awaitWritten(ctx context.Context, c client.Client, o *callOptions) error {
	info, err := findService(o.idl, o.service)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(info.Methods)) {
		method := info.Methods[name]
		if method.OneWay() || isStreaming(method) {
			continue
		}
		_ = c.Call(ctx, name, method.NewArgs(), method.NewResult())
		return nil
	}
	return fmt.Errorf("service %s has only one-way methods: none tells when a call is written", o.service)
}

// callOnce makes a call with arguments of its own: a call that timed out may still be writing them.
func callOnce(ctx context.Context, c client.Client, method serviceinfo.MethodInfo, o *callOptions) string {
	arguments, err := newArguments(method, o)
	if err != nil {
		panic(err) // The same arguments have been made before.
	}
	var result any
	if !method.OneWay() {
		result = method.NewResult()
	}
	var header, trailer metadata.MD
	err = c.Call(nphttp2.GRPCTrailer(nphttp2.GRPCHeader(ctx, &header), &trailer), o.method, arguments, result)
	if err == nil && method.OneWay() && o.transport == "mux" {
		err = awaitWritten(ctx, c, o)
	}
	outcome := outcomeOfError(err)
	switch {
	case err == nil:
		outcome = outcomeOfResult(result, o.messageBytes >= 0)
	case errors.Is(ctx.Err(), context.Canceled):
		// To Kitex that is a timeout.
		outcome = outcomeOfError(status.Err(codes.Canceled, err.Error()))
	}
	back := metainfo.RecvAllBackwardValues(ctx)
	for key, values := range header {
		if back == nil {
			back = make(map[string]string)
		}
		back[key] = values[0]
	}
	if o.trailers {
		outcome.Trailers = trailer
	}
	return withBackward(outcome, back)
}
