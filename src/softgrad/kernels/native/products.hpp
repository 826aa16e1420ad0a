// The two products of a tile with X, in blocks whose sums stay in registers.
#pragma once

#include "row_kernels.hpp"
#include "rows.hpp"
#include "tiles.hpp"

namespace softgrad::SOFTGRAD_ISA {

// The class ranges of K: as even as possible, none beyond `most_classes`.
struct ClassBlocks {
    int64_t K, count;
    explicit ClassBlocks(int64_t n_classes) : K(n_classes), count((n_classes + most_classes - 1) / most_classes) {}
    int64_t begin(int64_t index) const { return index * K / count; }
    int64_t size(int64_t index) const { return begin(index + 1) - begin(index); }
    int64_t largest() const { return (K + count - 1) / count; }
};

template <int n> struct Size { static constexpr int value = n; };

// f(Size<the largest range's size>{}): the other ranges are at most one class shorter.
template <class F> SOFTGRAD_INLINE void with_largest(const ClassBlocks &blocks, const F &f) {
    switch (blocks.largest()) {
        case 1: return f(Size<1>{});
        case 2: return f(Size<2>{});
        case 3: return f(Size<3>{});
        case 4: return f(Size<4>{});
#if SOFTGRAD_VECTOR_BYTES == 64
        case 5: return f(Size<5>{});
        case 6: return f(Size<6>{});
#endif
    }
}

// f(size, first class) for every range.
template <int largest, class F> SOFTGRAD_INLINE void for_each_range(const ClassBlocks &blocks, const F &f) {
    for (int64_t b = 0; b < blocks.count; ++b)
        if (blocks.size(b) == largest)
            f(Size<largest>{}, blocks.begin(b));
        else
            f(Size<(largest > 1 ? largest - 1 : 1)>{}, blocks.begin(b));
}

// Rows of so many features and a range of classes' stay in the first level of cache.
constexpr int64_t features_at_once = 4096 / sizeof(double);

template <class T, int largest>
static void forward_largest(const Span<T> &span, const Block<T> &x, const T *W, int64_t ldw, const T *start,
                            const ClassBlocks &blocks, const Tile<T> &z) {
    constexpr int rows = registers_against(largest);
    const int64_t whole = span.full * L<T>;
    for (int64_t i = 0; i < x.t; i += rows) {
        const T *here[rows];
        for (int r = 0; r < rows; ++r) here[r] = x.row(i + r);
        Fetch fetch{(const char *)(here[0] + rows * x.ld), rows * int64_t(sizeof(V<T>)) / blocks.count};
        for (int64_t from = 0; from == 0 || from < whole; from += features_at_once) {
            const int64_t to = from + features_at_once < whole ? from + features_at_once : whole;
            for_each_range<largest>(blocks, [&](auto size, int64_t k) __attribute__((always_inline)) {
                forward_rows<T, rows, size.value>(span, here, fetch, W + k * ldw, ldw, start + k, from, to, z.at(k, i),
                                                  z.ld);
            });
        }
    }
}

template <class T>
static void forward(const Span<T> &span, const Block<T> &x, const T *W, int64_t ldw, const T *start, int64_t K,
                    const Tile<T> &z) {
    const ClassBlocks blocks(K);
    with_largest(blocks, [&](auto largest) { forward_largest<T, largest.value>(span, x, W, ldw, start, blocks, z); });
}

template <class T, int columns, bool ends, int largest>
static void backward_registers(const Span<T> &span, const Block<T> &x, const Tile<T> &r, const ClassBlocks &blocks,
                               int64_t first, double *G, int64_t ldg) {
    for_each_range<largest>(blocks, [&](auto size, int64_t k) __attribute__((always_inline)) {
        backward_rows<T, columns, size.value, ends>(span, x.data, x.ld, x.t, r.at(k, 0), r.ld, first, G + k * ldg, ldg);
    });
}

template <class T>
static void backward(const Span<T> &span, const Block<T> &x, const Tile<T> &r, int64_t K, double *G, int64_t ldg) {
    const ClassBlocks blocks(K);
    with_largest(blocks, [&](auto size) {
        constexpr int largest = size.value, columns = registers_against(largest);
        int64_t first = 0;
        for (; first + columns <= span.full; first += columns)
            backward_registers<T, columns, false, largest>(span, x, r, blocks, first, G, ldg);
        for (; first + 2 <= span.full; first += 2)
            backward_registers<T, 2, false, largest>(span, x, r, blocks, first, G, ldg);
        for (; first < span.full; ++first) backward_registers<T, 1, false, largest>(span, x, r, blocks, first, G, ldg);
        if (span.rest) backward_registers<T, 1, true, largest>(span, x, r, blocks, first, G, ldg);
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
