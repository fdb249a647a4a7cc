package main

import (
	"context"
	"flag"
	"fmt"
	"strconv"

	"github.com/cloudwego/kitex/pkg/remote"
	"github.com/cloudwego/kitex/pkg/remote/codec"
)

// codecOptions are what Kitex's codec can be told.
type codecOptions struct {
	validator string
	maxSize   int
}

func (o *codecOptions) register(flags *flag.FlagSet) {
	flags.StringVar(&o.validator, "validator", "", "guard payloads behind a TTHeader by crc32c, or by length, a validator of this program")
	flags.IntVar(&o.maxSize, "max-size", 0, "refuse messages of more than `N` bytes whose length is announced")
}

// codec makes Kitex's codec, which is the default one without options.
func (o *codecOptions) codec() (remote.Codec, error) {
	config := codec.CodecConfig{MaxSize: o.maxSize}
	switch o.validator {
	case "":
	case "crc32c":
		config.CRC32Check = true
	case "length":
		config.PayloadValidator = lengthValidator{}
	default:
		return nil, fmt.Errorf("no validator %q, one of: crc32c, length", o.validator)
	}
	return codec.NewDefaultCodecWithConfig(config), nil
}

// lengthValidator guards against lost bytes, and wants to be used: a payload without a length is refused.
// Kitex calls its key PV_length.
type lengthValidator struct{}

func (lengthValidator) Key(context.Context) string { return "length" }

func (lengthValidator) Generate(_ context.Context, payload []byte) (bool, string, error) {
	return true, strconv.Itoa(len(payload)), nil
}

func (lengthValidator) Validate(_ context.Context, value string, payload []byte) (bool, error) {
	return value == strconv.Itoa(len(payload)), nil
}
