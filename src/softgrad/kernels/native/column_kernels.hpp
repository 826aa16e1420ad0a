// The same two products for a tile that lies column by column, entry (i, j) at X[j * ldx + i]: lanes run along rows.
//
//   forward    Z[k, i]  = start_k + sum_j X[i, j] W[k, j]     no sum over lanes at all
//   backward   G[k, j] += sum_i X[i, j] R[k, i]               one sum over lanes a tile
//
// The blocks hold 4 registers of X against `classes` of the other factor, as in row_kernels.hpp.
#pragma once

#include "vectors.hpp"

namespace softgrad::SOFTGRAD_ISA {

// 4 registers of rows from i on, all features.
template <class T, int classes>
SOFTGRAD_INLINE void forward_columns(const T *X, int64_t ldx, int64_t d, const T *W, int64_t ldw, const T *start, T *z,
                                     int64_t ldz) {
    V<T> total[classes][block];
    for (int k = 0; k < classes; ++k)
        for (int c = 0; c < block; ++c) total[k][c] = broadcast<T>(start[k]);
    for (int64_t j = 0; j < d; ++j, X += ldx) {
        V<T> x[block];
        for (int c = 0; c < block; ++c) x[c] = load(X + c * L<T>);
        for (int k = 0; k < classes; ++k) {
            const V<T> w = broadcast<T>(W[k * ldw + j]);
            for (int c = 0; c < block; ++c) total[k][c] += x[c] * w;
        }
    }
    for (int k = 0; k < classes; ++k)
        for (int c = 0; c < block; ++c) store(z + k * ldz + c * L<T>, total[k][c]);
}

// 4 features, whose columns x[0..3] are; the first `count` of them are wanted.
template <class T, int classes>
SOFTGRAD_INLINE void backward_columns(const T *const x[block], int count, int64_t t, const T *R, int64_t ldr, double *G,
                                      int64_t ldg) {
    V<T> total[classes][block] = {};
    for (int64_t i = 0; i < t; i += L<T>) {
        V<T> column[block];
        for (int c = 0; c < block; ++c) column[c] = load(x[c] + i);
        for (int k = 0; k < classes; ++k) {
            const V<T> r = load(R + k * ldr + i);
            for (int c = 0; c < block; ++c) total[k][c] += column[c] * r;
        }
    }
    for (int k = 0; k < classes; ++k) {
        const Four<T> sums = sum_four<T>(total[k][0], total[k][1], total[k][2], total[k][3]);
        for (int c = 0; c < count; ++c) G[k * ldg + c] += double(sums[c]);
    }
}

// Sixteen entries from four rows to four columns.
template <class T>
SOFTGRAD_INLINE void transpose_four(const T *const rows[block], int64_t j, T *to, int64_t ld) {
    Four<T> a, b, c, d;
    memcpy(&a, rows[0] + j, sizeof a), memcpy(&b, rows[1] + j, sizeof b);
    memcpy(&c, rows[2] + j, sizeof c), memcpy(&d, rows[3] + j, sizeof d);
#if defined(SOFTGRAD_HAS_SHUFFLE)
    const Four<T> ab_even = __builtin_shufflevector(a, b, 0, 4, 2, 6), ab_odd = __builtin_shufflevector(a, b, 1, 5, 3, 7);
    const Four<T> cd_even = __builtin_shufflevector(c, d, 0, 4, 2, 6), cd_odd = __builtin_shufflevector(c, d, 1, 5, 3, 7);
    const Four<T> columns[block] = {__builtin_shufflevector(ab_even, cd_even, 0, 1, 4, 5),
                                    __builtin_shufflevector(ab_odd, cd_odd, 0, 1, 4, 5),
                                    __builtin_shufflevector(ab_even, cd_even, 2, 3, 6, 7),
                                    __builtin_shufflevector(ab_odd, cd_odd, 2, 3, 6, 7)};
    for (int m = 0; m < block; ++m) memcpy(to + m * ld, &columns[m], sizeof columns[m]);
#else
    for (int m = 0; m < block; ++m) to[m * ld] = a[m], to[m * ld + 1] = b[m], to[m * ld + 2] = c[m], to[m * ld + 3] = d[m];
#endif
}

}  // namespace softgrad::SOFTGRAD_ISA
