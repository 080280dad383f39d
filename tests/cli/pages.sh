# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2154
#
# What a page of the project shows runs as it is printed: for the tests that read pages.

# checkout: this folder looks like the project's, with build/quill standing for the program under test
checkout() {
    [ ! -d build ] || return 0
    mkdir build
    ln -s "$QUILL" build/quill
    for entry in LICENSE Makefile README.md include prompts scripts src tests weights; do
        ln -s "$ROOT/$entry" "$entry"
    done
}

# from_root COMMAND: run there
from_root() {
    checkout
    run sh -eu -c "$1" </dev/null
}

# Indented blocks are of four kinds. One that begins with "$ " is a session: commands, each behind a "$ " and followed
# by its output, a newline added where it has none. One that follows a line ending in "`NAME`:" is the file NAME. One
# behind a comment that no reader of the page sees, <!-- not run: WHY -->, cannot be run here. Any other is run by a
# shell. Sessions and files may have empty lines. The blocks of a section run in their order, in one folder, which looks
# like the project's.

# blocks README SECTION: those of the section `## SECTION`, of what precedes the first section when SECTION is empty; to
# the files 1.run, 2.file with 2.name, 3.skip with the reason, 4.session, and so on
blocks() {
    rm -f ./*.run ./*.file ./*.skip ./*.session ./*.name
    awk -v section="$2" '
        BEGIN { next_is = "run" }
        /^## / { here = substr($0, 4) }
        /^    / && here == section && (inside || blank) {
            if (!inside && (kind == "file" || kind == "session") && !/^    [$] /) print "" >file
            else if (!inside) {
                kind = next_is == "run" && /^    [$] / ? "session" : next_is
                file = ++n "." kind
                if (kind == "file") print name >(n ".name")
            }
            print kind == "skip" ? reason : substr($0, 5) >file
            next_is = "run"
            inside = 1
            blank = 0
            next
        }
        { inside = 0; blank = $0 == "" }
        !blank { kind = ""; next_is = "run" }
        /^<!-- not run: .* -->$/ { next_is = "skip"; reason = substr($0, 15, length($0) - 18) }
        match($0, /`[^`\/]*`:$/) { next_is = "file"; name = substr($0, RSTART + 1, RLENGTH - 3) }
    ' "$ROOT/$1"
    find . -maxdepth 1 -name '*.run' -o -maxdepth 1 -name '*.file' -o -maxdepth 1 -name '*.skip' \
        -o -maxdepth 1 -name '*.session' | sort -V >found
    [ -s found ] || fail "$1 has no block in '$2'"
}

# session FILE: its commands print what it says. The words alone where folded is 1: a page may break long lines.
session() {
    awk '/^\$ / || more { if (!more) n++; print more ? $0 : substr($0, 3) >(n ".command")
             printf "" >(n ".output"); more = /\\$/; next }
         { print >(n ".output") }' "$1"
    for command in $(find . -maxdepth 1 -name '*.command' | sort -V); do
        run sh -eu "$command" </dev/null
        [ ! -s out ] || [ -z "$(tail -c 1 out)" ] || echo >>out
        mv "${command%.command}.output" want
        if [ "${folded-0}" = 1 ]; then
            for file in out want; do tr -s ' \n' '\n' <$file >words && mv words $file; done
        fi
        if [ "$(cat rc)" != 0 ] || [ -s err ] || ! cmp -s want out; then
            fail "this command of a session, with '$(cat "$command")', should print:" "$(cat want)" "$(show_streams)"
        fi
        rm "$command"
    done
}

section_runs_as_printed() {
    checkout
    blocks "$1" "$2"
    while read -r block; do
        case $block in
        *.file)
            name=$(cat "${block%.file}.name")
            [ ! -e "$ROOT/prompts/$name" ] || expect_same "$ROOT/prompts/$name" "$block"
            cp "$block" "$name"
            ;;
        *.session) session "$block" ;;
        *.run)
            run sh -eu "$block" </dev/null
            if [ "$(cat rc)" != 0 ] || [ -s err ]; then
                fail "this block of $1:" "$(cat "$block")" "$(show_streams)"
            fi
            ;;
        esac
    done <found
}
