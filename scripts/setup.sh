#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scripts/setup.sh [run|test|all]
#
# Makes sure that this machine has what is needed to build quill:
#
#     run    a C compiler with OpenMP, make, PCRE2, Jansson, utf8proc
#     test   and cmocka, libedit, tmux
#     all    and what scripts/test --all needs: clang, sanitizers, an emulated aarch64, a few tools
#
# It compiles and links a few lines against each library. If that works, it installs nothing and needs no network.
# Otherwise it installs with apt-get, directly as root or by sudo as a user. If neither works, and for other package
# managers, it prints the one line to type and exits 5. All messages go to stderr.

set -eu
level=${1:-run}
case $level in
run | test | all) ;;
*)
    echo 'usage: scripts/setup.sh [run|test|all]' >&2
    exit 2
    ;;
esac
script=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/setup.sh
stamp=${script%/scripts/setup.sh}/build/.setup-$level
cc=${CC:-gcc}

say() { printf 'setup: %s\n' "$*" >&2; }

# A success is remembered until the compiler changes its place or this script is newer.
compiler=$(command -v "${cc%% *}") || compiler=
if [ -n "$compiler" ] && [ -n "$(find "$stamp" -newer "$script" 2>/dev/null)" ] &&
    read -r known <"$stamp" && [ "$known" = "$cc $compiler" ]; then
    exit 0
fi

work=$(mktemp -d) || exit 5
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# links COMPILER FLAG... compiles and links the C program on stdin: a few lines prove more than a list of packages.
links() {
    compiler=$1
    shift
    # shellcheck disable=SC2086
    $compiler ${CPPFLAGS-} ${CFLAGS-} -x c - "$@" ${LDFLAGS-} -o "$work/probe"
}

threads='#include <pthread.h>
int main(void) { return (int)pthread_self() == 0; }'

openmp='#include <omp.h>
int main(void) { return omp_get_num_procs() == 0; }'

# gcc comes with its own OpenMP runtime, libgomp; clang's, libomp, is a separate package.
runtime=openmp
case ${cc%% *} in *clang*) runtime=libomp ;; esac

# has PIECE: is it installed?
has() {
    case $1 in
    cc) echo 'int main(void) { return 0; }' | links "$cc" ;;
    threads) echo "$threads" | links "$cc" -pthread ;;
    openmp | libomp) echo "$openmp" | links "$cc" -fopenmp ;;
    pcre2) printf '%s\n' '#define PCRE2_CODE_UNIT_WIDTH 8' '#include <pcre2.h>' \
        'int main(void) { return pcre2_config(PCRE2_CONFIG_JIT, 0) < 0; }' | links "$cc" -lpcre2-8 ;;
    jansson) printf '%s\n' '#include <jansson.h>' \
        'int main(void) { return json_object() == 0; }' | links "$cc" -ljansson ;;
    utf8proc) printf '%s\n' '#include <utf8proc.h>' \
        'int main(void) { return utf8proc_charwidth(65) != 1; }' | links "$cc" -lutf8proc ;;
    libedit) printf '%s\n' '#include <stdio.h>' '#include <histedit.h>' \
        'int main(void) { return el_init("", stdin, stdout, stderr) == 0; }' | links "$cc" -ledit ;;
    cmocka) printf '%s\n' '#include <stdarg.h>' '#include <stddef.h>' '#include <stdint.h>' '#include <setjmp.h>' \
        '#include <cmocka.h>' 'int main(void) { mock_assert(1, "", "", 1); return 0; }' | links "$cc" -lcmocka ;;
    sanitizers) echo "$threads" | links "$cc" -pthread -fsanitize=address,undefined ;;
    clang) echo "$openmp" | links clang -fopenmp -fsanitize=address,undefined ;;
    aarch64) echo "$openmp" | links aarch64-linux-gnu-gcc -fopenmp -static ;;
    qemu) command -v qemu-aarch64 ;;
    python3) python3 -c 'import json' ;;
    *) command -v "$1" ;;
    esac >/dev/null 2>&1
}

case $level in
run) pieces="cc make threads $runtime pcre2 jansson utf8proc" ;;
test) pieces="cc make threads $runtime pcre2 jansson utf8proc cmocka libedit tmux" ;;
all)
    pieces="cc make threads $runtime pcre2 jansson utf8proc cmocka libedit tmux"
    pieces="$pieces sanitizers clang aarch64 qemu shellcheck strace mandoc zsh fish python3 chromium"
    ;;
