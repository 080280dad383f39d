# quill: `make` builds build/quill and build/libquill.a; `make help` lists the rest.
#
# Configurations live in folders of their own, so switching never needs a clean:
#   release (build/), debug, asan (with UBSan), ubsan, tsan, native, aarch64 (build/<name>/)

.DEFAULT_GOAL := all
CONFIG ?= release
V      ?= 0
PREFIX ?= /usr/local
EMBED  ?= weights/model.gguf
WERROR ?= 0
# openmp, or pthread: threads of its own, for programs that fork. ThreadSanitizer does not know OpenMP (but see
# `make races`), and LeakSanitizer, as used with libFuzzer, reports memory that clang's runtime never frees.
THREADS ?= $(if $(filter tsan fuzz,$(CONFIG)),pthread,openmp)
$(if $(filter openmp pthread,$(THREADS)),,$(error THREADS=$(THREADS): expected openmp or pthread))

BUILD := build$(if $(filter release,$(CONFIG)),,/$(CONFIG))
OBJ := $(BUILD)/obj

ifeq ($(origin CC),default)
CC := gcc
endif
AR ?= ar
OBJCOPY ?= $(CROSS)objcopy

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wcast-qual -Wpointer-arith -Wundef -Wwrite-strings -Wdouble-promotion -Wformat=2
ifneq ($(WERROR),0)
WARN += -Werror
endif
# -ffp-contract=off: a*b + c is two roundings unless the code says fma. Never -ffast-math: the bits are promised.
BASE := -std=c11 -D_GNU_SOURCE -Iinclude -Isrc -ffp-contract=off -fno-math-errno -fvisibility=hidden -fstack-protector-strong -fPIE \
	-pthread $(WARN)
OPT_release := -O3 -g -D_FORTIFY_SOURCE=2
OPT_native  := -O3 -g -march=native -D_FORTIFY_SOURCE=2
OPT_debug   := -O0 -g3
OPT_asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
OPT_ubsan   := -O1 -g -fsanitize=undefined -fno-sanitize-recover=all
OPT_tsan    := -O1 -g -fsanitize=thread
OPT_fuzz    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
OPT_coverage := -O1 -g -fprofile-instr-generate -fcoverage-mapping
OPT_aarch64 := -O2 -g -D_FORTIFY_SOURCE=2

# With sanitizers the kernels of an instruction set take the compiler a minute, and without optimization they are some
# fifteen times slower, for the same text as those of another: such builds have the reference and AVX2 (or all of another
# architecture). check_kernels sees the bounds of the others without sanitizers: it puts their operands beside pages that
# cannot be read.
FEW_KERNELS := $(filter debug asan ubsan tsan fuzz,$(CONFIG))
BASE += $(if $(FEW_KERNELS),-DFEW_KERNELS)

# CONFIG=aarch64 is a cross build against the libraries that scripts/fetch-arm64.sh brings; its tests are emulated.
ifeq ($(CONFIG),aarch64)
CROSS := aarch64-linux-gnu-
ifeq ($(origin CC),file)
CC := $(CROSS)gcc
endif
SYSROOT := $(BUILD)/sysroot/usr
BASE += -isystem $(SYSROOT)/include
SYSROOT_LIBS := $(SYSROOT)/lib/aarch64-linux-gnu
LDFLAGS += -L$(SYSROOT_LIBS) -Wl,-rpath-link,$(SYSROOT_LIBS):$(SYSROOT)/../lib/aarch64-linux-gnu
RUNNER := scripts/on-aarch64
endif

CFLAGS_ALL := $(BASE) $(OPT_$(CONFIG)) $(CPPFLAGS) $(CFLAGS)
LDFLAGS_ALL := $(filter -fsanitize% -fprofile% -pthread,$(CFLAGS_ALL)) -pie -Wl,-z,relro,-z,now $(LDFLAGS)
OPENMP := $(if $(filter openmp,$(THREADS)),-fopenmp)
LIBS := -lpcre2-8 -ljansson -lutf8proc -lm $(OPENMP)

# Line editing in a talk. A build without it reads plain lines.
ifeq ($(origin LIBEDIT),undefined)
LIBEDIT := $(shell printf '\#include <stdio.h>\n\#include <histedit.h>\n' | $(CC) $(BASE) -E -x c - >/dev/null 2>&1 && echo yes || echo no)
endif
$(if $(filter yes no,$(LIBEDIT)),,$(error LIBEDIT=$(LIBEDIT): expected yes or no))
LIBS_CLI := $(if $(filter yes,$(LIBEDIT)),-ledit)

MACHINE := $(shell $(CC) -dumpmachine)

# ---- sources, floor by floor -------------------------------------------------------------------------------------------

