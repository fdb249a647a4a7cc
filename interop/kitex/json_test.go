package main

import (
	"math"
	"reflect"
	"testing"

	"polyport/interop/kitex/kitex_gen/types"
)

func TestEverythingKeepsItsJSON(t *testing.T) {
	const text = `{"flag":true,"small":-128,"short_number":32767,"number":-5,"long_number":9223372036854775807,` +
		`"ratio":"-Infinity","text":"<é&\n>","blob":"AP+A","color":10,"id":-1,"numbers":[3,1],"words":["b","a"],` +
		`"counts":{"x":1,"y":2},"nested":{"-2":[{"name":"n","rank":0,"note":""}],"7":[]},` +
		`"inner":{"name":"i","note":"none"},"choice":{"number":0},"deep":[{"k":[1]}],` +
		`"tree":{"label":"root","children":[{"label":"leaf","children":[]}]},"with_default":0,` +
		`"by_name":{"z":{"name":"","note":"none"}}}`
	value := new(types.Everything)
	if err := decodeJSON([]byte(text), value); err != nil {
		t.Fatal(err)
	}
	if got := string(encodeJSON(reflect.ValueOf(value))); got != text {
		t.Errorf("\n got %s\nwant %s", got, text)
	}
}

func TestAbsentFieldsGetTheirDefaults(t *testing.T) {
	value := new(types.Everything)
	if err := decodeJSON([]byte(`{"color":"GREEN","ratio":"NaN"}`), value); err != nil {
		t.Fatal(err)
	}
	if value.WithDefault != 7 || value.Color != types.Color_GREEN || !math.IsNaN(value.Ratio) || value.Inner != nil {
		t.Errorf("%+v", value)
	}
}

func TestOtherMapKeys(t *testing.T) {
	for text, into := range map[string]any{
		`{"f":{"false":1,"true":2}}`:          new(keys[bool]),
		`{"f":{"1":1,"10":2}}`:                new(keys[types.Color]),
		`{"f":{"-0.5":1,"Infinity":2}}`:       new(keys[float64]),
		`{"f":[[{"name":"a","note":"b"},1]]}`: new(keys[*types.Inner]),
		`{"f":{"a\"":1}}`:                     new(keys[string]),
	} {
		if err := decodeJSON([]byte(text), into); err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := string(encodeJSON(reflect.ValueOf(into))); got != text {
			t.Errorf("got %s, want %s", got, text)
		}
	}
}

type keys[K comparable] struct {
	F map[K]int32 `thrift:"f,1"`
}

func TestRefusals(t *testing.T) {
	for _, text := range []string{
		``, `[]`, `{} {}`, `{"unknown":1}`, `{"small":128}`, `{"number":1.5}`, `{"color":4294967296}`,
		`{"color":"PINK"}`, `{"blob":"?"}`, `{"ratio":"nan"}`, `{"numbers":[null]}`, `{"nested":{"x":[]}}`,
	} {
		if err := decodeJSON([]byte(text), new(types.Everything)); err == nil {
			t.Errorf("no error for %s", text)
		}
	}
}
