package main

import (
	"fmt"
	"strings"

	"github.com/cloudwego/kitex/pkg/serviceinfo"

	apartcombined "polyport/interop/kitex/kitex_gen/apart/combineservice"
	"polyport/interop/kitex/kitex_gen/apart/left"
	"polyport/interop/kitex/kitex_gen/apart/right"
	"polyport/interop/kitex/kitex_gen/combine/combinea"
	"polyport/interop/kitex/kitex_gen/combine/combineb"
	combined "polyport/interop/kitex/kitex_gen/combine/combineservice"
	"polyport/interop/kitex/kitex_gen/multi/servicea"
	"polyport/interop/kitex/kitex_gen/multi/serviceb"
	"polyport/interop/kitex/kitex_gen/multi/servicec"
	"polyport/interop/kitex/kitex_gen/multi/serviced"
	protoa "polyport/interop/kitex/kitex_gen/multi/v1/servicea"
	protob "polyport/interop/kitex/kitex_gen/multi/v1/serviceb"
	protostreams "polyport/interop/kitex/kitex_gen/multi/v1/streams"
	"polyport/interop/kitex/kitex_gen/streams/streams"
	"polyport/interop/kitex/kitex_gen/types/types"
)

// callable is a service there is a client for. A combined service is one more service of its IDL.
type callable struct {
	idl  string
	info *serviceinfo.ServiceInfo
}

// callables has the services that share a name in the order of preference.
var callables = []callable{
	{"multi", servicea.NewServiceInfoForClient()},
	{"multi", serviceb.NewServiceInfoForClient()},
	{"multi", servicec.NewServiceInfoForClient()},
	{"multi", serviced.NewServiceInfoForClient()},
	{"types", types.NewServiceInfoForClient()},
	{"streams", streams.NewServiceInfo()},
	{"proto", protoa.NewServiceInfo()},
	{"proto", protob.NewServiceInfo()},
	{"proto", protostreams.NewServiceInfo()},
	{"combine", combinea.NewServiceInfoForClient()},
	{"combine", combineb.NewServiceInfoForClient()},
	{"combine", combined.NewServiceInfoForClient()},
	{"apart", left.NewServiceInfoForClient()},
	{"apart", right.NewServiceInfoForClient()},
	{"apart", apartcombined.NewServiceInfoForClient()},
}

// findService looks in one IDL, or in all if idl is empty.
func findService(idl, name string) (*serviceinfo.ServiceInfo, error) {
	var known []string
	for _, c := range callables {
		if idl != "" && c.idl != idl {
			continue
		}
		if fullName(c.info) == name {
			return c.info, nil
		}
		known = append(known, c.idl+"/"+fullName(c.info))
	}
	return nil, fmt.Errorf("no service %q among %s", name, strings.Join(known, ", "))
}

// fullName has the package where the IDL is Protobuf's.
func fullName(info *serviceinfo.ServiceInfo) string {
	if info.PayloadCodec == serviceinfo.Protobuf {
		return info.GetPackageName() + "." + info.ServiceName
	}
	return info.ServiceName
}
