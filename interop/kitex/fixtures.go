package main

import (
	"sort"
	"strings"

	"github.com/cloudwego/kitex/server"

	"polyport/interop/kitex/kitex_gen/apart/left"
	"polyport/interop/kitex/kitex_gen/apart/right"
	combined "polyport/interop/kitex/kitex_gen/combine/combineservice"
	"polyport/interop/kitex/kitex_gen/multi/servicea"
	"polyport/interop/kitex/kitex_gen/multi/serviceb"
	"polyport/interop/kitex/kitex_gen/multi/serviced"
	protoa "polyport/interop/kitex/kitex_gen/multi/v1/servicea"
	protob "polyport/interop/kitex/kitex_gen/multi/v1/serviceb"
	protostreams "polyport/interop/kitex/kitex_gen/multi/v1/streams"
	"polyport/interop/kitex/kitex_gen/streams/streams"
	"polyport/interop/kitex/kitex_gen/types/types"
)

// fixtures are the sets of services that can be served. Registration fails by panicking.
var fixtures = map[string]func(server.Server){
	"single": func(svr server.Server) {
		registerA(svr)
	},
	"multi": func(svr server.Server) {
		registerA(svr, server.WithFallbackService())
		registerB(svr)
		registerD(svr)
		registerTypes(svr)
		registerStreams(svr)
	},
	"multi-b": func(svr server.Server) {
		registerA(svr)
		registerB(svr, server.WithFallbackService())
		registerD(svr)
		registerTypes(svr)
		registerStreams(svr)
	},
	"conflict": func(svr server.Server) {
		registerA(svr)
		registerB(svr)
	},
	"two-fallbacks": func(svr server.Server) {
		registerA(svr, server.WithFallbackService())
		registerB(svr, server.WithFallbackService())
	},
	"duplicate": func(svr server.Server) {
		registerA(svr)
		registerA(svr)
	},
	"empty": func(server.Server) {},
	"combine": func(svr server.Server) {
		registerCombined(svr)
	},
	"combine-and-more": func(svr server.Server) {
		registerCombined(svr)
		registerA(svr)
	},
	"proto": func(svr server.Server) {
		must(protoa.RegisterService(svr, new(protoAHandler), server.WithFallbackService()))
		must(protob.RegisterService(svr, new(protoBHandler)))
		must(protostreams.RegisterService(svr, new(protoStreamsHandler)))
	},
	"apart": func(svr server.Server) {
		must(left.RegisterService(svr, new(leftHandler)))
		must(right.RegisterService(svr, new(rightHandler)))
	},
}

func registerA(svr server.Server, options ...server.RegisterOption) {
	must(servicea.RegisterService(svr, new(serviceAHandler), options...))
}

func registerB(svr server.Server, options ...server.RegisterOption) {
	must(serviceb.RegisterService(svr, new(serviceBHandler), options...))
}

func registerD(svr server.Server) {
	must(serviced.RegisterService(svr, new(serviceDHandler)))
}

func registerTypes(svr server.Server) {
	must(types.RegisterService(svr, new(typesHandler)))
}

func registerStreams(svr server.Server) {
	must(streams.RegisterService(svr, new(streamsHandler)))
}

func registerCombined(svr server.Server) {
	must(combined.RegisterService(svr, new(combinedHandler)))
}

// must makes an error of RegisterService, which only panics today, the same as a panic of it.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func fixtureNames() string {
	names := make([]string, 0, len(fixtures))
	for name := range fixtures {
		names = append(names, name)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}
