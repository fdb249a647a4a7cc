package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// patience bounds a call without --timeout.
const patience = 120 * time.Second

type callOptions struct {
	address, service, method, json, compressor string

	timeout, cancel, count int
	headers                []string
	trailers               bool
}

func call(file protoreflect.FileDescriptor, arguments []string) error {
	o := new(callOptions)
	flags := flag.NewFlagSet("call", flag.ContinueOnError)
	flags.StringVar(&o.address, "addr", "", "`HOST:PORT` of the server")
	transport := flags.String("transport", "grpc", "grpc is the only one")
	flags.StringVar(&o.service, "service", "", "name of the service with its package")
	flags.StringVar(&o.method, "method", "", "name of the method")
	flags.StringVar(&o.json, "json", "{}", "the message, or an array of those of a stream")
	flags.StringVar(&o.compressor, "compress", "", "compress messages with `NAME`, which is gzip")
	flags.IntVar(&o.timeout, "timeout", 0, "`MS` milliseconds for a call")
	flags.IntVar(&o.cancel, "cancel", 0, "give the call up after `MS` milliseconds")
	flags.BoolVar(&o.trailers, "trailers", false, "print the trailers, too")
	flags.IntVar(&o.count, "count", 1, "make `N` calls, one after the other")
	for kind, prefix := range map[string]string{"transient": "rpc-transit-", "persistent": "rpc-persist-"} {
		flags.Func(kind, kind+" metadata `K=V`, can be repeated", func(text string) error {
			key, value, ok := strings.Cut(text, "=")
			if !ok {
				return errors.New("want K=V")
			}
			o.headers = append(o.headers, prefix+strings.ReplaceAll(key, "_", "-"), value)
			return nil
		})
	}
	flags.Func("header", "header `K=V`, binary if K ends with -bin, can be repeated", func(text string) error {
		key, value, _ := strings.Cut(text, "=")
		o.headers = append(o.headers, key, value)
		return nil
	})
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *transport != "grpc" {
		return fmt.Errorf("no transport %q, only grpc", *transport)
	}
	method, err := find(file, o)
	if err != nil {
		return err
	}
	requests, err := newRequests(method, o.json)
	if err != nil {
		return err
	}
	connection, err := grpc.NewClient(o.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	for range o.count {
		line, err := json.Marshal(callOnce(connection, method, requests, o))
		if err != nil {
			return err
		}
		fmt.Println(string(line))
	}
	return nil
}

func find(file protoreflect.FileDescriptor, o *callOptions) (protoreflect.MethodDescriptor, error) {
	for i := range file.Services().Len() {
		service := file.Services().Get(i)
		if method := service.Methods().ByName(protoreflect.Name(o.method)); method != nil && string(service.FullName()) == o.service {
			return method, nil
		}
	}
	return nil, fmt.Errorf("%s has no %s/%s", file.Path(), o.service, o.method)
}

func newRequests(method protoreflect.MethodDescriptor, text string) ([]*dynamicpb.Message, error) {
	texts := []json.RawMessage{json.RawMessage(text)}
	if strings.HasPrefix(text, "[") {
		if err := json.Unmarshal([]byte(text), &texts); err != nil {
			return nil, err
		}
	}
	requests := make([]*dynamicpb.Message, 0, len(texts))
	for _, text := range texts {
		request := dynamicpb.NewMessage(method.Input())
		if err := protojson.Unmarshal(text, request); err != nil {
			return nil, err
		}
		requests = append(requests, request)
	}
	return requests, nil
}

// callOnce makes a call and gives its line. Every call is one that streams both ways to grpc-go, which is the same on the
// wire.
func callOnce(
	connection *grpc.ClientConn, method protoreflect.MethodDescriptor, requests []*dynamicpb.Message, o *callOptions,
) map[string]any {
	wait := patience
	if o.timeout > 0 {
		wait = time.Duration(o.timeout) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	if o.cancel > 0 {
		time.AfterFunc(time.Duration(o.cancel)*time.Millisecond, cancel)
	}
	ctx = metadata.AppendToOutgoingContext(ctx, o.headers...)
	var options []grpc.CallOption
	if o.compressor != "" {
		options = append(options, grpc.UseCompressor(o.compressor))
	}
	description := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	stream, err := connection.NewStream(ctx, description, fmt.Sprintf("/%s/%s", o.service, o.method), options...)
	if err != nil {
		return failed(err)
	}
	go func() {
		for _, request := range requests {
			if stream.SendMsg(request) != nil {
				return
			}
		}
		_ = stream.CloseSend()
	}()
	answers := []json.RawMessage{}
	for {
		answer := dynamicpb.NewMessage(method.Output())
		err := stream.RecvMsg(answer)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return failed(err)
		}
		text, err := protojson.Marshal(answer)
		if err != nil {
			return failed(err)
		}
		answers = append(answers, text)
	}
	line := map[string]any{"ok": answers}
	if !method.IsStreamingClient() && !method.IsStreamingServer() {
		if len(answers) != 1 {
			return map[string]any{"transport_error": fmt.Sprintf("%d answers", len(answers))}
		}
		line["ok"] = answers[0]
	}
	if back := backward(stream); len(back) > 0 {
		line["back"] = back
	}
	if o.trailers {
		line["trailers"] = stream.Trailer()
	}
	return line
}

// backward is what came beside the answer and is not gRPC's own.
func backward(stream grpc.ClientStream) map[string]string {
	header, _ := stream.Header()
	back := make(map[string]string)
	for key, values := range header {
		if key != "content-type" {
			back[key] = values[0]
		}
	}
	return back
}

func failed(err error) map[string]any {
	reason := status.Convert(err)
	switch reason.Code() {
	case codes.DeadlineExceeded:
		return map[string]any{"timeout": true}
	case codes.Unavailable:
		return map[string]any{"transport_error": reason.Message()}
	}
	return map[string]any{"error": map[string]any{"type": int32(reason.Code()), "message": reason.Message()}}
}
