// exp and log1p on registers: within one unit in the last place on the range that the softmax sees.
//
// Coefficients are Chebyshev fits of the remaining factor, computed with 60 digits; the reduction keeps the leading
// terms exact. NaN stays NaN.
#pragma once

#include "vectors.hpp"

namespace softgrad::SOFTGRAD_ISA {

template <class T> struct Constants;

template <> struct Constants<double> {
    static constexpr double log2e = 1.4426950408889634;
    static constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 1.9082149292705877e-10;
    static constexpr double to_integer = 0x1.8p52;  // adding it leaves the nearest integer in the low bits
    static constexpr int mantissa_bits = 52, bias = 1023;
    static constexpr int64_t mantissa = (int64_t(1) << 52) - 1;
    static constexpr double underflows = -690, vanishes = -750, lifted = 0x1p-64;
    static constexpr int lift = 64;
    static constexpr double exp_tail[] = {0.5000000000000001022,    0.1666666666666666745,     0.04166666666662412787,
                                          0.008333333333330061833,  0.00138888889172137169,    0.0001984126986305361688,
                                          0.00002480152129595437513, 2.755726845999706477e-6,  2.762008844540974816e-7,
                                          2.510038549551031908e-8};
    static constexpr double log_tail[] = {0.3333333333333333323,  0.2000000000000044162,  0.1428571428539989252,
                                          0.1111111119629052255,  0.09090897773760568117, 0.07693122368810833303,
                                          0.0663431918463341194,  0.06544017425463776915};
};

template <> struct Constants<float> {
    static constexpr float log2e = 1.44269504f;
    static constexpr float ln2_high = 0.693145751953125f, ln2_low = 1.42860682e-6f;
    static constexpr float to_integer = 0x1.8p23f;
    static constexpr int mantissa_bits = 23, bias = 127;
    static constexpr int32_t mantissa = (int32_t(1) << 23) - 1;
    static constexpr float underflows = -80, vanishes = -110, lifted = 0x1p-64f;
    static constexpr int lift = 64;
    static constexpr float exp_tail[] = {0.5f, 0.1666657698969877568f, 0.0416665546172045742f,
                                         0.00836317905272257737f, 0.001392618358771349454f};
    static constexpr float log_tail[] = {0.3333333327702100621f, 0.200000611059053247f, 0.1427538931659598272f,
                                         0.1166580723592174962f};
};

// Horner's rule from coefficient n downwards on `many` registers at once, step by step, so that none waits for what it
// has just begun.
template <class T, int n, int N, int many>
SOFTGRAD_INLINE void continue_polynomial(const T (&coefficients)[N], const V<T> (&x)[many], V<T> (&result)[many]) {
    for (int m = 0; m < many; ++m) result[m] = kept<T>(result[m] * x[m] + coefficients[n]);
    if constexpr (n > 0) continue_polynomial<T, n - 1>(coefficients, x, result);
}

template <class T, int N, int many>
SOFTGRAD_INLINE void polynomial(const T (&coefficients)[N], const V<T> (&x)[many], V<T> (&result)[many]) {
    for (int m = 0; m < many; ++m) result[m] = broadcast<T>(coefficients[N - 1]);
    continue_polynomial<T, N - 2>(coefficients, x, result);
}

// exp(x) for x <= 0 (and -inf, NaN), in place: x = k ln 2 + r with |r| <= ln 2 / 2, exp(x) = 2^k (1 + r (1 + r q(r))).
// Where 2^k would be subnormal it is formed 2^64 times too large and brought down by one rounding multiplication;
// without `may_underflow` no x is below `underflows`.
template <class T, bool may_underflow, int many> SOFTGRAD_INLINE void exp_nonpositive(V<T> (&x)[many]) {
    using C = Constants<T>;
    V<T> shifted[many], r[many], less_one[many];
    if (may_underflow)
        for (int m = 0; m < many; ++m) x[m] = choose<T>(x[m] < C::vanishes, broadcast<T>(C::vanishes), x[m]);
    for (int m = 0; m < many; ++m) shifted[m] = kept<T>(x[m] * C::log2e + C::to_integer);
    for (int m = 0; m < many; ++m) r[m] = kept<T>(x[m] - (shifted[m] - C::to_integer) * C::ln2_high);
    for (int m = 0; m < many; ++m) r[m] = kept<T>(r[m] - (shifted[m] - C::to_integer) * C::ln2_low);
    polynomial<T>(C::exp_tail, r, less_one);
    for (int m = 0; m < many; ++m) less_one[m] = kept<T>(less_one[m] * r[m] + T(1));
    for (int m = 0; m < many; ++m) less_one[m] = kept<T>(less_one[m] * r[m]);
    for (int m = 0; m < many; ++m) {
        const I<T> exponent = as_bits<T>(shifted[m]) + (C::bias - as_bits<T>(broadcast<T>(C::to_integer)));
        if (may_underflow) {
            const I<T> tiny = x[m] < C::underflows;
            const V<T> power = as_real<T>((exponent + (tiny & C::lift)) << C::mantissa_bits);
            x[m] = (less_one[m] * power + power) * choose<T>(tiny, broadcast<T>(C::lifted), broadcast<T>(T(1)));
        } else {
            const V<T> power = as_real<T>(exponent << C::mantissa_bits);
            x[m] = less_one[m] * power + power;
        }
    }
}

// log(1 + x) for finite x >= 0 (and NaN): 1 + x = 2^k (1 + f), s = f / (2 + f), log(1 + f) = 2 s (1 + s^2 g(s^2)),
// and what rounding 1 + x lost comes back as its derivative; `inverse` is 1 / (1 + x).
template <class T> SOFTGRAD_INLINE V<T> log1p_nonnegative(V<T> x, V<T> inverse) {
    using C = Constants<T>;
    const V<T> u = x + T(1);
    const V<T> lost = choose<T>(x < T(1), x - (u - T(1)), T(1) - (u - x)) * inverse;
    const I<T> above_root = as_bits<T>(u) - as_bits<T>(broadcast<T>(T(0.70710678118654752)));
    const I<T> k = (above_root & ~C::mantissa);
    const V<T> f = as_real<T>(as_bits<T>(u) - k) - T(1);
    const V<T> s = f / (f + T(2));
    const V<T> w[1] = {s * s};
    V<T> tail[1];
    polynomial<T>(C::log_tail, w, tail);
    const I<T> small = ((I<T>)((typename Lanes<T>::U)above_root >> C::mantissa_bits)) + as_bits<T>(broadcast<T>(C::to_integer));
    const V<T> twos = as_real<T>(small) - C::to_integer;
    return twos * C::ln2_high + ((T(2) * s + (T(2) * (s * w[0] * tail[0]) + (twos * C::ln2_low + lost))));
}

}  // namespace softgrad::SOFTGRAD_ISA
