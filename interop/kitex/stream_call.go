package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/pkg/serviceinfo"
	"github.com/cloudwego/kitex/pkg/streaming"
)

// isStreaming is whether either side sends more than one message.
func isStreaming(method serviceinfo.MethodInfo) bool {
	switch method.StreamingMode() {
	case serviceinfo.StreamingClient, serviceinfo.StreamingServer, serviceinfo.StreamingBidirectional:
		return true
	}
	return false
}

// itemType is the type of the messages of a method that streams, which are of the same type in both directions.
func itemType(method serviceinfo.MethodInfo) reflect.Type {
	return reflect.TypeOf(method.NewArgs()).Elem().Field(0).Type.Elem()
}

// newItems makes the messages to send, of an array of them.
func newItems(method serviceinfo.MethodInfo, o *callOptions) ([]any, error) {
	var texts []json.RawMessage
	if err := json.Unmarshal([]byte(o.json), &texts); err != nil {
		return nil, fmt.Errorf("--json: %w", err)
	}
	var items []any
	_, isProto := protoField(method.NewArgs(), "Req")
	for _, text := range texts {
		item := reflect.New(itemType(method)).Interface()
		decode := decodeJSON
		if isProto {
			decode = decodeProto
		}
		if err := decode(text, item); err != nil {
			return nil, fmt.Errorf("--json: %w", err)
		}
		items = append(items, item)
	}
	return items, nil
}

// streamOnce makes a call with all messages at once and collects the answers.
func streamOnce(ctx context.Context, c client.Client, method serviceinfo.MethodInfo, o *callOptions) string {
	items, err := newItems(method, o)
	if err != nil {
		panic(err) // The same items have been made before.
	}
	stream, err := c.(client.Streaming).StreamX(ctx, o.method)
	if err != nil {
		return withBackward(outcomeOfError(err), nil)
	}
	go sendAll(ctx, stream, items)
	answers, err := receiveAll(ctx, stream, method)
	header, _ := stream.Header()
	if err != nil {
		return withBackward(outcomeOfError(err), header)
	}
	outcome := outcome{OK: mustMarshal(answers)}
	if o.trailers {
		trailer, _ := stream.Trailer()
		outcome.Trailers = make(map[string][]string)
		for key, value := range trailer {
			outcome.Trailers[key] = []string{value}
		}
	}
	return withBackward(outcome, header)
}

// sendAll stops when the server takes no more, which is told by receiving.
func sendAll(ctx context.Context, stream streaming.ClientStream, items []any) {
	for _, item := range items {
		if stream.SendMsg(ctx, item) != nil {
			return
		}
	}
	_ = stream.CloseSend(ctx)
}

func receiveAll(ctx context.Context, stream streaming.ClientStream, method serviceinfo.MethodInfo) ([]json.RawMessage, error) {
	answers := []json.RawMessage{}
	_, isProto := protoField(method.NewArgs(), "Req")
	for {
		answer := reflect.New(itemType(method))
		err := stream.RecvMsg(ctx, answer.Interface())
		if errors.Is(err, io.EOF) {
			return answers, nil
		}
		if err != nil {
			return nil, err
		}
		if isProto {
			answers = append(answers, mustMarshal(answer.Interface()))
		} else {
			answers = append(answers, encodeJSON(answer))
		}
		if method.StreamingMode() == serviceinfo.StreamingClient {
			return answers, nil
		}
	}
}