# SRC_<floor>: every C file of the floor and its rooms, as a path below src without its end. A floor.mk names the tests of
# its floor, the flags of single files (FLAGS_<path>) and what of this is not compiled.
FLOORS := base tensor kernels formats tokenizer sampler model load session chat cli
$(foreach f,$(FLOORS),$(eval SRC_$f := $(patsubst src/%.c,%,$(wildcard src/$f/*.c src/$f/*/*.c))))
include $(FLOORS:%=src/%/floor.mk)

LIB_OBJ := $(foreach f,$(filter-out cli,$(FLOORS)),$(SRC_$f:%=$(OBJ)/%.o))
# Base is linked into the program a second time: the library hides its own copy.
CLI_OBJ := $(SRC_cli:%=$(OBJ)/%.o) $(SRC_base:%=$(OBJ)/%.o)
PROGRAM := $(if $(SRC_cli),$(BUILD)/quill)
TEST_PROGRAMS := $(patsubst %,$(BUILD)/tests/%,$(TESTS))

ifeq ($(V),0)
Q := @
ifeq ($(findstring s,$(firstword -$(MAKEFLAGS))),)
say = @printf '  %-5s %s\n' $(1) $(2) >&2
endif
endif

.PHONY: all docs debug asan ubsan native test tests check-headers install uninstall clean help
.DELETE_ON_ERROR:

all: $(PROGRAM) $(BUILD)/libquill.a
debug asan ubsan native:
	$(Q)$(MAKE) CONFIG=$@ all

# An object depends on its flags: when they change (except -Werror), everything is compiled again.
FLAGS := $(CC) $(filter-out -Werror,$(CFLAGS_ALL)) LIBEDIT=$(LIBEDIT)
$(OBJ)/flags: FORCE
	@mkdir -p $(OBJ) && printf '%s\n' '$(FLAGS)' | cmp -s - $@ || printf '%s\n' '$(FLAGS)' >$@
# The provider of threads is a file of its own, and of the linker's: with another one nothing else is compiled again.
$(OBJ)/threads: FORCE
	@mkdir -p $(OBJ) && printf '%s\n' '$(THREADS)' | cmp -s - $@ || printf '%s\n' '$(THREADS)' >$@
FORCE:

# Vector code has only line numbers for debuggers: its variables are registers, and cost a third of the compile time.
KERNEL_LINES = $(if $(filter kernels/isa/%,$*),-g1)

$(OBJ)/%.o: src/%.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) $(KERNEL_LINES) $(FLAGS_$*) -MMD -MP -c -o $@ $<

# Unit tests link the internal archive, where every floor can be reached. The library that is installed is one object
# whose internal names are made local, so that it offers the public interface and clashes with nothing.
$(OBJ)/internal.a: $(LIB_OBJ) $(OBJ)/threads
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIB_OBJ)

$(BUILD)/libquill.a: $(LIB_OBJ) $(OBJ)/threads
	$(call say,AR,$@)
	$(Q)$(CC) -r -nostdlib -o $(OBJ)/quill.o $(LIB_OBJ) && $(OBJCOPY) --localize-hidden $(OBJ)/quill.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(OBJ)/quill.o

$(BUILD)/quill: $(CLI_OBJ) $(BUILD)/libquill.a $(OBJ)/embed
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(CLI_OBJ) $(BUILD)/libquill.a $(LIBS) $(LIBS_CLI)

include scripts/install.mk tests/tests.mk

# Every header compiles alone.
check-headers:
	$(Q)for h in $$(find include src -name '*.h' ! -name 'simd_*'); do \
	  printf '#include "%s"\ntypedef int checked;\n' "$$h" | $(CC) $(CFLAGS_ALL) -I. -xc -fsyntax-only - || exit 1; done

clean:
	rm -rf build

help:
	@printf '%s\n' \
	  'make                      build/quill and build/libquill.a' \
	  'make debug|asan|ubsan|native   the same in build/<name>/ (asan includes UBSan)' \
	  'make test                 unit tests and command-line tests (CONFIG=asan: of that build)' \
	  'make fuzz SECONDS=60      so long with libFuzzer for each target (needs clang)' \
	  'make races                threads under ThreadSanitizer (needs clang)' \
	  'make check-headers        every header compiles alone' \
	  'make docs                 manual page, completions, pkg-config file' \
	  'make install|uninstall PREFIX=/usr/local DESTDIR=' \
	  'make EMBED=file.gguf      build around another built-in model' \
	  'make LIBEDIT=no           no line editing in talks (else libedit, if it is installed)' \
  'make THREADS=pthread      threads of its own in place of OpenMP, for programs that fork' \
	  'Variables: CC, CFLAGS, LDFLAGS, WERROR=1 (warnings are errors), V=1 (show commands)'

-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(TEST_PROGRAMS:=.d) $(TOOLS:=.d)
