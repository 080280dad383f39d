// SPDX-License-Identifier: MIT
#include "cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

// Bits: Intel SDM volume 2A, CPUID leaves 1 and 7; volume 1, 13.3 (XCR0).
enum {
    LEAF1_ECX_FMA = 1 << 12,
    LEAF1_ECX_SSE41 = 1 << 19,
    LEAF1_ECX_OSXSAVE = 1 << 27,
    LEAF1_ECX_AVX = 1 << 28,
    LEAF1_ECX_F16C = 1 << 29,
    LEAF7_EBX_AVX2 = 1 << 5,
    LEAF7_ECX_AVX512_VNNI = 1 << 11,
    LEAF7_EDX_AMX = 1 << 22 | 1 << 24 | 1 << 25, // BF16, TILE, INT8
    LEAF7_1_EAX_AVX_VNNI = 1 << 4,
    XCR0_YMM = 0x06, // SSE and AVX state
    XCR0_ZMM = 0xe6, // and opmask, upper halves, upper 16 registers
    XCR0_TILES = 3 << 17,
    XFEATURE_TILE_DATA = 18,
    REQUEST_PERMISSION = 0x1023, // of arch_prctl: Linux Documentation/arch/x86/xstate.rst
};
#define LEAF7_EBX_AVX512 (1u << 16 | 1u << 17 | 1u << 30 | 1u << 31) // F, DQ, BW, VL

static uint32_t xcr0(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

// Tile registers enlarge signal frames, so a process must request them.
static bool may_use_tiles(uint32_t saved) {
#if defined(__linux__)
    return (saved & XCR0_TILES) == XCR0_TILES && syscall(SYS_arch_prctl, REQUEST_PERMISSION, XFEATURE_TILE_DATA) == 0;
#else
    (void)saved;
    return false;
#endif
}

unsigned cpu_features(void) {
    unsigned eax, ebx, ecx, edx, found = 0;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return 0;
    if (ecx & LEAF1_ECX_SSE41) found |= CPU_SSE41;
    unsigned wanted = LEAF1_ECX_FMA | LEAF1_ECX_OSXSAVE | LEAF1_ECX_AVX | LEAF1_ECX_F16C;
    if ((ecx & wanted) != wanted) return found;
    unsigned saved = xcr0();
    if ((saved & XCR0_YMM) != XCR0_YMM) return found;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || !(ebx & LEAF7_EBX_AVX2)) return found;
    unsigned subleaves = eax;
    found |= CPU_AVX2;
    if ((saved & XCR0_ZMM) == XCR0_ZMM && (ebx & LEAF7_EBX_AVX512) == LEAF7_EBX_AVX512) {
        found |= CPU_AVX512;
        if (ecx & LEAF7_ECX_AVX512_VNNI) {
            found |= CPU_AVX512_VNNI;
            if ((edx & LEAF7_EDX_AMX) == LEAF7_EDX_AMX && may_use_tiles(saved)) found |= CPU_AMX;
        }
    }
    if (subleaves >= 1 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax & LEAF7_1_EAX_AVX_VNNI))
        found |= CPU_AVX_VNNI;
    return found;
}

#elif defined(__aarch64__)
#include <sys/auxv.h>

// Bits: Linux arch/arm64/include/uapi/asm/hwcap.h.
#define CAP_DOT (1ul << 20)    // asimddp, of AT_HWCAP
#define CAP2_I8MM (1ul << 13)  // i8mm, of AT_HWCAP2

unsigned cpu_features(void) {
    if (!(getauxval(AT_HWCAP) & CAP_DOT)) return CPU_NEON;
    return CPU_NEON | CPU_NEON_DOT | (getauxval(AT_HWCAP2) & CAP2_I8MM ? CPU_NEON_I8MM : 0);
}

#else
unsigned cpu_features(void) { return 0; }
#endif
