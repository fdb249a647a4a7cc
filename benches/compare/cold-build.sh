#!/usr/bin/env bash
# The CPU time of a first build of code for one IDL, with Polyport and with volo: `run build`.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# 300 structs and 100 methods.
large_idl() {
    echo 'namespace rs large'
    for n in {1..300}; do
        printf 'struct S%s {\n 1: required string name\n 2: optional i64 number\n' "$n"
        printf ' 3: list<string> words\n 4: map<string, i32> counts\n}\n'
    done
    echo 'service Large {'
    for n in {1..100}; do
        echo " S$n method$n(1: S$((n + 100)) request, 2: i64 number)"
    done
    echo '}'
}

# crate NAME IDL DEPENDENCIES BUILD_DEPENDENCIES BUILD_SCRIPT CODE
crate() {
    local directory=$scratch/$1
    mkdir -p "$directory/src"
    cp "$2" "$directory/user.thrift"
    # The versions of the comparison, so that nothing is resolved or downloaded.
    cp "$here/Cargo.lock" "$directory"
    printf '[package]\nname = "user"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n' >"$directory/Cargo.toml"
    printf '[dependencies]\n%s\n[build-dependencies]\n%s\n' "$3" "$4" >>"$directory/Cargo.toml"
    echo "$5" >"$directory/build.rs"
    echo "$6" >"$directory/src/lib.rs"
    cargo fetch --quiet --manifest-path "$directory/Cargo.toml"
}

polyport() {
    local path=$here/../../crates
    crate "$1" "$2" "polyport = { path = \"$path/polyport\"$3 }" \
        "polyport-build = { path = \"$path/polyport-build\"$3 }" \
        'fn main() { polyport_build::compile("user.thrift").unwrap(); }' \
        'polyport::include_idl!("user");'
}

volo() {
    crate "$1" "$2" $'volo = "0.12"\nvolo-thrift = "0.12"\npilota = "0.13"\nahash = "0.8"' 'volo-build = "0.12"' \
        'fn main() { volo_build::Builder::thrift().add_service("user.thrift").write().unwrap(); }' \
        'include!(concat!(env!("OUT_DIR"), "/volo_gen.rs"));'
}

# The CPU seconds of all processes of a build, and the crates that were built.
measure() {
    local name=$1 profile=$2 times
    times=$(
        TIMEFORMAT='%U %S'
        { time CARGO_TARGET_DIR=$scratch/target cargo build --offline --profile "$profile" \
            --manifest-path "$scratch/$name/Cargo.toml" 2>"$scratch/log" >&2; } 2>&1
    ) || { cat "$scratch/log" >&2; exit 1; }
    rm -rf "$scratch/target"
    awk -v name="$name" -v profile="$profile" -v crates="$(grep -c ' Compiling ' "$scratch/log")" \
        '{ printf "| %s | %s | %.1f | %d |\n", name, profile, $1 + $2, crates }' <<<"$times"
}

large_idl >"$scratch/large.thrift"
demo=$here/../../examples/idl/demo.thrift
for size in demo large; do
    idl=$scratch/large.thrift
    [[ $size == large ]] || idl=$demo
    polyport "polyport-$size" "$idl" ''
    polyport "polyport-thrift-$size" "$idl" ', default-features = false'
    volo "volo-$size" "$idl"
done

printf '| build | profile | CPU s | crates |\n| --- | --- | ---: | ---: |\n'
for profile in dev release; do
    for size in demo large; do
        for framework in polyport polyport-thrift volo; do
            measure "$framework-$size" "$profile"
        done
    done
done
