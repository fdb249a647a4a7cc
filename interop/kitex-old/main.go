// Command kitex-old-peer is a client of Kitex 0.8 for the interop tests. That version knows no
// service names on the wire: its TTHeader says which server is meant, not which service.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/pkg/kerrors"
	"github.com/cloudwego/kitex/pkg/remote"
	"github.com/cloudwego/kitex/pkg/rpcinfo"
	"github.com/cloudwego/kitex/pkg/serviceinfo"
	"github.com/cloudwego/kitex/pkg/transmeta"
	"github.com/cloudwego/kitex/transport"

	"polyport/interop/kitex-old/kitex_gen/multi/servicea"
	"polyport/interop/kitex-old/kitex_gen/multi/serviceb"
	"polyport/interop/kitex-old/kitex_gen/multi/serviced"
	"polyport/interop/kitex-old/kitex_gen/types/types"
)

// patience is longer than any answer takes. A server that says nothing must not stop the tests.
const patience = 120 * time.Second

var services = map[string]*serviceinfo.ServiceInfo{
	"ServiceA": servicea.NewServiceInfo(),
	"ServiceB": serviceb.NewServiceInfo(),
	"ServiceD": serviced.NewServiceInfo(),
	"Types":    types.NewServiceInfo(),
}

// transports are made by adding to Framed, with which Kitex starts; PurePayload clears all.
var transports = map[string][]transport.Protocol{
	"buffered":        {transport.PurePayload},
	"framed":          {transport.Framed},
	"ttheader":        {transport.PurePayload, transport.TTHeader},
	"ttheader-framed": {transport.TTHeaderFramed},
}

type options struct {
	address, transport, service, method, json, caller string
	timeout, count                                    int
	transient, persistent                             pairs
}

// pairs is a flag K=V that can be repeated.
type pairs map[string]string

func (p pairs) String() string { return "" }

func (p pairs) Set(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return errors.New("want K=V")
	}
	p[key] = value
	return nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "kitex-old-peer:", err)
		os.Exit(2)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 || arguments[0] != "call" {
		return errors.New("this peer is only a client: kitex-old-peer call ...")
	}
	o, err := parse(arguments[1:])
	if err != nil {
		return err
	}
	info, ok := services[o.service]
	if !ok {
		return fmt.Errorf("no service %q", o.service)
	}
	if _, ok := info.Methods[o.method]; !ok {
		return fmt.Errorf("service %s has no method %q", o.service, o.method)
	}
	c, err := connect(info, o)
	if err != nil {
		return err
	}
	for range o.count {
		line, err := call(c, info.Methods[o.method], o)
		if err != nil {
			return err
		}
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

func parse(arguments []string) (*options, error) {
	o := &options{transient: pairs{}, persistent: pairs{}}
	flags := flag.NewFlagSet("call", flag.ContinueOnError)
	flags.StringVar(&o.address, "addr", "", "`HOST:PORT` of the server")
	flags.StringVar(&o.transport, "transport", "", "buffered, framed, ttheader or ttheader-framed")
	flags.StringVar(&o.service, "service", "", "IDL name of the service, which is not sent")
	flags.StringVar(&o.method, "method", "", "IDL name of the method")
	flags.StringVar(&o.json, "json", "{}", "arguments of the method by name")
	flags.StringVar(&o.caller, "caller", "", "name of this client, sent in a TTHeader")
	flags.IntVar(&o.timeout, "timeout", 0, "milliseconds that a call may take")
	flags.IntVar(&o.count, "count", 1, "how often to call")
	flags.Var(o.transient, "transient", "metadata `K=V` for the server")
	flags.Var(o.persistent, "persistent", "metadata `K=V` for the server and those behind it")
	flags.Bool("no-service-name", true, "changes nothing: there are no names")
	return o, flags.Parse(arguments)
}

func connect(info *serviceinfo.ServiceInfo, o *options) (client.Client, error) {
	all := []client.Option{
		client.WithDestService(o.service),
		client.WithHostPorts(o.address),
		// The default of 50 ms is short for a busy machine.
		client.WithConnectTimeout(time.Minute),
		client.WithClientBasicInfo(&rpcinfo.EndpointBasicInfo{ServiceName: o.caller}),
		client.WithMetaHandler(transmeta.ClientTTHeaderHandler),
	}
	protocols, ok := transports[o.transport]
	if !ok {
		return nil, fmt.Errorf("no transport %q", o.transport)
	}
	for _, protocol := range protocols {
		all = append(all, client.WithTransportProtocol(protocol))
	}
	limit := patience
	if o.timeout > 0 {
		limit = time.Duration(o.timeout) * time.Millisecond
	}
	return client.NewClient(info, append(all, client.WithRPCTimeout(limit))...)
}

// line is what a call prints.
type line map[string]any

func call(c client.Client, method serviceinfo.MethodInfo, o *options) (line, error) {
	arguments := method.NewArgs()
	if err := decodeJSON([]byte(o.json), arguments); err != nil {
		return nil, fmt.Errorf("--json: %w", err)
	}
	ctx := metainfo.WithBackwardValues(context.Background())
	for key, value := range o.transient {
		ctx = metainfo.WithValue(ctx, key, value)
	}
	for key, value := range o.persistent {
		ctx = metainfo.WithPersistentValue(ctx, key, value)
	}
	var result any
	if !method.OneWay() {
		result = method.NewResult()
	}
	if err := c.Call(ctx, o.method, arguments, result); err != nil {
		return failure(err), nil
	}
	made := success(result)
	if back := metadata(ctx); len(back) > 0 {
		made["back"] = back
	}
	return made, nil
}

// success reads a result struct: it has the returned value as `success`, or a declared exception.
func success(result any) line {
	if result == nil {
		return line{"ok": nil}
	}
	for _, field := range thriftFields(reflect.ValueOf(result).Elem()) {
		switch {
		case isNil(field.value):
		case field.id == 0:
			return line{"ok": encodeJSON(field.value)}
		default:
			value := encodeJSON(field.value)
			return line{"exception": map[string]any{"name": field.name, "value": value}}
		}
	}
	return line{"ok": nil}
}

func failure(err error) line {
	if biz, ok := kerrors.FromBizStatusError(err); ok {
		extra := biz.BizExtra()
		if extra == nil {
			extra = map[string]string{}
		}
		return line{"biz": map[string]any{
			"code": biz.BizStatusCode(), "message": biz.BizMessage(), "extra": extra,
		}}
	}
	if kerrors.IsTimeoutError(err) {
		return line{"timeout": true}
	}
	var remoteError *remote.TransError
	var exception thrift.TApplicationException
	// The client makes TransErrors of its own as well; those of the server have the exception inside.
	if errors.As(err, &remoteError) && errors.As(remoteError.Unwrap(), &exception) {
		return line{"error": map[string]any{
			"type": exception.TypeId(), "message": exception.Error(),
		}}
	}
	return line{"transport_error": err.Error()}
}

// metadata is what came back. Kitex collects all string keys of a reply's TTHeader; those of the
// framework are left out.
func metadata(ctx context.Context) map[string]string {
	back := map[string]string{}
	for key, value := range metainfo.RecvAllBackwardValues(ctx) {
		if !strings.HasPrefix(key, "biz-") && key != "crrst" && key != "crc32c" {
			back[key] = value
		}
	}
	return back
}
