#!/usr/bin/env bash
# Generates the Kitex code of the IDLs and builds the server: ./build.sh OUTPUT
#
# Needs a Go toolchain only; the version of the kitex tool and of the library is the one in go.mod.
set -euo pipefail

output=$(realpath -m "${1:?usage: build.sh OUTPUT}")
cd "$(dirname "${BASH_SOURCE[0]}")"

idls=(../idl/bench.thrift ../idl/bench.proto)
# What the generated code depends on: the IDLs, the flags in this script and the tool's version.
fingerprint=$(cat "${idls[@]}" build.sh go.mod go.sum | sha256sum)
stamp=kitex_gen/.fingerprint
if [[ ! -f $stamp || $(<"$stamp") != "$fingerprint" ]]; then
    rm -rf kitex_gen
    for idl in "${idls[@]}"; do
        go tool kitex -module polyport/benches/compare/kitex -no-dependency-check -streamx "$idl" 1>&2
    done
    echo "$fingerprint" >"$stamp"
fi

# The version of the repository is of no use in it, and asking for it fails in a clone of another user.
go build -buildvcs=false -o "$output" .
