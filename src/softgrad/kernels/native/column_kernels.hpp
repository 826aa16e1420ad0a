// The same two products for a tile that lies column by column, entry (i, j) at X[j * ldx + i]: lanes run along rows.
//
//   forward    Z[k, i]  = start_k + sum_j X[i, j] W[k, j]     no sum over lanes at all
//   backward   G[k, j] += sum_i X[i, j] R[k, i]               one sum over lanes a tile
//
#pragma once

#include "vectors.hpp"

namespace softgrad::SOFTGRAD_ISA {

// `rows` registers of rows, all features.
template <class T, int rows, int classes>
SOFTGRAD_INLINE void forward_columns(const T *X, int64_t ldx, int64_t d, const T *W, int64_t ldw, const T *start, T *z,
                                     int64_t ldz) {
    V<T> total[classes][rows];
    for (int k = 0; k < classes; ++k)
        for (int c = 0; c < rows; ++c) total[k][c] = broadcast<T>(start[k]);
#pragma GCC unroll 2
    for (int64_t j = 0; j < d; ++j, X += ldx)
        add_products<T, classes, rows>(
            [&](int k) __attribute__((always_inline)) { return broadcast<T>(W[k * ldw + j]); },
            [&](int c) __attribute__((always_inline)) { return load(X + c * L<T>); }, total);
    for (int k = 0; k < classes; ++k)
        for (int c = 0; c < rows; ++c) store(z + k * ldz + c * L<T>, total[k][c]);
}

// G[first..features) += the sums over the lanes of `total`'s registers, four by four.
template <class T, int features, int first = 0> SOFTGRAD_INLINE void add_sums(const V<T> *total, double *G) {
    constexpr int count = features - first < four ? features - first : four;
    const Four<double> sums = __builtin_convertvector((sum_some<T, count>(total + first, 1)), Four<double>);
    for (int c = 0; c < count; ++c) G[first + c] += sums[c];
    if constexpr (features - first > four) add_sums<T, features, first + four>(total, G);
}

// `features` columns of X, ldx apart, over whole registers of the t rows.
template <class T, int features, int classes>
SOFTGRAD_INLINE void backward_columns(const T *X, int64_t ldx, int64_t t, const T *R, int64_t ldr, double *G,
                                      int64_t ldg) {
    V<T> total[classes][features] = {};
#pragma GCC unroll 2
    for (int64_t i = 0; i < t; i += L<T>)
        add_products<T, classes, features>(
            [&](int k) __attribute__((always_inline)) { return load(R + k * ldr + i); },
            [&](int c) __attribute__((always_inline)) { return load(X + c * ldx + i); }, total);
#pragma GCC unroll 6
    for (int k = 0; k < classes; ++k) add_sums<T, features>(total[k], G + k * ldg);
}

// Sixteen entries from four rows to four columns.
template <class T>
SOFTGRAD_INLINE void transpose_four(const T *const rows[four], int64_t j, T *to, int64_t ld) {
    Four<T> a, b, c, d;
    memcpy(&a, rows[0] + j, sizeof a), memcpy(&b, rows[1] + j, sizeof b);
    memcpy(&c, rows[2] + j, sizeof c), memcpy(&d, rows[3] + j, sizeof d);
#if defined(SOFTGRAD_HAS_SHUFFLE)
    const Four<T> ab_even = __builtin_shufflevector(a, b, 0, 4, 2, 6), ab_odd = __builtin_shufflevector(a, b, 1, 5, 3, 7);
    const Four<T> cd_even = __builtin_shufflevector(c, d, 0, 4, 2, 6), cd_odd = __builtin_shufflevector(c, d, 1, 5, 3, 7);
    const Four<T> first = __builtin_shufflevector(ab_even, cd_even, 0, 1, 4, 5);
    const Four<T> second = __builtin_shufflevector(ab_odd, cd_odd, 0, 1, 4, 5);
    const Four<T> third = __builtin_shufflevector(ab_even, cd_even, 2, 3, 6, 7);
    const Four<T> fourth = __builtin_shufflevector(ab_odd, cd_odd, 2, 3, 6, 7);
    memcpy(to, &first, sizeof first), memcpy(to + ld, &second, sizeof second);
    memcpy(to + 2 * ld, &third, sizeof third), memcpy(to + 3 * ld, &fourth, sizeof fourth);
#else
    for (int m = 0; m < four; ++m) to[m * ld] = a[m], to[m * ld + 1] = b[m], to[m * ld + 2] = c[m], to[m * ld + 3] = d[m];
#endif
}

}  // namespace softgrad::SOFTGRAD_ISA
