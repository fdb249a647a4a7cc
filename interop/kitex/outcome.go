package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/cloudwego/gopkg/protocol/thrift"
	"github.com/cloudwego/kitex/pkg/kerrors"
	"github.com/cloudwego/kitex/pkg/remote"
	"github.com/cloudwego/kitex/pkg/remote/codec/protobuf"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/codes"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/status"
	"google.golang.org/protobuf/proto"
)

// outcome is what came of a call: one of its members beside Back.
type outcome struct {
	OK             json.RawMessage   `json:"ok,omitempty"`
	Exception      *exception        `json:"exception,omitempty"`
	Error          *remoteError      `json:"error,omitempty"`
	Biz            *bizError         `json:"biz,omitempty"`
	Timeout        bool              `json:"timeout,omitempty"`
	TransportError string            `json:"transport_error,omitempty"`
	Back           map[string]string `json:"back,omitempty"`
	// Trailers are gRPC's, if they are asked for.
	Trailers map[string][]string `json:"trailers,omitempty"`
}

// exception is a declared one, by the name of its field in the throws clause.
type exception struct {
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value"`
}

type remoteError struct {
	Type    int32  `json:"type"`
	Message string `json:"message"`
	// Details is what gRPC has beside them, in hexadecimal.
	Details string `json:"details,omitempty"`
}

type bizError struct {
	Code    int32             `json:"code"`
	Message string            `json:"message"`
	Extra   map[string]string `json:"extra"`
	Details string            `json:"details,omitempty"`
}

// outcomeOfResult reads a result struct: field 0 is the returned value, the others are exceptions.
// There is no struct for a oneway method.
func outcomeOfResult(result any, digest bool) outcome {
	if result == nil {
		return outcome{OK: json.RawMessage("null")}
	}
	if message, ok := protoField(result, "Success"); ok {
		if digest {
			return outcome{OK: digestOfMessage(reflect.ValueOf(message))}
		}
		return outcome{OK: mustMarshal(message)}
	}
	fields := thriftFields(reflect.ValueOf(result).Elem())
	for _, f := range fields {
		if f.id != 0 && !f.value.IsNil() {
			return outcome{Exception: &exception{f.name, encodeJSON(f.value)}}
		}
	}
	for _, f := range fields {
		if f.id == 0 && !f.value.IsNil() {
			if digest {
				return outcome{OK: digestOfMessage(f.value)}
			}
			return outcome{OK: encodeJSON(f.value)}
		}
	}
	return outcome{OK: json.RawMessage("null")}
}

func digestOfMessage(response reflect.Value) json.RawMessage {
	message := response.Elem().FieldByName("Message").String()
	sum := sha256.Sum256([]byte(message))
	return mustMarshal(struct {
		Len    int    `json:"message_len"`
		SHA256 string `json:"message_sha256"`
	}{len(message), hex.EncodeToString(sum[:])})
}

func outcomeOfError(err error) outcome {
	if err == nil {
		return outcome{}
	}
	if biz, ok := kerrors.FromBizStatusError(err); ok {
		extra := biz.BizExtra()
		if extra == nil {
			extra = map[string]string{}
		}
		var details string
		if grpc, ok := biz.(interface{ GRPCStatus() *status.Status }); ok {
			details = detailsOf(grpc.GRPCStatus())
		}
		return outcome{Biz: &bizError{biz.BizStatusCode(), biz.BizMessage(), extra, details}}
	}
	grpc, isGRPC := status.FromError(err)
	if kerrors.IsTimeoutError(err) || isGRPC && grpc.Code() == codes.DeadlineExceeded {
		return outcome{Timeout: true}
	}
	if isGRPC {
		return outcome{Error: &remoteError{int32(grpc.Code()), grpc.Message(), detailsOf(grpc)}}
	}
	// The client makes TransErrors as well, of replies it cannot decode. Only those of an exception
	// reply have the exception inside.
	var transError *remote.TransError
	var application *thrift.ApplicationException
	var protobuf protobuf.PBError
	if errors.As(err, &transError) && errors.As(transError.Unwrap(), &application) {
		return outcome{Error: &remoteError{application.TypeId(), application.Msg(), ""}}
	}
	if errors.As(err, &protobuf) {
		return outcome{Error: &remoteError{protobuf.TypeID(), protobuf.Error(), ""}}
	}
	return outcome{TransportError: err.Error()}
}

// detailsOf is the encoded status, if there are details in it.
func detailsOf(grpc *status.Status) string {
	if len(grpc.Proto().GetDetails()) == 0 {
		return ""
	}
	bytes, err := proto.Marshal(grpc.Proto())
	if err != nil {
		panic(err)
	}
	return hex.EncodeToString(bytes)
}

// withBackward makes the line of an outcome and the backward metadata. Kitex collects all string keys of a reply's TTHeader;
// those of the framework are left out.
func withBackward(o outcome, values map[string]string) string {
	for key, value := range values {
		if strings.HasPrefix(key, "biz-") || key == "crrst" || key == "crc32c" || key == "content-type" {
			continue
		}
		if o.Back == nil {
			o.Back = make(map[string]string)
		}
		o.Back[key] = value
	}
	return string(mustMarshal(o))
}
