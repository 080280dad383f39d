// SPDX-License-Identifier: MIT
#include "dmath.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "bytes.h"

// ln 2 and pi/2 in two pieces: the first has trailing zero bits, so that k * HIGH is exact for the k that occur.
#define LN2_HIGH 0x1.62e42fee00000p-1
#define LN2_LOW 0x1.a39ef35793c76p-33
#define PIO2_HIGH 0x1.921fb54400000p+0
#define PIO2_LOW 0x1.0b4611a626331p-34

// exp(x) = 2^k exp(r), |r| <= ln2 / 2; exp(r) by its Taylor series to r^13/13!, whose remainder is below 2^-57.
static inline double exp_series(double r) {
    double sum = 1.0 / 6227020800.0;
    sum = sum * r + 1.0 / 479001600.0;
    sum = sum * r + 1.0 / 39916800.0;
    sum = sum * r + 1.0 / 3628800.0;
    sum = sum * r + 1.0 / 362880.0;
    sum = sum * r + 1.0 / 40320.0;
    sum = sum * r + 1.0 / 5040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 0.5;
    return (sum * r + 1.0) * r + 1.0;
}

// Adding ROUNDER rounds a double to an integer, to nearest even, and leaves it in the low bits of the representation.
#define ROUNDER 0x1.8p52
static inline double exp_shifted(double x) { return x * 1.4426950408889634 + ROUNDER; }

static inline double exp_reduced(double x, double shifted) {
    double k = shifted - ROUNDER;
    return exp_series((x - k * LN2_HIGH) - k * LN2_LOW);
}

double d_exp(double x) {
    if (!(x > -745.2)) return x != x ? x : 0.0;
    if (x > 709.79) return (double)INFINITY;
    double shifted = exp_shifted(x);
    int k = (int)(shifted - ROUNDER);
    // 2^k in two factors: k may be below the exponents of normal numbers, or just above the largest.
    int half = k / 2;
    double scale = f64_from_bits((uint64_t)(half + 1023) << 52);
    double rest = f64_from_bits((uint64_t)(k - half + 1023) << 52);
    return exp_reduced(x, shifted) * scale * rest;
}

// The same operations without branches, so that the compiler vectorizes the loop. 2^k is a normal number.
void d_exp_row(double *out, const double *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double bounded = x[i] > -708.0 ? x[i] : -708.0, shifted = exp_shifted(bounded);
        double value = exp_reduced(bounded, shifted) * f64_from_bits((f64_bits(shifted) + 1023) << 52);
        out[i] = x[i] > -708.0 ? value : 0.0;
    }
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

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double d_median(double *values, size_t n) {
    if (n == 0) return (double)NAN;
    qsort(values, n, sizeof *values, ascending);
    return (values[(n - 1) / 2] + values[n / 2]) / 2;
}
