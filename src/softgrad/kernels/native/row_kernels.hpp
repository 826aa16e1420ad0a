// The two products of a tile with X where its rows lie one after the other, register-blocked: lanes run along the
// features in both.
//
//   forward    Z[k, i]  = start_k + sum_j X[i, j] W[k, j]     2 t d K flop, X and W read from cache
//   backward   G[k, j] += sum_i X[i, j] R[k, i]               2 t d K flop, X read while the tile is hot
//
// The last, incomplete register of a row is loaded so that it ends with the row, and the lanes counted before are masked
// away: no load leaves a row, none is slower, and d >= lanes is all it needs.
#pragma once

#include "vectors.hpp"

namespace softgrad::SOFTGRAD_ISA {

// How the d entries of a row fall into registers.
template <class T> struct Span {
    int64_t d, full;  // full registers
    int rest;         // entries beyond them
    I<T> mask;        // of the register that ends with the row: lanes not counted before

    explicit Span(int64_t width) : d(width), full(width / L<T>), rest(int(width % L<T>)) {
        for (int lane = 0; lane < L<T>; ++lane) mask[lane] = lane >= L<T> - rest ? -1 : 0;
    }
    int64_t registers() const { return full + (rest > 0); }
    int64_t start(int64_t index) const { return index < full ? index * L<T> : d - L<T>; }
};

// Sums over the lanes of up to four registers.
template <class T, int count> SOFTGRAD_INLINE Four<T> sum_some(const V<T> *of, int64_t stride) {
    V<T> parts[four] = {};
    for (int c = 0; c < count && c < four; ++c) parts[c] = of[c * stride];
    return sum_four<T>(parts[0], parts[1], parts[2], parts[3]);
}

// z[first..) = start or what is there + the sums of registers first.. of `rows`, up to four.
template <class T, int rows, int first>
SOFTGRAD_INLINE void store_sums(const V<T> *total, int64_t stride, T start, bool begins, T *z) {
    Four<T> sums = sum_some<T, rows - first>(total + first * stride, stride), before;
    if (begins)
        sums += start;
    else
        memcpy(&before, z + first, sizeof before), sums += before;
    memcpy(z + first, &sums, sizeof sums);
}

// Z[k, 0..rows) of rows x and `classes` rows of W over the features [from, to): beginning with `start` where from is 0,
// else added to what is there. Whole quadruples of Z are written: the next rows' come later.
template <class T, int rows, int classes>
SOFTGRAD_INLINE void forward_rows(const Span<T> &span, const T *const *x, Fetch &fetch, const T *W, int64_t ldw,
                                  const T *start, int64_t from, int64_t to, T *z, int64_t ldz) {
    V<T> total[rows][classes] = {};
    for (int64_t j = from; j < to; j += L<T>) {
        V<T> row[rows];
        fetch.step();
        for (int r = 0; r < rows; ++r) row[r] = load(x[r] + j);
        for (int k = 0; k < classes; ++k) {
            const V<T> w = load(W + k * ldw + j);
            for (int r = 0; r < rows; ++r) total[r][k] += row[r] * w;
        }
    }
    if (span.rest && to == span.full * L<T>) {
        const int64_t j = span.d - L<T>;
        for (int r = 0; r < rows; ++r) {
            const V<T> row = keep<T>(span.mask, load(x[r] + j));
            for (int k = 0; k < classes; ++k) total[r][k] += row * load(W + k * ldw + j);
        }
    }
    for (int k = 0; k < classes; ++k) {
        store_sums<T, rows, 0>(&total[0][k], classes, start[k], from == 0, z + k * ldz);
        if constexpr (rows > four) store_sums<T, rows, four>(&total[0][k], classes, start[k], from == 0, z + k * ldz);
    }
}

// Sums are kept in double, whatever a tile's arithmetic.
template <class T> SOFTGRAD_INLINE void add_to(double *to, V<T> sums) {
    typedef double Wide __attribute__((vector_size(sizeof(double) * L<T>)));
    Wide total;
    memcpy(&total, to, sizeof total);
    total += __builtin_convertvector(sums, Wide);
    memcpy(to, &total, sizeof total);
}

// G[k, registers first..first+columns) += sum over the t rows; R is (classes, ldr).
template <class T, int columns, int classes, bool ends>
SOFTGRAD_INLINE void backward_rows(const Span<T> &span, const T *X, int64_t ldx, int64_t t, const T *R, int64_t ldr,
                                    int64_t first, double *G, int64_t ldg) {
    V<T> total[classes][columns] = {};
    int64_t starts[columns];
    for (int c = 0; c < columns; ++c) starts[c] = span.start(first + c);
    for (int64_t i = 0; i < t; ++i, X += ldx) {
        V<T> x[columns];
        for (int c = 0; c < columns; ++c) x[c] = load(X + starts[c]);
        if (ends) x[columns - 1] = keep<T>(span.mask, x[columns - 1]);
        for (int k = 0; k < classes; ++k) {
            const V<T> r = broadcast<T>(R[k * ldr + i]);
            for (int c = 0; c < columns; ++c) total[k][c] += x[c] * r;
        }
    }
    for (int k = 0; k < classes; ++k)
        for (int c = 0; c < columns; ++c) add_to<T>(G + k * ldg + starts[c], total[k][c]);
}

}  // namespace softgrad::SOFTGRAD_ISA