esac

find_missing() {
    missing=
    for piece in $pieces; do
        has "$piece" || missing="$missing $piece"
    done
}

remember() {
    if mkdir -p "${stamp%/*}"; then echo "$cc $(command -v "${cc%% *}")" >"$stamp" || :; fi
} 2>/dev/null

# packages MANAGER PIECE...: their package names, on one line
packages() {
    manager=$1
    shift
    awk -v manager="$manager" -v pieces=" $* " '
        NR == 1 { for (i = 2; i <= NF; i++) if ($i == manager) column = i; next }
        index(pieces, " " $1 " ") && column <= NF {
            n = split($column, name, ",")
            for (i = 1; i <= n; i++) if (name[i] != "-" && !seen[name[i]]++) line = line " " name[i]
        }
        END { print substr(line, 2) }' <<'END'
piece       apt-get                                  dnf              pacman   apk           zypper            brew
cc          gcc,libc6-dev                            gcc,glibc-devel  gcc      gcc,musl-dev  gcc,glibc-devel   gcc
make        make                                     make             make     make          make              make
threads     gcc,libc6-dev
openmp      gcc                                      libgomp          gcc      libgomp       gcc               gcc
libomp      libomp-dev                               libomp-devel     openmp   openmp-dev    libomp-devel      libomp
pcre2       libpcre2-dev                             pcre2-devel      pcre2    pcre2-dev     pcre2-devel       pcre2
jansson     libjansson-dev                           jansson-devel    jansson  jansson-dev   libjansson-devel  jansson
utf8proc    libutf8proc-dev                          utf8proc-devel   libutf8proc utf8proc-dev utf8proc-devel  utf8proc
libedit     libedit-dev                              libedit-devel    libedit  libedit-dev   libedit-devel     libedit
cmocka      libcmocka-dev                            libcmocka-devel  cmocka   cmocka-dev    libcmocka-devel   cmocka
sanitizers  gcc
clang       clang,libclang-rt-dev,libomp-dev
aarch64     gcc-aarch64-linux-gnu,libc6-dev-arm64-cross
qemu        qemu-user
shellcheck  shellcheck
strace      strace
tmux        tmux
mandoc      mandoc
zsh         zsh
fish        fish
python3     python3
chromium    chromium
END
}

# give_up WHY COMMAND: says what is missing and the one line to type.
give_up() {
    say "missing:$missing"
    say "$1"
    printf '    %s\n' "$2" >&2
    exit 5
}

find_missing
if [ -z "$missing" ]; then
    remember
    exit 0
fi

# libedit (line editing in quill chat) is optional for a build: it is installed along with others, never by itself.
wanted=$missing
has libedit || wanted="$wanted libedit"

if ! command -v apt-get >/dev/null; then
    for install in 'dnf install' 'pacman -S' 'apk add' 'zypper install' 'brew install'; do
        manager=${install% *}
        command -v "$manager" >/dev/null || continue
        # shellcheck disable=SC2086
        install="$install $(packages "$manager" $wanted)"
        if [ "$manager" != brew ] && [ "$(id -u)" -ne 0 ]; then install="sudo $install"; fi
        give_up 'type this line (it is untested), then try again:' "$install"
    done
    say "missing:$missing"
    say 'no package manager is known here; needed: a C compiler with make, PCRE2 (8-bit), Jansson, utf8proc'
    exit 5
fi

# shellcheck disable=SC2086
install="install -y --no-install-recommends $(packages apt-get $wanted)"
if [ "$(id -u)" -eq 0 ]; then
    as_root=
    line="apt-get update && apt-get $install"
elif command -v sudo >/dev/null; then
    as_root=sudo
    if [ ! -t 0 ] && [ ! -t 2 ]; then as_root='sudo -n'; fi
    line="sudo apt-get update && sudo apt-get $install"
else
    give_up 'type this line as root, then try again:' "apt-get update && apt-get $install"
fi

# apt ARG... runs apt-get as root; it waits while another one runs.
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2
}

say "missing:$missing; installing them: apt-get $install"
lists=$(find /var/lib/apt/lists -name '*_Packages*' 2>/dev/null | head -n 1)
# shellcheck disable=SC2086
{ [ -n "$lists" ] && apt $install; } || { apt update && apt $install; } ||
    give_up 'that did not work; type this line, then try again:' "$line"

find_missing
[ -z "$missing" ] || give_up 'that was installed, and still something is missing; the line was:' "$line"
remember
