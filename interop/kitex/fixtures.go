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
	},
	"multi-b": func(svr server.Server) {
		registerA(svr)
		registerB(svr, server.WithFallbackService())
		registerD(svr)
		registerTypes(svr)
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
