#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/cli/run.sh [-d DIR] [-t SECONDS] [BINARY [PATTERN]]
#
# Runs the tests of every DIR/*.test (default: the folder of this script) against BINARY (default: build/quill).
# A test is a shell function named test_SOMETHING, its name the behaviour, what is expected written by hand:
#
#     test_p_prints_the_continuation_alone() {
#         quill -p 'The old king' -n 3 --temp 0
#         expect_rc 0
#         expect_out ' of the sea'
#         expect_err_empty
#     }
#
# Each test runs in a shell of its own (set -eu: any command that fails, fails the test), in an empty folder that is
# removed afterwards, with an empty stdin, an empty HOME, no QUILL_* variable but QUILL_TEST_DATA, none of OpenMP's, and
# none that names a store of models, signals at their defaults, for at most SECONDS (default 120). QUILL is the path of
# the program, ROOT that of the project; the helpers are those of lib.sh. PATTERN is an extended regular expression for
# names of the form FILE/SOMETHING.
#
# Prints ok, not ok and skip lines for scripts/tally; what a failed test had to say follows its line. KEEP=1 leaves
# the folders in place and prints where.

set -u
usage() {
    echo 'usage: tests/cli/run.sh [-d DIR] [-t SECONDS] [BINARY [PATTERN]]' >&2
    exit 2
}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 5
dir=$here limit=120
while getopts d:t: option; do
    case $option in
    d) dir=$OPTARG ;;
    t) limit=$OPTARG ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -le 2 ] || usage

absolute() {
    case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s/%s\n' "$PWD" "$1" ;;
    esac
}
dir=$(absolute "$dir")
QUILL=$(absolute "${1:-$here/../../build/quill}")
pattern=${2:-.}
if [ ! -x "$QUILL" ]; then
    echo "not ok run.sh: there is no program $QUILL"
    exit 1
fi
ROOT=$(cd "$here/../.." && pwd)
data=${QUILL_TEST_DATA:+$(absolute "$QUILL_TEST_DATA")}

# A clean environment: what is set here must not change a test.
for name in $(env | sed -n -e 's/^\(QUILL_[A-Za-z0-9_]*\)=.*/\1/p' -e 's/^\([GK]*O*MP_[A-Z_]*\)=.*/\1/p'); do
    unset "$name"
done
unset XDG_CACHE_HOME HF_HOME HF_HUB_CACHE HUGGINGFACE_HUB_CACHE LLAMA_CACHE OLLAMA_MODELS
unset NO_COLOR COLUMNS CDPATH MAKEFLAGS
export QUILL ROOT LC_ALL=C TERM=dumb
[ -z "$data" ] || export QUILL_TEST_DATA="$data"

guard=
if timeout 5 true 2>/dev/null; then guard="timeout -k 5 $limit"; fi
defaults=
if env --default-signal=INT,PIPE true 2>/dev/null; then defaults='env --default-signal=HUP,INT,QUIT,PIPE,TERM'; fi

base=$(mktemp -d) || exit 5
if [ -n "${KEEP-}" ]; then echo "# tests run in $base"; else trap 'rm -rf "$base"' EXIT; fi
trap 'exit 130' INT
trap 'exit 143' TERM

failed=0
# report RESULT NAME: one line, and after a failure what the test said
report() {
    echo "$1 $2"
    if [ "$1" = 'not ok' ]; then
        failed=1
        sed 's/^/# /' "$base/said"
    fi
}

# run_test FILE FUNCTION NAME
run_test() {
    mkdir -p "$base/$3/home" "$base/$3/cwd"
    # shellcheck disable=SC2016,SC2086
    (cd "$base/$3/cwd" && HOME=$base/$3/home exec $defaults $guard \
        sh -c 'set -eu; . "$1"; . "$2"; "$3"' sh "$here/lib.sh" "$1" "$2") </dev/null >"$base/said" 2>&1
    status=$?
    case $status in
    0) report ok "$3" ;;
    77) report skip "$3: $(tail -n 1 "$base/said")" ;;
    *)
        [ $status -ne 124 ] || echo "still running after $limit s" >>"$base/said"
        echo "the test ended with status $status" >>"$base/said"
        report 'not ok' "$3"
        ;;
    esac
    [ -n "${KEEP-}" ] || rm -rf "${base:?}/$3"
}

for file in "$dir"/*.test; do
    stem=$(basename "$file" .test)
    functions=$(sed -n 's/^\(test_[A-Za-z0-9_]*\)().*/\1/p' "$file" 2>"$base/said")
    twice=$(printf '%s\n' "$functions" | sort | uniq -d)
    if [ -z "$functions" ]; then
        echo "no function test_... in $file" >>"$base/said"
        report 'not ok' "$stem"
    elif [ -n "$twice" ]; then
        echo "defined twice:" "$twice" >"$base/said"
        report 'not ok' "$stem"
    fi
    for name in $(printf '%s\n' "$functions" | sed "s|^test_|$stem/|" | grep -E -e "$pattern"); do
        run_test "$file" "test_${name#*/}" "$name"
    done
done
exit $failed
