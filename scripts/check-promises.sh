#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scripts/check-promises.sh [PAGE]
#
# Every row of the table below "## Reliability" of PAGE (tests/README.md) names its tests as `FILE` or `FILE:NAME`; FILE
# is in tests/ or scripts/, and NAME is a test in it. They must exist.

set -eu
cd "$(dirname -- "$0")/.."
readme=${1:-tests/README.md}

rows=$(awk '/^## /{ inside = $0 == "## Reliability" } inside && /^\|/ && ++n > 2' "$readme")
if [ -z "$rows" ]; then
    echo "$readme: no table below '## Reliability'"
    exit 1
fi
printf '%s\n' "$rows" | {
    n_rows=0 n_tests=0 bad=0
    while IFS= read -r row; do
        n_rows=$((n_rows + 1))
        found=0
        # shellcheck disable=SC2016
        for test in $(printf '%s\n' "$row" | grep -o '`[^`]*`' | tr -d '`' | grep -E '^(tests|scripts)/'); do
            file=${test%%:*} name=${test#"$file"}
            name=${name#:}
            found=1
            n_tests=$((n_tests + 1))
            if [ ! -e "$file" ] || { [ -n "$name" ] && ! grep -Eqw "(test_)?$name" "$file"; }; then
                echo "$readme: there is no $test"
                bad=1
            fi
        done
        if [ $found -eq 0 ]; then
            echo "$readme: no test is named in: $row"
            bad=1
        fi
    done
    [ $bad -eq 0 ] && echo "$n_rows promises name $n_tests tests that exist"
}
