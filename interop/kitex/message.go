package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/pkg/kerrors"
	"github.com/cloudwego/kitex/pkg/remote"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/metadata"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/status"
	"github.com/cloudwego/kitex/pkg/rpcinfo"
	"github.com/cloudwego/kitex/transport"
)

// perform does what the message of a request asks for and returns the message of the response.
// A message that asks for nothing, or not properly, is echoed.
func perform(ctx context.Context, message string) (string, error) {
	verb, rest, _ := strings.Cut(message, ":")
	switch verb {
	case "sleep":
		number, next, _ := strings.Cut(rest, ":")
		if milliseconds, err := strconv.Atoi(number); err == nil {
			if err := sleep(ctx, time.Duration(milliseconds)*time.Millisecond, next); err != nil {
				return "", err
			}
			return perform(ctx, next)
		}
	case "panic":
		panic(rest)
	case "error":
		return "", errors.New(rest)
	case "typed":
		number, text, _ := strings.Cut(rest, ":")
		if kind, err := strconv.ParseInt(number, 10, 32); err == nil {
			return "", remote.NewTransErrorWithMsg(int32(kind), text)
		}
	case "biz":
		parts := strings.SplitN(rest, ":", 3)
		if code, err := strconv.ParseInt(parts[0], 10, 32); err == nil && len(parts) > 1 {
			return "", kerrors.NewBizStatusErrorWithExtra(int32(code), parts[1], pairs(parts[2:]))
		}
	case "next":
		if next != nil {
			return next.ask(ctx, rest)
		}
	case "code", "details", "bizwhy":
		if err := furtherFailure(verb, rest); err != nil {
			return "", err
		}
	case "trail":
		if key, value, ok := strings.Cut(rest, "="); ok && furtherWords {
			return "ok", nphttp2.SetTrailer(ctx, metadata.Pairs(key, value))
		}
	case "who":
		if message == verb {
			ri := rpcinfo.GetRPCInfo(ctx)
			return fmt.Sprintf("%s caller=%s transport=%s",
				called(ctx), ri.From().ServiceName(), ri.Config().TransportProtocol()), nil
		}
	case "meta":
		if value, ok := metainfo.GetValue(ctx, rest); ok {
			return value, nil
		}
		if value, ok := metainfo.GetPersistentValue(ctx, rest); ok {
			return value, nil
		}
		if headers, ok := metadata.FromIncomingContext(ctx); ok && len(headers.Get(rest)) > 0 {
			return headers.Get(rest)[0], nil
		}
		return "absent", nil
	case "back":
		if key, value, ok := strings.Cut(rest, "="); ok {
			return "ok", sendBack(ctx, key, value)
		}
	case "big":
		if size, err := strconv.Atoi(rest); err == nil && size >= 0 {
			return strings.Repeat("x", size), nil
		}
	}
	return called(ctx) + ": " + message, nil
}

// sleep ends early, as an error, when nobody waits for the answer any more. What is to be done then tells calls apart.
func sleep(ctx context.Context, duration time.Duration, next string) error {
	fmt.Fprintln(os.Stderr, "asleep:", called(ctx), next)
	select {
	case <-time.After(duration):
		return nil
	case <-ctx.Done():
		fmt.Fprintln(os.Stderr, "given up:", called(ctx), next)
		return status.FromContextError(ctx.Err()).Err()
	}
}

// sendBack sets backward metadata, which on gRPC is a header. Other transports than these and TTHeader have none.
func sendBack(ctx context.Context, key, value string) error {
	if rpcinfo.GetRPCInfo(ctx).Config().TransportProtocol()&transport.GRPC != 0 {
		return nphttp2.SetHeader(ctx, metadata.Pairs(key, value))
	}
	metainfo.SendBackwardValue(ctx, key, value)
	return nil
}

// called is SERVICE/METHOD of the call, as Kitex resolved them.
func called(ctx context.Context) string {
	invocation := rpcinfo.GetRPCInfo(ctx).Invocation()
	return invocation.ServiceName() + "/" + invocation.MethodName()
}

// pairs reads the extra of a business error: nothing, or one text K=V[,K=V].
func pairs(text []string) map[string]string {
	if len(text) == 0 {
		return nil
	}
	extra := make(map[string]string)
	for _, pair := range strings.Split(text[0], ",") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			extra[key] = value
		}
	}
	return extra
}

// performItem is perform for the items of streams, which are echoed in another way.
func performItem(ctx context.Context, message string) (string, error) {
	verb, rest, _ := strings.Cut(message, ":")
	switch verb {
	case "sleep":
		number, next, _ := strings.Cut(rest, ":")
		if milliseconds, err := strconv.Atoi(number); err == nil {
			if err := sleep(ctx, time.Duration(milliseconds)*time.Millisecond, next); err != nil {
				return "", err
			}
			return performItem(ctx, next)
		}
	case "error", "typed", "biz", "panic":
		return perform(ctx, message)
	case "meta", "back", "trail":
		if furtherWords {
			return perform(ctx, message)
		}
	}
	return "echo " + message, nil
}
