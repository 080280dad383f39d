// SPDX-License-Identifier: MIT
// The reference kernels against plain computations in double precision. The other tables are compared with the
// reference bit for bit, by check_kernels.
#include "test.h"

#include <float.h>
#include <math.h>

#include "kernels/kernels.h"
#include "kernels/mathf.h"

// |got - want| in units of the last place of want as a float; subnormal results count by the smallest normal's.
static double ulps(float got, double want) {
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : HUGE_VAL;
    if ((double)got == want) return 0;
    int exponent;
    frexp(want, &exponent);
    if (exponent < -125) exponent = -125;
    return fabs((double)got - want) / ldexp(1.0, exponent - 24);
}

// Worst error of f against want over floats lo..hi, every `step`-th bit pattern (lo and hi of one sign, |lo| < |hi|).
static double worst(float (*f)(float), double (*want)(double), float lo, float hi, uint32_t step) {
    double most = 0;
    for (uint32_t bits = f32_bits(lo); bits <= f32_bits(hi); bits += step) {
        float x = f32_from_bits(bits);
        double error = ulps(f(x), want((double)x));
        if (error > most) most = error;
    }
    return most;
}

static void exp_is_within_one_ulp(void **state) {
    (void)state;
    double up = worst(mathf_exp, exp, 0x1p-40f, 88.7228f, 97), down = worst(mathf_exp, exp, -0x1p-40f, -87.33f, 97);
    print_message("exp: %.3f ulp above 0, %.3f below\n", up, down);
    assert_true(up <= 1.0 && down <= 1.0);
    assert_true(mathf_exp(0.0f) == 1.0f && mathf_exp(-0.0f) == 1.0f);
    assert_int_equal(f32_bits(mathf_exp(-87.34f)), 0);
    assert_int_equal(f32_bits(mathf_exp(-INFINITY)), 0);
    assert_true(mathf_exp(88.73f) == INFINITY && mathf_exp(INFINITY) == INFINITY && isnan(mathf_exp(NAN)));
}

static void tanh_is_within_two_ulp(void **state) {
    (void)state;
    double most = worst(mathf_tanh, tanh, 0x1p-60f, 100.0f, 97);
    print_message("tanh: %.3f ulp\n", most);
    assert_true(most <= 2.0);
    for (float x = 0x1p-20f; x < 100; x *= 1.37f) assert_true(mathf_tanh(-x) == -mathf_tanh(x));
    assert_true(mathf_tanh(INFINITY) == 1.0f && mathf_tanh(-INFINITY) == -1.0f && isnan(mathf_tanh(NAN)));
    assert_int_equal(f32_bits(mathf_tanh(-0.0f)), 0x80000000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_within_one_ulp),
        cmocka_unit_test(tanh_is_within_two_ulp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
