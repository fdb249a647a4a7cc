package main

import (
	"context"
	"errors"
	"io"
	"strings"

	v1 "polyport/interop/kitex/kitex_gen/multi/v1"
	"polyport/interop/kitex/kitex_gen/streams"
)

// Both IDLs have an Item of the same fields, hence what both handlers do is here for either.

// item is a pointer to one.
type item[T any] interface {
	*T
	GetNumber() int32
	GetMessage() string
}

// newItem makes one; the types differ in their tags only.
type newItem[T any] func(number int32, message string) *T

// receiver gives items until there is io.EOF.
type receiver[T any] interface {
	Recv(context.Context) (*T, error)
}

// sender takes items.
type sender[T any] interface {
	Send(context.Context, *T) error
}

// echoEach answers each item with one of the same number.
func echoEach[T any, P item[T]](ctx context.Context, input receiver[T], output sender[T], create newItem[T]) error {
	return forEach(ctx, input, func(received P) error {
		answer, err := echoItem[T, P](ctx, received, create)
		if err != nil {
			return err
		}
		return output.Send(ctx, answer)
	})
}

// joined is the one answer to all items: how many there were, and what they said.
func joined[T any, P item[T]](ctx context.Context, input receiver[T], create newItem[T]) (*T, error) {
	var messages []string
	err := forEach(ctx, input, func(received P) error {
		messages = append(messages, received.GetMessage())
		_, err := performItem(ctx, received.GetMessage())
		return err
	})
	return create(int32(len(messages)), strings.Join(messages, ",")), err
}

// countTo answers one item with as many as its number says.
func countTo[T any, P item[T]](ctx context.Context, request P, output sender[T], create newItem[T]) error {
	message, err := performItem(ctx, request.GetMessage())
	if err != nil {
		return err
	}
	for number := range request.GetNumber() {
		if err := output.Send(ctx, create(number, message)); err != nil {
			return err
		}
	}
	return nil
}

func echoItem[T any, P item[T]](ctx context.Context, request P, create newItem[T]) (*T, error) {
	message, err := performItem(ctx, request.GetMessage())
	if err != nil {
		return nil, err
	}
	return create(request.GetNumber(), message), nil
}

func forEach[T any, P item[T]](ctx context.Context, input receiver[T], do func(P) error) error {
	for {
		received, err := input.Recv(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := do(received); err != nil {
			return err
		}
	}
}

func newThriftItem(number int32, message string) *streams.Item {
	return &streams.Item{Number: number, Message: message}
}

func newProtoItem(number int32, message string) *v1.Item {
	return &v1.Item{Number: number, Message: message}
}

// streamsHandler is for streams.thrift.
type streamsHandler struct{}

func (*streamsHandler) Bidirectional(ctx context.Context, stream streams.Streams_bidirectionalServer) error {
	return echoEach(ctx, stream, stream, newThriftItem)
}

func (*streamsHandler) Client(ctx context.Context, stream streams.Streams_clientServer) error {
	answer, err := joined(ctx, stream, newThriftItem)
	if err != nil {
		return err
	}
	return stream.SendAndClose(ctx, answer)
}

func (*streamsHandler) Server(ctx context.Context, request *streams.Item, stream streams.Streams_serverServer) error {
	return countTo(ctx, request, stream, newThriftItem)
}

func (*streamsHandler) Unary(ctx context.Context, request *streams.Item) (*streams.Item, error) {
	return echoItem(ctx, request, newThriftItem)
}

func (*streamsHandler) PingPong(ctx context.Context, request *streams.Item) (*streams.Item, error) {
	return echoItem(ctx, request, newThriftItem)
}

// protoStreamsHandler is for multi.proto.
type protoStreamsHandler struct{}

func (*protoStreamsHandler) Bidirectional(ctx context.Context, stream v1.Streams_BidirectionalServer) error {
	return echoEach(ctx, stream, stream, newProtoItem)
}

func (*protoStreamsHandler) Client(ctx context.Context, stream v1.Streams_ClientServer) error {
	answer, err := joined(ctx, stream, newProtoItem)
	if err != nil {
		return err
	}
	return stream.SendAndClose(ctx, answer)
}

func (*protoStreamsHandler) Server(ctx context.Context, request *v1.Item, stream v1.Streams_ServerServer) error {
	return countTo(ctx, request, stream, newProtoItem)
}

func (*protoStreamsHandler) Unary(ctx context.Context, request *v1.Item) (*v1.Item, error) {
	return echoItem(ctx, request, newProtoItem)
}
