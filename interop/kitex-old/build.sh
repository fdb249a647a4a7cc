#!/usr/bin/env bash
# Generates the code of multi.thrift and types.thrift with the tool of Kitex 0.8 and builds kitex-old-peer.
#
#   ./build.sh OUTPUT
#
# Needs a Go toolchain only; the versions of the tools and of the libraries are those in go.mod.
set -euo pipefail

mkdir -p "$(dirname "$1")"
output=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "${BASH_SOURCE[0]}")"

idls=(../idl/multi.thrift ../idl/types.thrift)
fingerprint=$(cat "${idls[@]}" build.sh go.mod go.sum | sha256sum)
stamp=kitex_gen/.fingerprint
if [[ ! -f $stamp || $(<"$stamp") != "$fingerprint" ]]; then
    rm -rf kitex_gen
    # This version of the tool runs a `thriftgo` that it finds in the path.
    tools=$(mktemp -d)
    trap 'rm -rf "$tools"' EXIT
    go build -buildvcs=false -o "$tools/" \
        github.com/cloudwego/thriftgo github.com/cloudwego/kitex/tool/cmd/kitex
    # It also edits go.mod, in its own way.
    cp go.mod "$tools/go.mod.kept"
    for idl in "${idls[@]}"; do
        PATH=$tools:$PATH kitex -module polyport/interop/kitex-old "$idl" 1>&2
    done
    cp "$tools/go.mod.kept" go.mod
    echo "$fingerprint" >"$stamp"
fi
# The JSON of Thrift values is the same as in the other peer, but for whose values they are.
sed 's#polyport/interop/kitex/#polyport/interop/kitex-old/#' ../kitex/json.go >json.go
go build -buildvcs=false -o "$output" .
