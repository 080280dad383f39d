#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scripts/check-style.sh [TREE]
#
# Checks what a compiler does not, file by file:
#
#     every text file    no white space at the end of a line, no path of somebody's machine, no number of a tracker
#     C and shell        at most 120 columns and 1000 lines
#     C                  the licence line first, no tab, none of the functions that overflow or hide errors
#     src and include    functions of at most 60 lines; a list of the files over 600 lines (aim at 400)
#     the library        (src without src/cli) never prints, exits, or reads the environment or the locale
#     building           no -ffast-math and its like: the bits are promised

set -eu
cd "${1:-$(dirname -- "$0")/..}"

columns=120 file_lines=1000 aim_lines=600 function_lines=60

# Functions that may be longer than 60 lines, as `file:function`. Keep it empty.
long_functions=''

list=$(mktemp)
trap 'rm -f "$list"' EXIT
if [ -e .git ] && command -v git >/dev/null; then
    git ls-files --cached --others --exclude-standard
else
    find . -type f ! -path './build/*' ! -path './.git/*' | sed 's|^\./||'
fi | LC_ALL=C sort | while IFS= read -r file; do
    # Only text that people write; with -I, grep skips files that have a NUL byte.
    case $file in
    tests/data/* | tests/corpus/* | weights/*.gguf) ;;
    *) if [ -f "$file" ] && LC_ALL=C grep -qI '' "$file"; then printf '%s\n' "$file"; fi ;;
    esac
done >"$list"

LC_ALL=C awk -v long_functions=" $long_functions " -v max_columns=$columns -v max_file=$file_lines \
    -v aim_file=$aim_lines -v max_function=$function_lines '
    BEGIN {
        careless = "strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets|atoi|atol|atoll|atof|strtok|alloca"
        talking = "printf|fprintf|vprintf|vfprintf|puts|putchar|perror|exit|_exit|abort|getenv|setlocale"
    }

    function bad(text) { print FILENAME ":" FNR ": " text; failures++ }

    function start_file() {
        if (last != "") end_file()
        last = FILENAME
        files++
        is_c = FILENAME ~ /\.(c|h|inc)$/
        is_script = FILENAME ~ /^(scripts|tests|\.ci)\// && (FILENAME ~ /\.(sh|test)$/ || $0 ~ /^#!.*sh$/)
        is_ours = is_c && FILENAME ~ /^(src|include)\//
        is_library = is_ours && FILENAME !~ /^src\/cli\//
        is_building = FILENAME ~ /(^|\/)(Makefile|[^\/]*\.mk)$/ || is_script && FILENAME !~ /\.test$/
        depth = 0; in_comment = 0; in_macro = 0; statement = ""; lines = 0
    }

    function end_file() {
        if ((is_c || is_script) && lines > max_file) { print last ": " lines " lines: at most " max_file; failures++ }
        else if (is_ours && lines > aim_file) notes = notes last ": " lines " lines: two things in one room?\n"
    }

    # The line without comments and the insides of strings and characters.
    function code_of(text,   out) {
        out = ""
        while (text != "") {
            if (in_comment) {
                if (!(end = index(text, "*/"))) return out
                text = substr(text, end + 2); in_comment = 0
            } else if (match(text, /\/\*|\/\/|"|\047/)) {
                out = out substr(text, 1, RSTART - 1)
                mark = substr(text, RSTART, RLENGTH)
                text = substr(text, RSTART + RLENGTH)
                if (mark == "//") return out
                if (mark == "/*") { in_comment = 1; continue }
                out = out mark mark
                while (text != "" && (c = substr(text, 1, 1)) != mark) text = substr(text, c == "\\" ? 3 : 2)
                text = substr(text, 2)
            } else { out = out text; text = "" }
        }
        return out
    }

    # Counts braces; a `{` after `)` at the outermost level begins a function.
    function measure(code,   i, c) {
        for (i = 1; i <= length(code); i++) {
            c = substr(code, i, 1)
            if (c == "{" && depth++ == 0) {
                in_function = statement ~ /\)[ \t]*$/ && statement !~ /=/
                first = FNR
                name = statement
                sub(/[ \t]*\(.*/, "", name); sub(/.*[^A-Za-z0-9_]/, "", name)
            } else if (c == "}") {
                if (depth > 0) depth--
                if (depth == 0) {
                    long = in_function && FNR - first >= max_function
                    if (long && index(long_functions, " " FILENAME ":" name " ") == 0)
                        bad("function " name " has " FNR - first + 1 " lines: at most " max_function)
                    statement = ""
                }
            } else if (depth == 0) statement = c == ";" ? "" : statement c
        }
        if (depth == 0) statement = statement " "
    }

    # The function of these that the code calls; "": none.
    function call_in(code, names) {
        if (!match(code, "(^|[^A-Za-z0-9_>.])(" names ")[ \t]*\\(")) return ""
        code = substr(code, RSTART, RLENGTH)
        gsub(/[^A-Za-z0-9_]/, "", code)
        return code
    }

    NR == FNR { ARGV[ARGC++] = $0; next }
    FNR == 1 { start_file() }
    { lines++ }
    /[ \t]$/ { bad("a blank at the end of the line") }
    /(^|[^A-Za-z0-9_.$*})])\/(home|root|work|Users)\/[A-Za-z]/ { bad("a path of somebody'\''s machine") }
    is_c || is_script {
        characters = $0
        gsub(/[\200-\277]/, "", characters)
        if (length(characters) > max_columns) bad(length(characters) " columns: at most " max_columns)
    }
    /(^|[^A-Za-z])[Ii]ssues? #?[0-9]/ { bad("the number of a tracker: say what it was about") }
    is_building && !/^[ \t]*#/ && /-(ffast-math|Ofast|funsafe-math|fassociative-math)/ {
        bad("no such flag: results are the same bits everywhere")
    }
    is_c {
        if (FNR == 1 && $0 !~ /SPDX-License-Identifier: MIT/) bad("not the licence: SPDX-License-Identifier: MIT")
        if (/\t/) bad("a tab")
        code = code_of($0)
        if (call = call_in(code, careless)) bad(call " overflows or hides errors")
        # OpenMP has no function for one of the variables that its runtime reads
        if (FILENAME == "src/base/threads_openmp.c" && /getenv\("OMP_WAIT_POLICY"\)/) sub(/getenv/, "", code)
        if (is_library && (call = call_in(code, talking)))
            bad(call ": the library never prints, exits, or reads the environment")
        directive = in_macro || code ~ /^[ \t]*#/
        in_macro = directive && $0 ~ /\\$/
        if (is_ours && !directive) measure(code)
    }
    END {
        if (last != "") end_file()
        printf "%s", notes
        if (failures) exit 1
        print files + 0 " files keep the style"
    }' "$list"
