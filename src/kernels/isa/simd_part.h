// SPDX-License-Identifier: MIT
// Parts of a vector by way of a copy. AVX2 has masked loads, but emulators fault where a processor does not, and its
// masked stores are slow on some processors; parts are only ever the ends of rows.

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
