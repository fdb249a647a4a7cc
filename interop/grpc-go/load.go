package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// warmUp is how many answers each caller has before the load counts as running.
const warmUp = 3

// summary is what came of all calls.
type summary struct {
	Answered int `json:"answered"`
	// Refused counts the calls that found nobody to connect to.
	Refused int `json:"refused"`
	// Failed has all other failures by their text, wrong answers among them.
	Failed map[string]int `json:"failed"`
}

// load calls over one connection from many goroutines, until each of them finds that nobody listens any more. It prints
// "loaded" when all have been answered a few times, and the summary at the end. Every fourth caller is slow, so that
// there is always a call in flight.
func load(file protoreflect.FileDescriptor, arguments []string) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	address := flags.String("addr", "", "`HOST:PORT` of the server")
	mode := flags.String("mode", "unary", "unary calls, or streams")
	callers := flags.Int("callers", 32, "`N` goroutines that call")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	service, name, messages := "ServiceA", protoreflect.Name("OnlyA"), 1
	if *mode == "streams" {
		service, name, messages = "Streams", "Bidirectional", 3
	}
	method := file.Services().ByName(protoreflect.Name(service)).Methods().ByName(name)
	connection, err := grpc.NewClient(*address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()

	total := summary{Failed: map[string]int{}}
	var adding sync.Mutex
	var warm, running sync.WaitGroup
	warm.Add(*callers)
	for number := range *callers {
		running.Go(func() {
			prefix := ""
			if number%4 == 0 {
				prefix = "sleep:100:"
			}
			mine := run(warm.Done, func(count int) error {
				return exchange(connection, method, messages, prefix, fmt.Sprintf("%d-%d", number, count))
			})
			adding.Lock()
			defer adding.Unlock()
			total.Answered += mine.Answered
			total.Refused += mine.Refused
			for text, count := range mine.Failed {
				total.Failed[text] += count
			}
		})
	}
	warm.Wait()
	fmt.Println("loaded")
	running.Wait()
	line, err := json.Marshal(total)
	fmt.Println(string(line))
	return err
}

// run calls until nobody listens, or until a hundred calls have failed otherwise.
func run(warm func(), call func(int) error) summary {
	s := summary{Failed: map[string]int{}}
	failures := 0
	for count := 0; s.Refused == 0 && failures < 100; count++ {
		err := call(count)
		switch {
		case err == nil:
			s.Answered++
		case status.Code(err) == codes.Unavailable && strings.Contains(err.Error(), "connection refused"):
			s.Refused++
		default:
			s.Failed[err.Error()]++
			failures++
		}
		if count+1 == warmUp || s.Refused > 0 && count+1 < warmUp {
			warm()
		}
	}
	return s
}

// exchange makes one call, with an answer to each message before the next one is sent.
func exchange(
	connection *grpc.ClientConn, method protoreflect.MethodDescriptor, messages int, prefix, text string,
) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	description := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	path := fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name())
	stream, err := connection.NewStream(ctx, description, path)
	if err != nil {
		return err
	}
	for range messages {
		request := item{dynamicpb.NewMessage(method.Input())}
		request.Set(request.field("message"), protoreflect.ValueOfString(prefix+text))
		if err := stream.SendMsg(request.Message); err != nil {
			// The answer says why.
			return stream.RecvMsg(request.Message)
		}
		if messages == 1 {
			_ = stream.CloseSend()
		}
		answer := item{dynamicpb.NewMessage(method.Output())}
		if err := stream.RecvMsg(answer.Message); err != nil {
			return err
		}
		if !strings.HasSuffix(answer.message(), " "+text) {
			return fmt.Errorf("%q was answered with %q", text, answer.message())
		}
	}
	_ = stream.CloseSend()
	if err := stream.RecvMsg(dynamicpb.NewMessage(method.Output())); err != io.EOF {
		return fmt.Errorf("the end is %w", err)
	}
	return nil
}
