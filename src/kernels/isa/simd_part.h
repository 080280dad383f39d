// SPDX-License-Identifier: MIT
// Loads and stores parts of a vector through a copy. AVX2 has masked loads, but emulators fault where a processor does
// not, and its masked stores are slow on some processors. Parts occur only at the ends of rows.

SIMD vf vf_load_part(const void *p, size_t n) {
    float part[VF] = {0};
    memcpy(part, p, n * sizeof *part);
    return vf_load(part);
}

SIMD void vf_store_part(void *p, vf a, size_t n) {
    float part[VF];
    vf_store(part, a);
    memcpy(p, part, n * sizeof *part);
}
