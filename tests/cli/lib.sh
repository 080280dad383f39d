# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What a CLI test may call; run.sh reads this file first. A test ends at the first helper that is not content.

# fail MESSAGE... ends the test as failed; each message is a line.
fail() {
    printf '%s\n' "$@"
    exit 1
}

# skip WHY ends the test as skipped.
skip() {
    printf '%s\n' "$*"
    exit 77
}

# run COMMAND... leaves its stdout in the file `out`, its stderr in `err`, its exit status in `rc`.
# For more than one command: run sh -c '"$QUILL" -p hi | head -c 10'
run() {
    run_status=0
    "$@" >out 2>err || run_status=$?
    echo "$run_status" >rc
}

# quill ARGS... runs the program under test; its path is $QUILL.
quill() {
    run "$QUILL" "$@"
}

# need COMMAND skips the test where a tool is missing; need_data PATH sets `data` to that file below the test data.
need() {
    command -v "$1" >/dev/null || skip "$1 is not installed"
}
need_data() {
    [ -n "${QUILL_TEST_DATA-}" ] || skip 'QUILL_TEST_DATA is not set'
    data=$QUILL_TEST_DATA/$1
    [ -e "$data" ] || skip "QUILL_TEST_DATA has no $1"
}

# show_streams: for a failure, what the program wrote.
show_streams() {
    echo "exit status $(cat rc)"
    echo 'stdout:' && head -c 2000 out | cat -v && echo
    echo 'stderr:' && head -c 2000 err | cat -v
}

expect_rc() {
    [ "$(cat rc)" = "$1" ] || fail "expected exit status $1" "$(show_streams)"
}

# expect_out TEXT: stdout is exactly TEXT, byte for byte (a newline at the end counts).
# expect_lines LINE...: stdout is these lines, each ended by a newline.
# expect_out_file FILE: stdout has the bytes of FILE.
expect_out() {
    printf '%s' "$1" >want
    expect_out_file want
}
expect_lines() {
    printf '%s\n' "$@" >want
    expect_out_file want
}
expect_out_file() {
    expect_same "$1" out
}
expect_out_empty() {
    [ ! -s out ] || fail 'expected an empty stdout' "$(show_streams)"
}

# expect_out_match REGEX / expect_err_match REGEX: a line matches the extended regular expression.
expect_out_match() {
    grep -Eq -e "$1" out || fail "expected a line of stdout to match: $1" "$(show_streams)"
}
expect_err_match() {
    grep -Eq -e "$1" err || fail "expected a line of stderr to match: $1" "$(show_streams)"
}

# expect_err_line [REGEX]: stderr is exactly one line, `quill: ...`, and matches the extended regular expression.
expect_err_line() {
    if [ "$(wc -l <err)" -ne 1 ] || [ -n "$(tail -c 1 err)" ] || ! grep -q '^quill: ' err; then
        fail 'expected one line "quill: ..." on stderr' "$(show_streams)"
    fi
    [ $# -eq 0 ] || expect_err_match "$1"
}
expect_err_empty() {
    [ ! -s err ] || fail 'expected an empty stderr' "$(show_streams)"
}

# expect_same EXPECTED GOT: two files with the same bytes.
expect_same() {
    cmp -s "$1" "$2" ||
        fail "expected '$1' (-), got '$2' (+):" "$(diff -u "$1" "$2" | cat -v | head -n 40)" "$(show_streams)"
}

# expect_equal EXPECTED GOT: two strings.
expect_equal() {
    [ "$1" = "$2" ] || fail "expected: $1" "got:      $2"
}

# instruction_sets: their names, as the kernels list them.
instruction_sets() {
    sed -n 's/^ *X(\([a-z0-9]*\), [A-Z0-9_]*, .*/\1/p' "$ROOT/src/kernels/isa/instruction_sets.h"
}

# level_model FILE [N_LAYER N_EMBD N_CTX]: writes a model to which every token is equally likely everywhere.
level_model() {
    need python3
    python3 "$ROOT/tests/cli/level_model.py" "$@"
}

# no_file_of_the_runtime: LLVM's OpenMP runtime makes shared memory at start, and cannot where files may have no size.
no_file_of_the_runtime() {
    ! ldd "$QUILL" 2>/dev/null | grep -q libomp || skip "LLVM's OpenMP runtime cannot start where no file may grow"
}
