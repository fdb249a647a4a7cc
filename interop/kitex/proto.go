package main

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// protoField makes or gives the message in a field of what Kitex generates around Protobuf messages: Req of arguments, Success of
// results. It is false for what is Thrift's, which marks its fields.
func protoField(around any, name string) (any, bool) {
	value := reflect.ValueOf(around).Elem()
	field, ok := value.Type().FieldByName(name)
	if !ok {
		return nil, false
	}
	if _, isThrift := field.Tag.Lookup("thrift"); isThrift {
		return nil, false
	}
	message := value.FieldByName(name)
	if message.IsNil() {
		message.Set(reflect.New(message.Type().Elem()))
	}
	return message.Interface(), true
}

// decodeProto reads a message. The canonical JSON of texts and 32-bit numbers, of which all messages here are made, is also
// that of encoding/json.
func decodeProto(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
