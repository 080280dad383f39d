#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scripts/check-layers.sh [TREE]
#
# Reads every #include line below src/ and include/ and reports those that break the order of the floors and of their
# rooms: a file includes from its own folder, from include/quill, from the floors that its own stands on, and on its own
# floor from the rooms that its own stands on. Every room may use a floor's door, the files beside its rooms. No file
# includes itself through others; NAME.c and NAME.h count as one. And only the places allowed to use PCRE2, threads,
# mmap, intrinsics or Jansson use them.

set -eu
cd "${1:-$(dirname -- "$0")/..}"

floors='
base       -
tensor     base
kernels    tensor base
formats    tensor base
tokenizer  tensor base
sampler    tensor base
model      kernels formats tensor base
load       model kernels tokenizer sampler formats tensor base
session    load model kernels tokenizer sampler formats tensor base
chat       load model kernels tokenizer formats tensor base
train      load model kernels tokenizer formats tensor base
cli        base
'

# The rooms of each floor, with the rooms they stand on.
rooms='
kernels/ref        -
kernels/encode     ref
kernels/body       ref
kernels/isa        ref body
sampler/constraint -
tokenizer/split    -
tokenizer/segment  -
model/families     -
model/bind         families
model/pass         -
load/stores        -
chat/jinja         -
cli/io             -
cli/options        io
cli/table          io options
cli/prompt         io options table
cli/run            io options table prompt
cli/talk           io options table prompt run
cli/verbs          io options table prompt run talk
'

# Each line has a pattern for an #include and the files that may contain it.
owners='
<pcre2.*        src/tokenizer/split/pattern*  src/sampler/limited_regex*
<pthread\.h>    src/base/threads.h  src/base/threads_*.c
<omp\.h>|pragma.omp  src/base/threads_openmp.c
<sys/mman\.h>   src/base/map.c
<histedit\.h>  src/cli/talk/line_edit.c
<utf8proc\.h>   src/cli/io/wrap.c  src/chat/jinja/text.c  src/tokenizer/characters*  src/tokenizer/normal_chars*
<jansson\.h>    src/formats/safetensors.c  src/formats/*json*  src/formats/hf_*  src/load/*  src/cli/io/json_out.h
<[a-z]*mmintrin.h>|<x86intrin\.h>|<arm_neon\.h>  src/kernels/isa/simd_*.h  src/kernels/isa/kernels_*special*
<cpuid\.h>|<sys/auxv\.h>|<asm/hwcap\.h>          src/kernels/isa/cpu.c
'

list=$(mktemp)
trap 'rm -f "$list"' EXIT
find src include -type f \( -name '*.c' -o -name '*.h' -o -name '*.inc' \) | LC_ALL=C sort >"$list"

LC_ALL=C awk -v floors="$floors" -v rooms="$rooms" -v owners="$owners" '
    function bad(text) { print FILENAME ":" FNR ": " text; failures++ }

    function folder(path) { sub(/\/[^\/]*$/, "", path); return path }

    # The floor of a path: "base", ..., "quill" for the public headers, "" for anything else.
    function floor(path,   part) {
        if (path ~ /^include\/quill\//) return "quill"
        split(path, part, "/")
        return part[1] == "src" && part[2] in below ? part[2] : ""
    }

    # NAME.c and NAME.h count as one.
    function unit(path) { sub(/\.[a-z]+$/, "", path); return path }

    # The room of a path below src: "cli/io"; "" for a door.
    function room(path,   part, n) {
        n = split(path, part, "/")
        return n == 4 ? part[2] "/" part[3] : ""
    }

    # The file of ours that an include line names, or "".
    function resolve(name, quoted) {
        if (quoted && (folder(FILENAME) "/" name) in file) return folder(FILENAME) "/" name
        if (("src/" name) in file) return "src/" name
        if (("include/" name) in file) return "include/" name
        return ""
    }

    function check_floor(from, to) {
        if (from == to || to == "quill") return
        if (from == "quill") bad("a public header includes " target ": only include/quill and the C library")
        else if (from == "cli" && to != "base") bad("the command line includes " target ": only include/quill and base")
        else if (index(below[from], " " to " ") == 0) bad(from " includes " target ": " to " is no floor below it")
    }

    # Two rooms of one floor.
    function check_room(from, to,   name) {
        if (from == "" || to == "" || from == to) return
        name = to
        sub(/.*\//, "", name)
        if (index(below[from], " " name " ") == 0) bad(from " includes " target ": " to " is no room below it")
    }

    function check_owner(text,   i, j) {
        for (i = 1; i <= n_owners; i++) {
            if (text !~ owner_pattern[i]) continue
            for (j = 1; j <= owner_count[i]; j++) if (FILENAME ~ owner_file[i, j]) break
            if (j > owner_count[i]) bad(text ": only in" owner_names[i])
        }
    }

    # Depth first; colour 1: on the way, 2: done.
    function visit(path, trail,   n, next_path, i) {
        colour[path] = 1
        n = split(edges[path], next_path, "\n")
        for (i = 2; i <= n; i++) {
            if (!colour[next_path[i]]) visit(next_path[i], trail " " path)
            if (colour[next_path[i]] == 1) {
                print path ": includes itself:" trail " " path " " next_path[i]
                failures++
            }
        }
        colour[path] = 2
    }

    BEGIN {
        n = split(floors rooms, line, "\n")
        for (i = 1; i <= n; i++) if (split(line[i], word, " ")) {
            below[word[1]] = " "
            for (j = 2; word[j] != "" && j in word; j++) below[word[1]] = below[word[1]] word[j] " "
        }
        n = split(owners, line, "\n")
        for (i = 1; i <= n; i++) if ((m = split(line[i], word, " ")) > 0) {
            owner_pattern[++n_owners] = word[1]
            owner_count[n_owners] = m - 1
            for (j = 2; j <= m; j++) {
                owner_names[n_owners] = owner_names[n_owners] " " word[j]
                gsub(/\./, "\\.", word[j]); gsub(/\*/, ".*", word[j])
                owner_file[n_owners, j - 1] = "^" word[j] "$"
            }
        }
    }

    NR == FNR { file[$0] = 1; ARGV[ARGC++] = $0; next }
    FNR == 1 {
        files++
        from = floor(FILENAME)
        from_room = room(FILENAME)
        if (from == "" || (from_room != "" && !(from_room in below))) bad("no floor has this folder")
    }
    /^[ \t]*#[ \t]*(include|pragma)/ {
        text = $0
        gsub(/[ \t]+/, " ", text); sub(/^ ?# ?/, "#", text)
        check_owner(text)
    }
    /^[ \t]*#[ \t]*include[ \t]*[<"]/ {
        quoted = $0 ~ /include[ \t]*"/
        name = $0
        sub(/^[^<"]*[<"]/, "", name); sub(/[>"].*/, "", name)
        target = resolve(name, quoted)
        includes++
        if (target != "") {
            if (target == FILENAME) bad("includes itself")
            if (unit(target) != unit(FILENAME)) edges[unit(FILENAME)] = edges[unit(FILENAME)] "\n" unit(target)
            check_floor(from, floor(target))
            if (from == floor(target)) check_room(from_room, room(target))
        } else if (quoted) bad("\"" name "\" is no file of this tree")
    }

    END {
        for (path in edges) if (!colour[path]) visit(path, "")
        if (failures) exit 1
        print files + 0 " files and " includes + 0 " includes keep the floors"
    }' "$list"
