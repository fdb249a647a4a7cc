package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// describe makes a service whose handlers do as messages say. Every method is one that streams both ways to grpc-go, which
// is the same on the wire.
func describe(service protoreflect.ServiceDescriptor) *grpc.ServiceDesc {
	description := &grpc.ServiceDesc{ServiceName: string(service.FullName())}
	for i := range service.Methods().Len() {
		method := service.Methods().Get(i)
		description.Streams = append(description.Streams, grpc.StreamDesc{
			StreamName:    string(method.Name()),
			ServerStreams: true,
			ClientStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error {
				return answer(method, stream)
			},
		})
	}
	return description
}

func answer(method protoreflect.MethodDescriptor, stream grpc.ServerStream) error {
	if method.IsStreamingClient() && method.IsStreamingServer() {
		return forEach(method, stream, func(request item) error {
			echo, err := performItem(stream, method, request.message())
			if err != nil {
				return err
			}
			return stream.SendMsg(newItem(method, request.number(), echo))
		})
	}
	if method.IsStreamingClient() {
		var messages []string
		err := forEach(method, stream, func(request item) error {
			messages = append(messages, request.message())
			_, err := performItem(stream, method, request.message())
			return err
		})
		if err != nil {
			return err
		}
		return stream.SendMsg(newItem(method, int32(len(messages)), strings.Join(messages, ",")))
	}
	request := item{dynamicpb.NewMessage(method.Input())}
	if err := stream.RecvMsg(request.Message); err != nil {
		return err
	}
	if method.Parent().Name() != "Streams" {
		text, err := perform(stream, method, request.message())
		if err != nil {
			return err
		}
		return stream.SendMsg(newItem(method, 0, text))
	}
	echo, err := performItem(stream, method, request.message())
	if err != nil {
		return err
	}
	if !method.IsStreamingServer() {
		return stream.SendMsg(newItem(method, request.number(), echo))
	}
	for number := range request.number() {
		if err := stream.SendMsg(newItem(method, number, echo)); err != nil {
			return err
		}
	}
	return nil
}

func forEach(method protoreflect.MethodDescriptor, stream grpc.ServerStream, do func(item) error) error {
	for {
		request := item{dynamicpb.NewMessage(method.Input())}
		err := stream.RecvMsg(request.Message)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := do(request); err != nil {
			return err
		}
	}
}

// item is a message of the IDL: all have a message, and Item has a number.
type item struct{ *dynamicpb.Message }

func (i item) field(name protoreflect.Name) protoreflect.FieldDescriptor {
	return i.Descriptor().Fields().ByName(name)
}

func (i item) message() string {
	return i.Get(i.field("message")).String()
}

func (i item) number() int32 {
	return int32(i.Get(i.field("number")).Int())
}

func newItem(method protoreflect.MethodDescriptor, number int32, message string) *dynamicpb.Message {
	made := item{dynamicpb.NewMessage(method.Output())}
	made.Set(made.field("message"), protoreflect.ValueOfString(message))
	if field := made.field("number"); field != nil {
		made.Set(field, protoreflect.ValueOfInt32(number))
	}
	return made.Message
}

// perform does what the message of a request asks for and returns the message of the response.
func perform(stream grpc.ServerStream, method protoreflect.MethodDescriptor, message string) (string, error) {
	verb, rest, _ := strings.Cut(message, ":")
	switch verb {
	case "sleep":
		next, err := sleep(stream.Context(), method, rest)
		if err != nil {
			return "", err
		}
		return perform(stream, method, next)
	case "error", "typed":
		return "", failure(verb, rest)
	case "meta":
		return received(stream.Context(), rest), nil
	case "back":
		key, value, _ := strings.Cut(rest, "=")
		return "ok", stream.SetHeader(metadata.Pairs(key, value))
	case "trail":
		return trail(stream, rest)
	case "big":
		size, err := strconv.Atoi(rest)
		return strings.Repeat("x", size), err
	}
	return fmt.Sprintf("%s/%s: %s", method.Parent().Name(), method.Name(), message), nil
}

// performItem is perform for the items of streams, which are echoed in another way.
func performItem(stream grpc.ServerStream, method protoreflect.MethodDescriptor, message string) (string, error) {
	verb, rest, _ := strings.Cut(message, ":")
	switch verb {
	case "sleep":
		next, err := sleep(stream.Context(), method, rest)
		if err != nil {
			return "", err
		}
		return performItem(stream, method, next)
	case "meta", "back", "trail":
		return perform(stream, method, message)
	case "error", "typed":
		return "", failure(verb, rest)
	}
	return "echo " + message, nil
}

// trail sets a trailer K=V.
func trail(stream grpc.ServerStream, text string) (string, error) {
	key, value, _ := strings.Cut(text, "=")
	stream.SetTrailer(metadata.Pairs(key, value))
	return "ok", nil
}

// sleep waits for MS of MS[:rest] and returns the rest, unless nobody waits for the answer any more.
func sleep(ctx context.Context, method protoreflect.MethodDescriptor, text string) (string, error) {
	number, rest, _ := strings.Cut(text, ":")
	milliseconds, err := strconv.Atoi(number)
	if err != nil {
		return "", err
	}
	// What is to be done then tells calls apart.
	who := fmt.Sprintf("%s/%s %s", method.Parent().Name(), method.Name(), rest)
	fmt.Fprintln(os.Stderr, "asleep:", who)
	select {
	case <-time.After(time.Duration(milliseconds) * time.Millisecond):
		return rest, nil
	case <-ctx.Done():
		fmt.Fprintln(os.Stderr, "given up:", who)
		return "", status.FromContextError(ctx.Err()).Err()
	}
}

func failure(verb, text string) error {
	if verb == "error" {
		return errors.New(text)
	}
	number, text, _ := strings.Cut(text, ":")
	code, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return err
	}
	return status.Error(codes.Code(code), text)
}

// received is a transient or else persistent value of Kitex's metadata, or else a header.
func received(ctx context.Context, key string) string {
	name := strings.ToLower(strings.ReplaceAll(key, "_", "-"))
	for _, prefix := range []string{"rpc-transit-", "rpc-persist-", ""} {
		if values := metadata.ValueFromIncomingContext(ctx, prefix+name); len(values) > 0 {
			return values[0]
		}
	}
	return "absent"
}
