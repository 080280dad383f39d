#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scripts/check-families.sh
#
# Counts the models in tests/data/families of each family that has a row in src/model/families, and says for which
# families there are models, but no row. A row without a model is an error; tests/test_family_parity.c runs the models.

set -eu
cd "$(dirname -- "$0")/.."

# The families of models, one line per model and name: a directory's, and its GGUF file's.
modelled() {
    sed -nE 's/^(gguf_)?family //p' tests/data/families/*/expect.txt
}

rows=$(sed -n 's/^ *\.name = "\([^"]*\)".*/\1/p' src/model/families/*.c | sort -u)
bad=0
for name in $rows; do
    n=$(modelled | grep -cx -- "$name" || true)
    echo "$name: $n models"
    if [ "$n" -eq 0 ]; then
        echo "$name: no model in tests/data/families"
        bad=1
    fi
done
# Files of one format may spell a family otherwise.
others=$(sed -n 's/.*\.names = {\([^}]*\)}.*/\1/p' src/model/families/*.c | grep -o '"[^"]*"' | tr -d '"')
echo "without a row: $(modelled | sort -u | grep -vxF -- "$rows
$others" | tr '\n' ' ')"
[ $bad -eq 0 ] && echo "$(printf '%s\n' "$rows" | grep -c .) families have models"
