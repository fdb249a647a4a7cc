package main

import (
	"context"
	"reflect"
	"strings"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/metadata"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/status"
	"github.com/cloudwego/kitex/pkg/serviceinfo"
)

// next is where the word next:REST leads, if it leads anywhere.
var next *nextServer

// nextServer is a server that a handler calls within the call that it serves.
type nextServer struct {
	client client.Client
	method string
	info   serviceinfo.MethodInfo
}

func newNext(address, transport string) (*nextServer, error) {
	o := &callOptions{address: address, transport: transport, service: "ServiceA", method: "onlyA", caller: "middle"}
	if transport == "grpc" || strings.HasPrefix(transport, "kitex-protobuf") {
		o.service, o.method = "multi.v1.ServiceA", "OnlyA"
	}
	info, err := findService("", o.service)
	if err != nil {
		return nil, err
	}
	c, err := newClient(info, o)
	if err != nil {
		return nil, err
	}
	return &nextServer{c, o.method, info.Methods[o.method]}, nil
}

// ask returns what the other handler answers, and behind it the backward metadata that it was asked to send.
func (n *nextServer) ask(ctx context.Context, message string) (string, error) {
	arguments, result := n.info.NewArgs(), n.info.NewResult()
	if err := setMessage(arguments, message); err != nil {
		return "", err
	}
	ctx = metainfo.WithBackwardValues(ctx)
	var header metadata.MD
	if err := n.client.Call(nphttp2.GRPCHeader(ctx, &header), n.method, arguments, result); err != nil {
		if ctx.Err() != nil {
			// Nobody waits for the answer any more, and who looks at the clock later than this is told the same.
			err = status.FromContextError(ctx.Err()).Err()
		}
		return "", err
	}
	answer := reflect.ValueOf(result).Elem().FieldByName("Success").Elem().FieldByName("Message").String()
	key, _, _ := strings.Cut(strings.TrimPrefix(message, "back:"), "=")
	if value, ok := metainfo.RecvBackwardValue(ctx, key); ok {
		return answer + " " + key + "=" + value, nil
	}
	if values := header.Get(key); len(values) > 0 {
		return answer + " " + key + "=" + values[0], nil
	}
	return answer, nil
}
