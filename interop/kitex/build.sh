#!/usr/bin/env bash
# Generates the Kitex code of the IDLs and builds kitex-peer.
#
#   ./build.sh [OUTPUT]     default OUTPUT: kitex-peer beside this script
#
# Needs a Go toolchain only; the version of the kitex tool and of the library is the one in go.mod.
set -euo pipefail

output=${1:-}
if [[ -n $output ]]; then
    mkdir -p "$(dirname "$output")"
    output=$(cd "$(dirname "$output")" && pwd)/$(basename "$output")
fi
cd "$(dirname "${BASH_SOURCE[0]}")"
output=${output:-$PWD/kitex-peer}

module=polyport/interop/kitex
idl=../idl

# generate FILE [FLAG...]: the kitex tool writes below kitex_gen of the current directory.
generate() {
    local file=$1
    shift
    echo "generate $file${*:+ $*}"
    go tool kitex -module "$module" -no-dependency-check "$@" "$idl/$file" 1>&2
}

# What the generated code depends on: the IDLs, the flags in this script and the tool's version.
fingerprint=$(cat "$idl"/*.thrift "$idl"/*.proto build.sh go.mod go.sum | sha256sum)
stamp=kitex_gen/.fingerprint
if [[ -f $stamp && $(<"$stamp") == "$fingerprint" ]]; then
    echo "kitex_gen is up to date"
else
    rm -rf kitex_gen
    generate multi.thrift
    generate types.thrift
    generate streams.thrift -streamx
    # Its package is below that of multi.thrift, which has the same names.
    generate multi.proto -streamx
    # The flag adds the combined service to the separate ones, so it suits both uses of these two files.
    generate combine.thrift -combine-service
    generate apart.thrift -combine-service
    echo "$fingerprint" >"$stamp"
fi

echo "build $output"
# The version of the repository is of no use in it, and asking for it fails in a clone of another user.
go build -buildvcs=false -o "$output" .
