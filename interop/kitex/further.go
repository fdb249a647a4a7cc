package main

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/pkg/endpoint"
	"github.com/cloudwego/kitex/pkg/kerrors"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/codes"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// furtherWords is whether handlers obey words beyond those that every peer knows.
var furtherWords bool

// furtherFailure is the error of such a word, or nil:
//
//	code:N:TEXT     a status of gRPC
//	details:N:TEXT  the same with a detail, the string "why"
//	bizwhy:N:TEXT   a business status with such a detail
func furtherFailure(verb, text string) error {
	if !furtherWords {
		return nil
	}
	number, words, _ := strings.Cut(text, ":")
	code, err := strconv.ParseInt(number, 10, 32)
	if err != nil {
		return nil
	}
	switch verb {
	case "code":
		return status.Err(codes.Code(code), words)
	case "details":
		return withWhy(codes.Code(code), words).Err()
	case "bizwhy":
		biz := kerrors.NewGRPCBizStatusError(int32(code), words)
		biz.(*kerrors.GRPCBizStatusError).SetGRPCStatus(withWhy(codes.Internal, words))
		return biz
	}
	return nil
}

func withWhy(code codes.Code, text string) *status.Status {
	detailed, err := status.New(code, text).WithDetails(wrapperspb.String("why"))
	if err != nil {
		panic(err)
	}
	return detailed
}

// failing is a middleware that fails as the transient value FAIL says, in the words of handlers.
func failing(following endpoint.Endpoint) endpoint.Endpoint {
	return func(ctx context.Context, request, response any) error {
		how, ok := metainfo.GetValue(ctx, "FAIL")
		if !ok || strings.HasPrefix(how, "deny:") {
			return following(ctx, request, response)
		}
		verb, text, _ := strings.Cut(how, ":")
		if err := furtherFailure(verb, text); err != nil {
			return err
		}
		_, err := perform(ctx, how)
		return err
	}
}

// deny is a rule for access that refuses whom the transient value FAIL says.
func deny(ctx context.Context, _ any) error {
	how, _ := metainfo.GetValue(ctx, "FAIL")
	if reason, ok := strings.CutPrefix(how, "deny:"); ok {
		return errors.New(reason)
	}
	return nil
}
