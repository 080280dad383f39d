// SPDX-License-Identifier: MIT
#include "dmath.h"

#include <math.h>
#include <stdint.h>

#include "bytes.h"

// ln 2 and pi/2 in two pieces: the first has trailing zero bits, so that k * HIGH is exact for the k that occur.
#define LN2_HIGH 0x1.62e42fee00000p-1
#define LN2_LOW 0x1.a39ef35793c76p-33
#define PIO2_HIGH 0x1.921fb54400000p+0
#define PIO2_LOW 0x1.0b4611a626331p-34

// exp(x) = 2^k exp(r), |r| <= ln2 / 2; exp(r) by its Taylor series to r^13/13!, whose remainder is below 2^-57.
double d_exp(double x) {
    if (!(x > -745.2)) return x != x ? x : 0.0;
    if (x > 709.79) return (double)INFINITY;
    double scaled = x * 1.4426950408889634;
    int k = (int)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    double r = (x - (double)k * LN2_HIGH) - (double)k * LN2_LOW, sum = 1.0;
    for (int i = 13; i > 0; i--) sum = sum * r / (double)i + 1.0;
    // 2^k in two factors: k may be below the exponents of normal numbers, or just above the largest.
    int half = k / 2;
    return sum * f64_from_bits((uint64_t)(half + 1023) << 52) * f64_from_bits((uint64_t)(k - half + 1023) << 52);
}

// x = 2^k m, m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m-1)/(m+1), |s| < 0.1716, by its series to s^23.
double d_log(double x) {
    if (!(x > 0)) return x == 0 ? -(double)INFINITY : (double)NAN;
    if (x > 1.7976931348623157e308) return x;
    int k = 0;
    if (x < 0x1p-1022) x *= 0x1p54, k = -54;
    uint64_t bits = f64_bits(x);
    k += (int)(bits >> 52) - 1023;
    double m = f64_from_bits((bits & 0xfffffffffffffu) | 0x3ff0000000000000u);
    if (m > 1.4142135623730951) m *= 0.5, k++;
    double s = (m - 1.0) / (m + 1.0), s2 = s * s, sum = 0.0;
    for (int i = 23; i > 1; i -= 2) sum = (sum + 1.0 / (double)i) * s2;
    return (double)k * LN2_HIGH + (2.0 * s + (2.0 * s * sum + (double)k * LN2_LOW));
}

// Taylor series on |r| <= pi/4, to r^17 and r^18.
static double sin_series(double r) {
    double r2 = r * r, sum = 1.0;
    for (int i = 17; i > 1; i -= 2) sum = 1.0 - sum * r2 / (double)(i * (i - 1));
    return r * sum;
}

static double cos_series(double r) {
    double r2 = r * r, sum = 1.0;
    for (int i = 18; i > 0; i -= 2) sum = 1.0 - sum * r2 / (double)(i * (i - 1));
    return sum;
}

static double reduced(double x, unsigned *quadrant) {
    double scaled = x * 0.6366197723675814;
    int64_t k = (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    *quadrant = (unsigned)(k & 3);
    return (x - (double)k * PIO2_HIGH) - (double)k * PIO2_LOW;
}

double d_sin(double x) {
    unsigned quadrant;
    double r = reduced(x, &quadrant), value = quadrant & 1 ? cos_series(r) : sin_series(r);
    return quadrant & 2 ? -value : value;
}

double d_cos(double x) {
    unsigned quadrant;
    double r = reduced(x, &quadrant), value = quadrant & 1 ? sin_series(r) : cos_series(r);
    return quadrant == 1 || quadrant == 2 ? -value : value;
}
