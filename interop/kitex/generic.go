package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/cloudwego/dynamicgo/meta"
	dproto "github.com/cloudwego/dynamicgo/proto"
	"github.com/cloudwego/gopkg/protocol/thrift"
	"github.com/cloudwego/kitex/client/genericclient"
	"github.com/cloudwego/kitex/pkg/generic"
	"github.com/cloudwego/kitex/pkg/serviceinfo"
)

// genericNames are the ways in which Kitex calls without generated code.
const genericNames = "json, binary"

// newGeneric reads the IDL, where Kitex needs one to make messages of JSON.
func newGeneric(info *serviceinfo.ServiceInfo, o *callOptions) (generic.Generic, error) {
	isProto := info.PayloadCodec == serviceinfo.Protobuf
	switch {
	case o.generic == "binary" && isProto:
		return generic.BinaryPbGeneric(info.ServiceName, info.GetPackageName()), nil
	case o.generic == "binary":
		return generic.BinaryThriftGenericV2(info.ServiceName), nil
	case o.generic == "json" && isProto:
		// Of several services it takes the first or the last.
		first := dproto.Options{ParseServiceMode: meta.FirstServiceOnly}
		idl, err := generic.NewPbFileProviderWithDynamicGo(o.idlFile, context.Background(), first)
		if err != nil {
			return nil, err
		}
		return generic.JSONPbGeneric(idl)
	case o.generic == "json":
		name := generic.WithIDLServiceName(info.ServiceName)
		idl, err := generic.NewThriftFileProviderWithOption(o.idlFile, []generic.ThriftIDLProviderOption{name})
		if err != nil {
			return nil, err
		}
		return generic.JSONThriftGeneric(idl)
	}
	return nil, fmt.Errorf("no way to call generically %q, one of: %s", o.generic, genericNames)
}

func newGenericClient(info *serviceinfo.ServiceInfo, o *callOptions) (genericclient.Client, error) {
	options, err := clientOptions(o)
	if err != nil {
		return nil, err
	}
	g, err := newGeneric(info, o)
	if err != nil {
		return nil, err
	}
	return genericclient.NewClient(o.service, g, options...)
}

// genericOnce makes a call and gives its line.
func genericOnce(ctx context.Context, c genericclient.Client, method serviceinfo.MethodInfo, o *callOptions) string {
	arguments, err := newArguments(method, o)
	if err != nil {
		panic(err) // The same arguments have been made before.
	}
	request, err := genericRequest(arguments, o)
	if err != nil {
		panic(err)
	}
	answer, err := c.GenericCall(ctx, o.method, request)
	if err != nil {
		return withBackward(outcomeOfError(err), nil)
	}
	return withBackward(outcomeOfGeneric(answer, method), nil)
}

// genericRequest is the only argument as JSON, or all of them as they are on the wire.
func genericRequest(arguments any, o *callOptions) (any, error) {
	message, isProto := protoField(arguments, "Req")
	if o.generic == "binary" {
		if isProto {
			return message.(interface{ Marshal([]byte) ([]byte, error) }).Marshal(nil)
		}
		return thrift.FastMarshal(arguments.(thrift.FastCodec)), nil
	}
	if isProto {
		return o.json, nil
	}
	var byName map[string]json.RawMessage
	if err := json.Unmarshal([]byte(o.json), &byName); err != nil {
		return nil, err
	}
	for _, only := range byName {
		return string(only), nil
	}
	return "", nil
}

// outcomeOfGeneric reads JSON, or the bytes of a message.
func outcomeOfGeneric(answer any, method serviceinfo.MethodInfo) outcome {
	switch answer := answer.(type) {
	case string:
		return outcome{OK: json.RawMessage(answer)}
	case []byte:
		result := method.NewResult()
		if message, isProto := protoField(result, "Success"); isProto {
			if err := message.(interface{ Unmarshal([]byte) error }).Unmarshal(answer); err != nil {
				return outcome{TransportError: err.Error()}
			}
			return outcome{OK: mustMarshal(message)}
		}
		if err := thrift.FastUnmarshal(answer, result.(thrift.FastCodec)); err != nil {
			return outcome{TransportError: err.Error()}
		}
		return outcomeOfResult(result, false)
	}
	return outcome{OK: json.RawMessage("null")}
}
