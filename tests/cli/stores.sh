# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2034
#
# Stores of other programs, made up in the HOME of a test: for the tests that read this file first.

small=$ROOT/tests/data/gguf/long32-f32.gguf
half=$ROOT/tests/data/gguf/half64-q8_0.gguf
folder=$ROOT/tests/data/parity/bf40
hub=$HOME/.cache/huggingface/hub
studio=$HOME/.lmstudio/models
export OLLAMA_MODELS="$HOME/.ollama/models" # and not those of this machine

# in_hub REPO FILE SOURCE: as huggingface_hub keeps it. The commit is that of refs/main.
commit=0123456789abcdef0123456789abcdef01234567
in_hub() {
    repo=$hub/models--$(printf '%s' "$1" | sed 's|/|--|')
    blob=$(cksum <"$3" | tr -d ' ')
    mkdir -p "$repo/blobs" "$repo/refs" "$(dirname "$repo/snapshots/$commit/$2")"
    cp "$3" "$repo/blobs/$blob"
    up=$(printf '%s' "$2" | tr -cd / | sed 's|/|../|g')
    ln -sf "../../${up}blobs/$blob" "$repo/snapshots/$commit/$2"
    printf %s $commit >"$repo/refs/main"
}
folder_in_hub() {
    for file in config.json merges.txt model.safetensors vocab.json; do in_hub "$1" $file "$folder/$file"; done
}

# in_ollama HOST/SPACE/MODEL/TAG SOURCE: as ollama keeps it
in_ollama() {
    digest=$(sha256sum <"$2" | cut -c 1-64)
    mkdir -p "$OLLAMA_MODELS/blobs" "$(dirname "$OLLAMA_MODELS/manifests/$1")"
    cp "$2" "$OLLAMA_MODELS/blobs/sha256-$digest"
    manifest "$digest" >"$OLLAMA_MODELS/manifests/$1"
}
manifest() {
    printf '{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",'
    printf '"config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"sha256:0","size":4},'
    printf '"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:%s","size":9},' "$1"
    printf '{"mediaType":"application/vnd.ollama.image.license","digest":"sha256:1","size":1}]}'
}

# runs NAME FILE: the model of that name is FILE
runs() {
    quill inspect -m "$1"
    expect_rc 0
    expect_err_empty
    got=$(sed -n 's/^file: //p' out) part=
    [ ! -d "$2" ] || part=/config.json
    cmp -s "$2$part" "$got$part" || fail "$1: expected a copy of $2, got $got"
}

# refused NAME REGEX: status 6 and one line
refused() {
    quill -p hi -n 0 -m "$1"
    expect_rc 6
    expect_out_empty
    expect_err_line "$2"
}
