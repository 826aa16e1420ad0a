// The two products of a tile with X, in blocks whose sums stay in registers.
#pragma once

#include "ranges.hpp"
#include "row_kernels.hpp"
#include "rows.hpp"
#include "tiles.hpp"

namespace softgrad::SOFTGRAD_ISA {

// Rows that share what is read of W: every range cuts them into groups of its own, which leave its sums in registers.
constexpr int rows_at_once = sums_in_registers;

// Features of one part of a row; the parts of d are as even as whole registers allow. So many rows of a part, and a range
// of classes, stay in the first level of cache. Registers of 64 bytes take longer to sum over lanes at a part's end, and
// a part has fewer of them: there parts are longer, and stay in the second.
template <class T> static int64_t features_at_once(const Span<T> &span) {
    constexpr int64_t bytes = (sizeof(V<T>) < line_of_cache ? 20 : 50) * 1024;
    constexpr int64_t most = bytes / (rows_at_once * sizeof(V<T>));
    const int64_t parts = (span.full + most - 1) / most;
    return parts ? (span.full + parts - 1) / parts * L<T> : L<T>;
}

template <class T, int classes>
SOFTGRAD_INLINE void forward_range(const Span<T> &span, const Block<T> &x, int64_t i, int64_t count, Fetch &fetch,
                                   const T *W, int64_t ldw, const T *start, int64_t from, int64_t to, T *z,
                                   int64_t ldz) {
    constexpr int rows = registers_against(classes);
    for (int64_t group = 0; group < count; group += rows) {
        const T *here[rows];
        for (int r = 0; r < rows; ++r) here[r] = x.row(i + group + r);
        forward_rows<T, rows, classes>(span, here, fetch, W, ldw, start, from, to, z + group, ldz);
    }
}

template <class T, int largest>
static void forward_largest(const Span<T> &span, const Block<T> &x, Fetch fetch, const T *W, int64_t ldw,
                            const T *start, const ClassBlocks &blocks, const Tile<T> &z) {
    const int64_t whole = span.full * L<T>, at_once = features_at_once(span);
    for (int64_t i = 0; i < x.t; i += rows_at_once) {
        const int64_t count = x.t - i < rows_at_once ? x.t - i : rows_at_once;
        for (int64_t from = 0; from == 0 || from < whole; from += at_once) {
            const int64_t to = from + at_once < whole ? from + at_once : whole;
            for_each_range<largest>(blocks, [&](auto size, int64_t k) __attribute__((always_inline)) {
                forward_range<T, size.value>(span, x, i, count, fetch, W + k * ldw, ldw, start + k, from, to,
                                             z.at(k, i), z.ld);
            });
        }
    }
}

template <class T>
static void forward(const Span<T> &span, const Block<T> &x, const Fetch &fetch, const T *W, int64_t ldw,
                    const T *start, int64_t K, const Tile<T> &z) {
    const ClassBlocks blocks(K);
    with_largest(blocks,
                 [&](auto largest) { forward_largest<T, largest.value>(span, x, fetch, W, ldw, start, blocks, z); });
}

// Registers [first, end) of a row in groups that leave the sums in registers; its last, incomplete one with the one before.
template <class T, int classes, bool fetches>
SOFTGRAD_INLINE void backward_range(const Span<T> &span, const T *X, int64_t ldx, int64_t t, Fetch &fetch, const T *R,
                                    int64_t ldr, int64_t first, int64_t end, double *G, int64_t ldg) {
    constexpr int columns = registers_against(classes);
    const int64_t whole = end > span.full ? span.full : end;
    for (; first + columns <= whole; first += columns)
        backward_rows<T, columns, classes, false, fetches>(span, X, ldx, t, fetch, R, ldr, first, G, ldg);
    if constexpr (columns > 4)
        for (; first + 4 <= whole; first += 4)
            backward_rows<T, 4, classes, false, false>(span, X, ldx, t, fetch, R, ldr, first, G, ldg);
    for (; first + 2 <= whole; first += 2)
        backward_rows<T, 2, classes, false, false>(span, X, ldx, t, fetch, R, ldr, first, G, ldg);
    if (end > whole && first < whole)
        backward_rows<T, 2, classes, true, false>(span, X, ldx, t, fetch, R, ldr, first, G, ldg);
    else if (end > whole)
        backward_rows<T, 1, classes, true, false>(span, X, ldx, t, fetch, R, ldr, first, G, ldg);
    else if (first < whole)
        backward_rows<T, 1, classes, false, false>(span, X, ldx, t, fetch, R, ldr, first, G, ldg);
}

// Fetches where all classes are one range.
template <class T, int largest, bool fetches>
static void backward_largest(const Span<T> &span, const Block<T> &x, Fetch fetch, const Tile<T> &r,
                             const ClassBlocks &blocks, double *G, int64_t ldg) {
    constexpr int64_t columns = sums_in_registers, rows = 48 * 1024 / (columns * sizeof(V<T>));
    for (int64_t first = 0; first < span.registers(); first += columns) {
        const int64_t end = first + columns < span.registers() ? first + columns : span.registers();
        for (int64_t i = 0; i < x.t; i += rows) {
            const auto add = [&](auto size, int64_t k) __attribute__((always_inline)) {
                backward_range<T, size.value, fetches>(span, x.row(i), x.ld, x.t - i < rows ? x.t - i : rows, fetch,
                                                       r.at(k, i), r.ld, first, end, G + k * ldg, ldg);
            };
            if constexpr (fetches)
                add(Size<largest>{}, 0);
            else
                for_each_range<largest>(blocks, add);
        }
    }
}

template <class T>
static void backward(const Span<T> &span, const Block<T> &x, const Fetch &fetch, const Tile<T> &r, int64_t K, double *G,
                     int64_t ldg) {
    const ClassBlocks blocks(K);
    with_largest(blocks, [&](auto largest) {
        if (blocks.count == 1)
            backward_largest<T, largest.value, true>(span, x, fetch, r, blocks, G, ldg);
        else
            backward_largest<T, largest.value, false>(span, x, fetch, r, blocks, G, ldg);
    });
}

// Both products of a tile of columns.
template <class T, int rows, int largest>
static void forward_registers(const Block<T> &x, int64_t d, const T *W, int64_t ldw, const T *start,
                              const ClassBlocks &blocks, int64_t i, const Tile<T> &z) {
    for_each_range<largest>(blocks, [&](auto size, int64_t k) __attribute__((always_inline)) {
        forward_columns<T, rows, size.value>(x.data + i, x.ld, d, W + k * ldw, ldw, start + k, z.at(k, i), z.ld);
    });
}

template <class T>
static void forward(const Block<T> &x, int64_t d, const T *W, int64_t ldw, const T *start, int64_t K, const Tile<T> &z) {
    const ClassBlocks blocks(K);
    with_largest(blocks, [&](auto size) {
        constexpr int largest = size.value, rows = registers_against(largest);
        int64_t i = 0;
        for (; i + rows * L<T> <= swept<T>(x.t); i += rows * L<T>)
            forward_registers<T, rows, largest>(x, d, W, ldw, start, blocks, i, z);
        for (; i < x.t; i += L<T>) forward_registers<T, 1, largest>(x, d, W, ldw, start, blocks, i, z);
    });
}

template <class T, int features, int largest>
static void backward_features(const Block<T> &x, const Tile<T> &r, const ClassBlocks &blocks, int64_t j, double *G,
                              int64_t ldg) {
    for_each_range<largest>(blocks, [&](auto size, int64_t k) __attribute__((always_inline)) {
        backward_columns<T, features, size.value>(x.data + j * x.ld, x.ld, swept<T>(x.t), r.at(k, 0), r.ld,
                                                  G + k * ldg + j, ldg);
    });
}

template <class T>
static void backward(const Block<T> &x, int64_t d, const Tile<T> &r, int64_t K, double *G, int64_t ldg) {
    const ClassBlocks blocks(K);
    with_largest(blocks, [&](auto size) {
        constexpr int largest = size.value, features = registers_against(largest);
        int64_t j = 0;
        for (; j + features <= d; j += features) backward_features<T, features, largest>(x, r, blocks, j, G, ldg);
        for (; j < d; ++j) backward_features<T, 1, largest>(x, r, blocks, j, G, ldg);
    });
}

}  // namespace softgrad::SOFTGRAD_ISA
