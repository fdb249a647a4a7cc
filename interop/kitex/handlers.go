package main

import (
	"context"
	"strconv"
	"sync/atomic"

	"polyport/interop/kitex/kitex_gen/apart"
	"polyport/interop/kitex/kitex_gen/combine"
	"polyport/interop/kitex/kitex_gen/multi"
	v1 "polyport/interop/kitex/kitex_gen/multi/v1"
	"polyport/interop/kitex/kitex_gen/types"
)

// Each IDL has a Request and a Response of its own, hence three functions of one shape.
// A request that is missing from the arguments counts as an empty one.

func respondMulti(ctx context.Context, req *multi.Request) (*multi.Response, error) {
	if req == nil {
		req = multi.NewRequest()
	}
	message, err := perform(ctx, req.Message)
	if err != nil {
		return nil, err
	}
	return &multi.Response{Message: message}, nil
}

func respondProto(ctx context.Context, req *v1.Request) (*v1.Response, error) {
	message, err := perform(ctx, req.GetMessage())
	if err != nil {
		return nil, err
	}
	return &v1.Response{Message: message}, nil
}

func respondCombine(ctx context.Context, req *combine.Request) (*combine.Response, error) {
	if req == nil {
		req = combine.NewRequest()
	}
	message, err := perform(ctx, req.Message)
	if err != nil {
		return nil, err
	}
	return &combine.Response{Message: message}, nil
}

func respondApart(ctx context.Context, req *apart.Request) (*apart.Response, error) {
	if req == nil {
		req = apart.NewRequest()
	}
	message, err := perform(ctx, req.Message)
	if err != nil {
		return nil, err
	}
	return &apart.Response{Message: message}, nil
}

type serviceAHandler struct {
	notified atomic.Int64
}

func (h *serviceAHandler) SameNamedMethod(ctx context.Context, req *multi.Request) (*multi.Response, error) {
	return respondMulti(ctx, req)
}

func (h *serviceAHandler) OnlyA(ctx context.Context, req *multi.Request) (*multi.Response, error) {
	if req != nil && req.Message == "count" {
		return &multi.Response{Message: strconv.FormatInt(h.notified.Load(), 10)}, nil
	}
	return respondMulti(ctx, req)
}

func (h *serviceAHandler) Declines(_ context.Context, req *multi.Request) (*multi.Response, error) {
	declined := &multi.Declined{Code: 7}
	if req != nil {
		declined.Reason = req.Message
	}
	return nil, declined
}

func (h *serviceAHandler) Nothing(context.Context) error { return nil }

func (h *serviceAHandler) Notify(context.Context, *multi.Request) error {
	h.notified.Add(1)
	return nil
}

func (h *serviceAHandler) Add(_ context.Context, left, right int64) (int64, error) {
	return left + right, nil
}

type serviceBHandler struct{}

func (*serviceBHandler) SameNamedMethod(ctx context.Context, req *multi.Request) (*multi.Response, error) {
	return respondMulti(ctx, req)
}

func (*serviceBHandler) OnlyB(ctx context.Context, req *multi.Request) (*multi.Response, error) {
	return respondMulti(ctx, req)
}

type serviceDHandler struct{}

func (*serviceDHandler) OnlyC(ctx context.Context, req *multi.Request) (*multi.Response, error) {
	return respondMulti(ctx, req)
}

func (*serviceDHandler) OnlyD(ctx context.Context, req *multi.Request) (*multi.Response, error) {
	return respondMulti(ctx, req)
}

// combinedHandler implements all services of combine.thrift, as the combined service asks for.
type combinedHandler struct{}

func (*combinedHandler) FromA(ctx context.Context, req *combine.Request) (*combine.Response, error) {
	return respondCombine(ctx, req)
}

func (*combinedHandler) FromB(ctx context.Context, req *combine.Request) (*combine.Response, error) {
	return respondCombine(ctx, req)
}

type leftHandler struct{}

func (*leftHandler) FromLeft(ctx context.Context, req *apart.Request) (*apart.Response, error) {
	return respondApart(ctx, req)
}

type rightHandler struct{}

func (*rightHandler) FromRight(ctx context.Context, req *apart.Request) (*apart.Response, error) {
	return respondApart(ctx, req)
}

type protoAHandler struct{}

func (*protoAHandler) SameNamedMethod(ctx context.Context, req *v1.Request) (*v1.Response, error) {
	return respondProto(ctx, req)
}

func (*protoAHandler) OnlyA(ctx context.Context, req *v1.Request) (*v1.Response, error) {
	return respondProto(ctx, req)
}

type protoBHandler struct{}

func (*protoBHandler) SameNamedMethod(ctx context.Context, req *v1.Request) (*v1.Response, error) {
	return respondProto(ctx, req)
}

func (*protoBHandler) OnlyB(ctx context.Context, req *v1.Request) (*v1.Response, error) {
	return respondProto(ctx, req)
}

// typesHandler echoes.
type typesHandler struct{}

func (*typesHandler) Echo(_ context.Context, value *types.Everything) (*types.Everything, error) {
	if value != nil && value.Text == "broken" {
		return nil, &types.Broken{Message: "broken", Evidence: value}
	}
	return value, nil
}

func (*typesHandler) EchoList(_ context.Context, values []*types.Everything) ([]*types.Everything, error) {
	return values, nil
}

func (*typesHandler) EchoMap(_ context.Context, values map[string][]byte) (map[string][]byte, error) {
	return values, nil
}

func (*typesHandler) EchoColor(_ context.Context, color types.Color) (types.Color, error) {
	return color, nil
}
