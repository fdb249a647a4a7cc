package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"polyport/interop/kitex/kitex_gen/types"
)

// The JSON of Thrift values in the interop contract, which encoding/json cannot read and write alone:
// NaN and the infinities are strings, enums can be read by name, maps with other keys than
// scalars are arrays of pairs, and what is absent is left out.

// enums has the name lookup of every enum. In Go an enum is an int64 with a name.
var enums = map[reflect.Type]func(string) (int64, error){
	reflect.TypeFor[types.Color](): func(name string) (int64, error) {
		color, err := types.ColorFromString(name)
		return int64(color), err
	},
}

// thriftField is a field of a generated struct.
type thriftField struct {
	name     string
	id       int
	optional bool
	value    reflect.Value
}

// thriftFields reads the tags of a generated struct: thrift:"name,id[,optional|required]".
func thriftFields(structure reflect.Value) []thriftField {
	var fields []thriftField
	for i := range structure.NumField() {
		tag, ok := structure.Type().Field(i).Tag.Lookup("thrift")
		if !ok {
			continue
		}
		parts := strings.Split(tag, ",")
		id, err := strconv.Atoi(parts[1])
		if err != nil {
			panic(err)
		}
		optional := len(parts) > 2 && parts[2] == "optional"
		fields = append(fields, thriftField{parts[0], id, optional, structure.Field(i)})
	}
	return fields
}

func encodeJSON(value reflect.Value) json.RawMessage {
	var out bytes.Buffer
	encodeValue(&out, value)
	return out.Bytes()
}

func encodeValue(out *bytes.Buffer, value reflect.Value) {
	switch value.Kind() {
	case reflect.Pointer:
		encodeValue(out, value.Elem())
	case reflect.Struct:
		out.WriteByte('{')
		separator := ""
		for _, field := range thriftFields(value) {
			// A struct that was not in the message is a nil pointer even where it is not optional.
			absent := isNil(field.value) && (field.optional || field.value.Kind() == reflect.Pointer)
			if absent {
				continue
			}
			out.WriteString(separator)
			out.Write(mustMarshal(field.name))
			out.WriteByte(':')
			encodeValue(out, field.value)
			separator = ","
		}
		out.WriteByte('}')
	case reflect.Slice:
		if value.Type().Elem().Kind() == reflect.Uint8 {
			out.Write(mustMarshal(base64.StdEncoding.EncodeToString(value.Bytes())))
			return
		}
		out.WriteByte('[')
		for i := range value.Len() {
			if i > 0 {
				out.WriteByte(',')
			}
			encodeValue(out, value.Index(i))
		}
		out.WriteByte(']')
	case reflect.Map:
		encodeMap(out, value)
	case reflect.Float64:
		number := value.Float()
		switch {
		case math.IsNaN(number):
			out.WriteString(`"NaN"`)
		case math.IsInf(number, 1):
			out.WriteString(`"Infinity"`)
		case math.IsInf(number, -1):
			out.WriteString(`"-Infinity"`)
		default:
			out.Write(mustMarshal(number))
		}
	case reflect.Int64:
		// Not through the String method of an enum.
		out.WriteString(strconv.FormatInt(value.Int(), 10))
	default:
		out.Write(mustMarshal(value.Interface()))
	}
}

// encodeMap sorts by key, so that equal maps have equal text.
func encodeMap(out *bytes.Buffer, value reflect.Value) {
	type entry struct {
		key   string
		value reflect.Value
	}
	scalar := isScalar(value.Type().Key())
	var entries []entry
	for _, key := range value.MapKeys() {
		text := string(encodeJSON(key))
		if scalar && !strings.HasPrefix(text, `"`) {
			text = strconv.Quote(text)
		}
		entries = append(entries, entry{text, value.MapIndex(key)})
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].key < entries[j].key })

	open, middle, end, closing := "[", ",", "]", "]"
	first := "["
	if scalar {
		open, middle, end, closing, first = "{", ":", "", "}", ""
	}
	out.WriteString(open)
	for i, e := range entries {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(first + e.key + middle)
		encodeValue(out, e.value)
		out.WriteString(end)
	}
	out.WriteString(closing)
}

// decodeJSON reads the text into a generated struct.
func decodeJSON(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("more than one value")
	}
	return decodeValue(value, reflect.ValueOf(into).Elem())
}

