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
};

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

// Steps that either product of a tile takes; a step is one multiply-add for each sum in registers.
template <class T> static int64_t steps_of_product(const Span<T> &span, int64_t t, int64_t n_classes) {
    return 1 + t * span.full * n_classes / sums_in_registers;
}

// Lines that a step fetches of the next tile, of which half comes with each product.
template <class T> constexpr int lines_a_step(int classes) {
    const int bytes = sums_in_registers * int(sizeof(V<T>)) / 2, each = classes * line_of_cache;
    return (bytes + each - 1) / each;
}

// Z[k, 0..rows) of rows x and `classes` rows of W over the features [from, to): beginning with `start` where from is 0,
// else added to what is there. Whole quadruples of Z are written: the next rows' come later.
template <class T, int rows, int classes>
SOFTGRAD_INLINE void forward_rows(const Span<T> &span, const T *const *x, Fetch &fetch, const T *W, int64_t ldw,
                                  const T *start, int64_t from, int64_t to, T *z, int64_t ldz) {
    V<T> total[rows][classes] = {};
    const auto add = [&](int64_t j) __attribute__((always_inline)) {
        add_products<T, rows, classes>([&](int r) __attribute__((always_inline)) { return load(x[r] + j); },
                                       [&](int k) __attribute__((always_inline)) { return load(W + k * ldw + j); },
                                       total);
    };
#pragma GCC unroll 2
    for (int64_t j = from; j < to; j += L<T>) {
        fetch.template step<lines_a_step<T>(classes)>();
        add(j);
    }
    if (span.rest && to == span.full * L<T>) {
        const int64_t last = span.d - L<T>;
        add_products<T, rows, classes>(
            [&](int r) __attribute__((always_inline)) { return keep<T>(span.mask, load(x[r] + last)); },
            [&](int k) __attribute__((always_inline)) { return load(W + k * ldw + last); }, total);
    }
    for (int k = 0; k < classes; ++k) {
        store_sums<T, rows, 0>(&total[0][k], classes, start[k], from == 0, z + k * ldz);
        if constexpr (rows > four) store_sums<T, rows, four>(&total[0][k], classes, start[k], from == 0, z + k * ldz);
    }
}

// Sums are kept in double, whatever a tile's arithmetic: a register of float is added half by half.
SOFTGRAD_INLINE void add_to(double *to, V<double> sums) { store(to, load(to) + sums); }

SOFTGRAD_INLINE void add_to(double *to, V<float> sums) {
    typedef float Half __attribute__((vector_size(SOFTGRAD_VECTOR_BYTES / 2)));
    Half halves[2];
    memcpy(halves, &sums, sizeof sums);
    add_to(to, __builtin_convertvector(halves[0], V<double>));
    add_to(to + L<double>, __builtin_convertvector(halves[1], V<double>));
}

// G[k, registers first..first+columns) += sum over the t rows; R is (classes, ldr). The last register is the row's
// end where it `ends`.
template <class T, int columns, int classes, bool ends, bool fetches>
SOFTGRAD_INLINE void backward_rows(const Span<T> &span, const T *X, int64_t ldx, int64_t t, Fetch &fetch, const T *R,
                                   int64_t ldr, int64_t first, double *G, int64_t ldg) {
    V<T> total[classes][columns] = {};
    int64_t starts[columns];
    for (int c = 0; c < columns; ++c) starts[c] = c < columns - 1 || !ends ? (first + c) * L<T> : span.d - L<T>;
    const auto add = [&](const T *row, int64_t i) __attribute__((always_inline)) {
        add_products<T, classes, columns>(
            [&](int k) __attribute__((always_inline)) { return broadcast<T>(R[k * ldr + i]); },
            [&](int c) __attribute__((always_inline)) {
                const V<T> x = load(row + starts[c]);
                return ends && c == columns - 1 ? keep<T>(span.mask, x) : x;
            },
            total);
    };
#pragma GCC unroll 2
    for (int64_t i = 0; i < t; ++i, X += ldx) {
        if (fetches) fetch.template step<lines_a_step<T>(classes)>();
        add(X, i);
    }
    for (int k = 0; k < classes; ++k)
        for (int c = 0; c < columns; ++c) add_to(G + k * ldg + starts[c], total[k][c]);
}

}  // namespace softgrad::SOFTGRAD_ISA
