#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scripts/fetch-arm64.sh
#
# Downloads the aarch64 libraries that quill and its tests link against into build/aarch64/sysroot, from Debian's
# packages and with package lists of its own: it changes nothing on the system and does not need root. Once there, they
# stay.

set -eu
cd "$(dirname -- "$0")/.."
sysroot=build/aarch64/sysroot
[ ! -e $sysroot/complete ] || exit 0

mkdir -p build/aarch64/apt/lists/partial build/aarch64/apt/archives/partial $sysroot
cd build/aarch64/apt
apt() {
    apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User="$(id -un)" \
        -o Dir::State::Lists="$PWD/lists" -o Dir::Cache="$PWD" -o Debug::NoLocking=true "$@"
}
apt update
apt download libcmocka-dev libcmocka0 libpcre2-dev libpcre2-8-0 libjansson-dev libjansson4 \
    libutf8proc-dev libutf8proc2 libedit-dev libedit2 libtinfo6 libbsd0 libmd0
for package in *.deb; do dpkg-deb -x "$package" ../sysroot; done
cd ..
rm -rf apt
: >sysroot/complete