func decodeValue(value any, into reflect.Value) error {
	kind := into.Kind()
	switch value := value.(type) {
	case map[string]any:
		switch kind {
		case reflect.Struct:
			return decodeStruct(value, into)
		case reflect.Map:
			return decodeObjectAsMap(value, into)
		}
	case []any:
		switch kind {
		case reflect.Slice:
			into.Set(reflect.MakeSlice(into.Type(), len(value), len(value)))
			for i, item := range value {
				if err := decodeValue(item, into.Index(i)); err != nil {
					return fmt.Errorf("[%d]: %w", i, err)
				}
			}
			return nil
		case reflect.Map:
			return decodePairsAsMap(value, into)
		}
	case string:
		return decodeString(value, into)
	case json.Number:
		return decodeNumber(value, into)
	case bool:
		if kind == reflect.Bool {
			into.SetBool(value)
			return nil
		}
	}
	if kind == reflect.Pointer && value != nil {
		into.Set(reflect.New(into.Type().Elem()))
		return decodeValue(value, into.Elem())
	}
	return fmt.Errorf("%v is no %v", value, into.Type())
}

func decodeStruct(object map[string]any, into reflect.Value) error {
	if defaults, ok := into.Addr().Interface().(interface{ InitDefault() }); ok {
		defaults.InitDefault()
	}
	known := make(map[string]bool)
	for _, field := range thriftFields(into) {
		known[field.name] = true
		value, ok := object[field.name]
		if !ok || value == nil {
			continue
		}
		if err := decodeValue(value, field.value); err != nil {
			return fmt.Errorf("%s: %w", field.name, err)
		}
	}
	for name := range object {
		if !known[name] {
			return fmt.Errorf("%v has no field %q", into.Type(), name)
		}
	}
	return nil
}

func decodeObjectAsMap(object map[string]any, into reflect.Value) error {
	into.Set(reflect.MakeMap(into.Type()))
	for key, item := range object {
		var keyValue any = key
		if into.Type().Key().Kind() != reflect.String {
			keyValue = json.Number(key)
			if key == "true" || key == "false" {
				keyValue = key == "true"
			}
		}
		if err := decodeEntry(keyValue, item, into); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

func decodePairsAsMap(pairs []any, into reflect.Value) error {
	into.Set(reflect.MakeMap(into.Type()))
	for i, item := range pairs {
		pair, ok := item.([]any)
		if !ok || len(pair) != 2 {
			return fmt.Errorf("[%d]: want [key, value]", i)
		}
		if err := decodeEntry(pair[0], pair[1], into); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return nil
}

func decodeEntry(key, item any, into reflect.Value) error {
	keyValue := reflect.New(into.Type().Key()).Elem()
	itemValue := reflect.New(into.Type().Elem()).Elem()
	if err := errors.Join(decodeValue(key, keyValue), decodeValue(item, itemValue)); err != nil {
		return err
	}
	into.SetMapIndex(keyValue, itemValue)
	return nil
}

func decodeString(text string, into reflect.Value) error {
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		return decodeString(text, into.Elem())
	case reflect.String:
		into.SetString(text)
		return nil
	case reflect.Slice:
		if into.Type().Elem().Kind() == reflect.Uint8 {
			blob, err := base64.StdEncoding.DecodeString(text)
			into.SetBytes(blob)
			return err
		}
	case reflect.Float64:
		switch text {
		case "NaN", "Infinity", "-Infinity":
			number, err := strconv.ParseFloat(text, 64)
			into.SetFloat(number)
			return err
		}
	case reflect.Int64:
		if lookup, ok := enums[into.Type()]; ok {
			number, err := lookup(text)
			into.SetInt(number)
			return err
		}
	}
	return fmt.Errorf("%q is no %v", text, into.Type())
}

func decodeNumber(number json.Number, into reflect.Value) error {
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		return decodeNumber(number, into.Elem())
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		bits := into.Type().Bits()
		if _, ok := enums[into.Type()]; ok {
			bits = 32
		}
		integer, err := strconv.ParseInt(string(number), 10, bits)
		into.SetInt(integer)
		return err
	case reflect.Float64:
		float, err := strconv.ParseFloat(string(number), 64)
		into.SetFloat(float)
		return err
	}
	return fmt.Errorf("%v is no %v", number, into.Type())
}

func isNil(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return value.IsNil()
	}
	return false
}

func isScalar(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Float64:
		return true
	}
	return false
}

// mustMarshal writes what can always be written, with < > & as they are.
func mustMarshal(value any) json.RawMessage {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}
