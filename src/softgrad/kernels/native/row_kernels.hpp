// The two products of a tile with X where its rows lie one after the other, register-blocked: lanes run along the
// features in both.
//
//   forward    Z[k, i]  = start_k + sum_j X[i, j] W[k, j]     2 t d K flop, X and W read from cache
//   backward   G[k, j] += sum_i X[i, j] R[k, i]               2 t d K flop, X read while the tile is hot
//
// A block holds 4 registers of X against `classes` registers of the other factor: 4 x classes sums, 4 + classes loads
// for as many fused multiply-adds. The last, incomplete register of a row is loaded so that it ends with the row, and
// the lanes counted before are masked away: no load leaves a row, none is slower, and d >= lanes is all it needs.
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

// Registers of sums that wait for a row's next features: (class, row) in the order of the loops.
template <class T> using Partial = V<T> *;

// Asks for the rows that come next, a little with every step, so that the memory is never waited for nor flooded.
struct Fetch {
    const char *next;
    int64_t stride;  // bytes a step

    static inline __attribute__((always_inline)) void step(Fetch &fetch) {
        __builtin_prefetch(fetch.next);
        if (fetch.stride > 64) __builtin_prefetch(fetch.next + 64);
        fetch.next += fetch.stride;
    }
};

// Sums over the features [from, to) of rows x[0..3] with `classes` rows of W. Where `begins` they start at zero, else
// at `partial`; where `ends` the masked rest joins them and they are summed over the lanes into `sums`, else they go
// to `partial`.
template <class T, int classes>
SOFTGRAD_INLINE void forward_rows(const Span<T> &span, const T *const x[block], Fetch &fetch, const T *W, int64_t ldw,
                                  int64_t from, int64_t to, bool begins, bool ends, Partial<T> partial, Four<T> *sums) {
    V<T> total[block][classes];
    for (int r = 0; r < block; ++r)
        for (int k = 0; k < classes; ++k) total[r][k] = begins ? V<T>{} : partial[k * block + r];
    for (int64_t j = from; j < to; j += L<T>) {
        V<T> row[block];
        Fetch::step(fetch);
        for (int r = 0; r < block; ++r) row[r] = load(x[r] + j);
        for (int k = 0; k < classes; ++k) {
            const V<T> w = load(W + k * ldw + j);
            for (int r = 0; r < block; ++r) total[r][k] += row[r] * w;
        }
    }
    if (!ends) {
        for (int r = 0; r < block; ++r)
            for (int k = 0; k < classes; ++k) partial[k * block + r] = total[r][k];
        return;
    }
    if (span.rest) {
        const int64_t j = span.d - L<T>;
        for (int r = 0; r < block; ++r) {
            const V<T> row = keep<T>(span.mask, load(x[r] + j));
            for (int k = 0; k < classes; ++k) total[r][k] += row * load(W + k * ldw + j);
        }
    }
    for (int k = 0; k < classes; ++k) sums[k] = sum_four<T>(total[0][k], total[1][k], total[2][k], total[3][k]);
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
