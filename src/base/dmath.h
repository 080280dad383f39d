// SPDX-License-Identifier: MIT
// exp, log, sin and cos in double precision, the same bits on every machine: plain +, *, / and polynomials without
// tables. For the sampler and for reported log-probabilities; the forward pass has its own vector functions. And a
// median.
#ifndef QUILL_BASE_DMATH_H
#define QUILL_BASE_DMATH_H

#include <stddef.h>

double d_exp(double x); // relative error below 2^-50; +0 below -745.2, +infinity above 709.79; NaN stays
void d_exp_row(double *out, const double *x, size_t n); // x[i] <= 709: d_exp of each, but +0 from -708 down
double d_log(double x); // absolute error below 2^-50 relative to max(1, |log x|); x > 0; log 0 is -infinity; x < 0: NaN
double d_sin(double x); // |x| <= 2^20; absolute error below 2^-48
double d_cos(double x);
double d_median(double *values, size_t n); // sorts them; n even: mean of the middle two; n = 0: NaN

#endif
