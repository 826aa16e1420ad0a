// One read of X: a tile of rows goes through the forward product, its rows' function and the backward product while
// it is in the cache. Tiles and chunks are a function of the problem alone, so that every number of threads sums
// the same numbers in the same order.
#pragma once

#include "column_kernels.hpp"
#include "row_kernels.hpp"
#include "rows.hpp"

namespace softgrad::SOFTGRAD_ISA {

// A tile of X in the arithmetic's type: rows `ld` apart, as they lie in memory where that is possible.
template <class T> struct Block {
    const T *data;
    int64_t ld, t;
    const T *row(int64_t i) const { return data + (i < t ? i : t - 1) * ld; }
};

template <class S, class T>
static void unpack(const Table &X, int64_t first, int64_t t, T *to, int64_t ld) {
    const char *from = X.data + first * X.row_stride;
    if (X.column_stride == int64_t(sizeof(S))) {
        for (int64_t i = 0; i < t; ++i, from += X.row_stride) {
            const S *row = (const S *)from;
            for (int64_t j = 0; j < X.d; ++j) to[i * ld + j] = T(row[j]);
        }
        return;
    }
    constexpr int64_t at_once = 8;  // columns, so that a line of the tile is written whole
    for (int64_t j = 0; j < X.d; j += at_once) {
        const int64_t end = j + at_once < X.d ? j + at_once : X.d;
        for (int64_t i = 0; i < t; ++i)
            for (int64_t m = j; m < end; ++m)
                to[i * ld + m] = T(*(const S *)(from + i * X.row_stride + m * X.column_stride));
    }
}

template <class T> static void unpack_any(const Table &X, int64_t first, int64_t t, T *to, int64_t ld) {
    switch (X.element) {
        case Element::f64: return unpack<double>(X, first, t, to, ld);
        case Element::f32: return unpack<float>(X, first, t, to, ld);
        case Element::u8: return unpack<uint8_t>(X, first, t, to, ld);
        case Element::i8: return unpack<int8_t>(X, first, t, to, ld);
        case Element::u16: return unpack<uint16_t>(X, first, t, to, ld);
        case Element::i16: return unpack<int16_t>(X, first, t, to, ld);
        case Element::u32: return unpack<uint32_t>(X, first, t, to, ld);
        case Element::i32: return unpack<int32_t>(X, first, t, to, ld);
        case Element::u64: return unpack<uint64_t>(X, first, t, to, ld);
        case Element::i64: return unpack<int64_t>(X, first, t, to, ld);
    }
}

// How a pass holds its tiles: rows or columns, in place or in a thread's buffer.
enum class Layout { rows_in_place, rows, columns_in_place, columns };

constexpr int64_t few_features = 32;   // up to which turning a tile costs less than summing over lanes

template <class T> static Layout layout_of(const Table &X) {
    const int64_t size = sizeof(T);
    const bool own_type = X.element == (size == 8 ? Element::f64 : Element::f32) && !X.offsets;
    const bool aligned = X.row_stride % size == 0 && X.column_stride % size == 0;
    if (own_type && aligned && X.row_stride == size) return Layout::columns_in_place;
    const auto size_of = [](int64_t stride) { return stride < 0 ? -stride : stride; };
    if (X.d <= few_features || size_of(X.column_stride) > size_of(X.row_stride)) return Layout::columns;
    return own_type && aligned && X.column_stride == size && X.d >= L<T> ? Layout::rows_in_place : Layout::rows;
}

// The tile as rows: as they lie, or converted into `buffer` and padded with zeros to whole registers.
template <class T>
static Block<T> rows_of(const Table &X, int64_t first, int64_t t, int64_t padded, T *buffer, Layout layout) {
    if (layout == Layout::rows_in_place)
        return {(const T *)(X.data + first * X.row_stride), X.row_stride / int64_t(sizeof(T)), t};
    unpack_any(X, first, t, buffer, padded);
    for (int64_t i = 0; i < t; ++i) {
        T *row = buffer + i * padded;
        if (X.offsets)
            for (int64_t j = 0; j < X.d; ++j) row[j] = T(row[j] - X.offsets[j]);
        for (int64_t j = X.d; j < padded; ++j) row[j] = 0;
    }
    return {buffer, padded, t};
}

template <class S, class T> static void unpack_columns(const Table &X, int64_t first, int64_t t, T *to, int64_t ld) {
    const char *from = X.data + first * X.row_stride;
    if (X.row_stride == int64_t(sizeof(S))) {
        for (int64_t j = 0; j < X.d; ++j) {
            const S *column = (const S *)(from + j * X.column_stride);
            for (int64_t i = 0; i < t; ++i) to[j * ld + i] = T(column[i]);
        }
        return;
    }
    int64_t i = 0;
    for (; X.column_stride == int64_t(sizeof(S)) && i + block <= t; i += block) {
        const S *rows[block];
        for (int r = 0; r < block; ++r) rows[r] = (const S *)(from + (i + r) * X.row_stride);
        int64_t j = 0;
        if constexpr (sizeof(S) == sizeof(T) && S(0.5) != S(0))
            for (; j + block <= X.d; j += block) transpose_four<T>(rows, j, to + j * ld + i, ld);
        for (; j < X.d; ++j)
            for (int r = 0; r < block; ++r) to[j * ld + i + r] = T(rows[r][j]);
    }
    for (; i < t; ++i)
        for (int64_t j = 0; j < X.d; ++j)
            to[j * ld + i] = T(*(const S *)(from + i * X.row_stride + j * X.column_stride));
}

template <class T> static void unpack_columns_any(const Table &X, int64_t first, int64_t t, T *to, int64_t ld) {
    switch (X.element) {
        case Element::f64: return unpack_columns<double>(X, first, t, to, ld);
        case Element::f32: return unpack_columns<float>(X, first, t, to, ld);
        case Element::u8: return unpack_columns<uint8_t>(X, first, t, to, ld);
        case Element::i8: return unpack_columns<int8_t>(X, first, t, to, ld);
        case Element::u16: return unpack_columns<uint16_t>(X, first, t, to, ld);
        case Element::i16: return unpack_columns<int16_t>(X, first, t, to, ld);
        case Element::u32: return unpack_columns<uint32_t>(X, first, t, to, ld);
        case Element::i32: return unpack_columns<int32_t>(X, first, t, to, ld);
        case Element::u64: return unpack_columns<uint64_t>(X, first, t, to, ld);
        case Element::i64: return unpack_columns<int64_t>(X, first, t, to, ld);
    }
}

// Rows of a tile that the column kernels sweep over: whole blocks of registers.
template <class T> static int64_t swept(int64_t t) { return (t + block * L<T> - 1) / (block * L<T>) * (block * L<T>); }

// The tile as columns `ld` apart, rows padded with zeros; as it lies where nothing needs to be padded.
template <class T>
static Block<T> columns_of(const Table &X, int64_t first, int64_t t, int64_t ld, T *buffer, Layout layout) {
    if (layout == Layout::columns_in_place && swept<T>(t) == t)
        return {(const T *)(X.data + first * X.row_stride), X.column_stride / int64_t(sizeof(T)), t};
    unpack_columns_any(X, first, t, buffer, ld);
    for (int64_t j = 0; j < X.d; ++j) {
        T *column = buffer + j * ld;
        if (X.offsets)
            for (int64_t i = 0; i < t; ++i) column[i] = T(column[i] - X.offsets[j]);
        for (int64_t i = t; i < swept<T>(t); ++i) column[i] = 0;
    }
    return {buffer, ld, t};
}

// The class ranges of K: as even as possible, none beyond `most`.
struct ClassBlocks {
    int64_t K, count;
    ClassBlocks(int64_t n_classes, int64_t most) : K(n_classes), count((n_classes + most - 1) / most) {}
    int64_t begin(int64_t index) const { return index * K / count; }
    int size(int64_t index) const { return int(begin(index + 1) - begin(index)); }
};

// 4 rows of so many features and a block of classes' stay in the first level of cache.
constexpr int64_t features_at_once = 4096 / sizeof(double);

// The logits of four rows, into rows i..i+3 of z (the tile is high enough for all four).
template <class T, int classes>
SOFTGRAD_INLINE void forward_classes(const Span<T> &span, const T *const x[block], Fetch &fetch, const T *W, int64_t ldw,
                                     const T *start, int64_t from, int64_t to, V<T> *partial, const Tile<T> &z,
                                     int64_t first, int64_t i) {
    const bool begins = from == 0, ends = to == span.full * L<T>;
    Four<T> sums[classes];
    forward_rows<T, classes>(span, x, fetch, W + first * ldw, ldw, from, to, begins, ends, partial + first * block,
                             sums);
    if (!ends) return;
    for (int k = 0; k < classes; ++k) {
        sums[k] += start[first + k];
        memcpy(z.at(first + k, i), &sums[k], sizeof sums[k]);
    }
}

// Runs CALL(classes) with the compile-time number of classes that `size` is.
#if SOFTGRAD_VECTOR_BYTES == 64
#define SOFTGRAD_FOR_CLASSES(size, CALL) \
    switch (size) { case 1: CALL(1) break; case 2: CALL(2) break; case 3: CALL(3) break; \
                    case 4: CALL(4) break; case 5: CALL(5) break; case 6: CALL(6) break; }
#else
#define SOFTGRAD_FOR_CLASSES(size, CALL) \
    switch (size) { case 1: CALL(1) break; case 2: CALL(2) break; case 3: CALL(3) break; }
#endif

template <class T>
static void forward(const Span<T> &span, const Block<T> &x, const T *W, int64_t ldw, const T *start, int64_t K,
                    V<T> *partial, const Tile<T> &z) {
    const ClassBlocks blocks(K, most_classes);
    const int64_t whole = span.full * L<T>;
    for (int64_t i = 0; i < x.t; i += block) {
        const T *const rows[block] = {x.row(i), x.row(i + 1), x.row(i + 2), x.row(i + 3)};
        Fetch fetch{(const char *)(rows[0] + block * x.ld), block * int64_t(sizeof(V<T>)) / blocks.count};
        for (int64_t from = 0; from == 0 || from < whole; from += features_at_once) {
            const int64_t to = from + features_at_once < whole ? from + features_at_once : whole;
            for (int64_t b = 0; b < blocks.count; ++b) {
#define SOFTGRAD_CALL(classes)                                                                                  \
    forward_classes<T, classes>(span, rows, fetch, W, ldw, start, from, to, partial, z, blocks.begin(b), i);
                SOFTGRAD_FOR_CLASSES(blocks.size(b), SOFTGRAD_CALL)
#undef SOFTGRAD_CALL
            }
        }
    }
}

// Both products of a tile of columns.
template <class T>
static void forward(const Block<T> &x, int64_t d, const T *W, int64_t ldw, const T *start, int64_t K, const Tile<T> &z) {
    const ClassBlocks blocks(K, most_classes);
    for (int64_t i = 0; i < x.t; i += block * L<T>)
        for (int64_t b = 0; b < blocks.count; ++b) {
            const int64_t k = blocks.begin(b);
#define SOFTGRAD_CALL(classes) \
    forward_columns<T, classes>(x.data + i, x.ld, d, W + k * ldw, ldw, start + k, z.at(k, i), z.ld);
            SOFTGRAD_FOR_CLASSES(blocks.size(b), SOFTGRAD_CALL)
#undef SOFTGRAD_CALL
        }
}

template <class T>
static void backward(const Block<T> &x, int64_t d, const Tile<T> &r, int64_t K, double *G, int64_t ldg) {
    const ClassBlocks blocks(K, most_classes);
    const int64_t t = (x.t + L<T> - 1) / L<T> * L<T>;
    for (int64_t j = 0; j < d; j += block) {
        const int count = int(d - j < block ? d - j : block);
        const T *columns[block];
        for (int c = 0; c < block; ++c) columns[c] = x.data + (c < count ? j + c : j) * x.ld;
        for (int64_t b = 0; b < blocks.count; ++b) {
            const int64_t k = blocks.begin(b);
#define SOFTGRAD_CALL(classes) backward_columns<T, classes>(columns, count, t, r.at(k, 0), r.ld, G + k * ldg + j, ldg);
            SOFTGRAD_FOR_CLASSES(blocks.size(b), SOFTGRAD_CALL)
#undef SOFTGRAD_CALL
        }
    }
}

template <class T, int columns, bool ends>
static void backward_registers(const Span<T> &span, const Block<T> &x, const Tile<T> &r, int64_t K, int64_t first,
                             double *G, int64_t ldg) {
    const ClassBlocks blocks(K, most_classes);
    for (int64_t b = 0; b < blocks.count; ++b) {
        const int64_t k = blocks.begin(b);
#define SOFTGRAD_CALL(classes) \
    backward_rows<T, columns, classes, ends>(span, x.data, x.ld, x.t, r.at(k, 0), r.ld, first, G + k * ldg, ldg);
        SOFTGRAD_FOR_CLASSES(blocks.size(b), SOFTGRAD_CALL)
#undef SOFTGRAD_CALL
    }
}

template <class T>
static void backward(const Span<T> &span, const Block<T> &x, const Tile<T> &r, int64_t K, double *G, int64_t ldg) {
    const int64_t registers = span.registers(), whole = span.full / block * block;
    for (int64_t first = 0; first < whole; first += block)
        backward_registers<T, block, false>(span, x, r, K, first, G, ldg);
    switch (registers - whole) {
        case 1:
            span.rest ? backward_registers<T, 1, true>(span, x, r, K, whole, G, ldg)
                      : backward_registers<T, 1, false>(span, x, r, K, whole, G, ldg);
            break;
        case 2:
            span.rest ? backward_registers<T, 2, true>(span, x, r, K, whole, G, ldg)
                      : backward_registers<T, 2, false>(span, x, r, K, whole, G, ldg);
            break;
        case 3:
            span.rest ? backward_registers<T, 3, true>(span, x, r, K, whole, G, ldg)
                      : backward_registers<T, 3, false>(span, x, r, K, whole, G, ldg);
            break;
        case 4: backward_registers<T, 4, true>(span, x, r, K, whole, G, ldg); break;
    }
}

// A thread's working memory, cut out of one piece.
template <class T> struct Workspace {
    T *x, *z, *r, *other, *W, *start, *base, *base_start, *lines, *shares, *soft;
    Integer<T> *codes;
    V<T> *by_class, *partial;
    RowSums<T> rows;
    double *G;

    Workspace(const Job &job, int64_t width, Layout layout, double *memory) {
        char *next = (char *)memory;
        const auto take = [&next](int64_t count, int64_t size) {
            char *here = next;
            next += (count * size + 63) / 64 * 64;
            return (void *)here;
        };
        const int64_t K = job.n_classes, tile = (K + block - 1) * pitch(job.height);
        x = (T *)take(layout == Layout::rows_in_place ? 0 : pitch(job.height) * width, sizeof(T));
        z = (T *)take(tile, sizeof(T));
        r = (T *)take(tile, sizeof(T));
        other = (T *)take(job.other || job.base ? tile : 0, sizeof(T));
        soft = (T *)take(job.labels.soft ? tile : 0, sizeof(T));
        W = (T *)take(job.coef ? K * width : 0, sizeof(T));
        start = (T *)take(K, sizeof(T));
        base = (T *)take(job.base ? K * width : 0, sizeof(T));
        base_start = (T *)take(K, sizeof(T));
        lines = (T *)take(job.lines ? job.height * ((K + 7) / 8 * 8) : 0, sizeof(T));
        shares = (T *)take(job.height, sizeof(T));
        codes = (Integer<T> *)take(job.height, sizeof(T));
        rows.top = (T *)take(job.height, sizeof(T));
        rows.index = (Integer<T> *)take(job.height, sizeof(T));
        rows.rest = (T *)take(job.height, sizeof(T));
        rows.others = (T *)take(job.height, sizeof(T));
        rows.own = (T *)take(job.height, sizeof(T));
        by_class = (V<T> *)take(K, sizeof(V<T>));
        partial = (V<T> *)take(K * block, sizeof(V<T>));
        G = (double *)take(layout == Layout::rows && job.backward ? K * width : 0, sizeof(double));
    }
};

// Rows from t to the end of their register become zero.
template <class T> static void pad(const Tile<T> &z, int64_t n_classes, int64_t t) {
    for (int64_t k = 0; k < n_classes; ++k)
        for (int64_t i = t; i % L<T>; ++i) *z.at(k, i) = 0;
}

template <class T> static void copy_in(const T *from, int64_t n_classes, int64_t n, int64_t t, const Tile<T> &to) {
    for (int64_t k = 0; k < n_classes; ++k) memcpy(to.at(k, 0), from + k * n, t * sizeof(T));
    pad(to, n_classes, t);
}

template <class T> static void copy_out(const Tile<T> &from, int64_t n_classes, int64_t n, int64_t t, T *to) {
    for (int64_t k = 0; k < n_classes; ++k) memcpy(to + k * n, from.at(k, 0), t * sizeof(T));
}

template <class S, class T>
static void copy_codes(const void *codes, int64_t first, int64_t t, Integer<T> *to) {
    const S *from = (const S *)codes + first;
    for (int64_t i = 0; i < t; ++i) to[i] = Integer<T>(from[i]);
}

// The labels and shares of the tile's rows, padded with rows of share zero.
template <class T> static Targets<T> targets_of(const Job &job, int64_t first, int64_t t, const Workspace<T> &own) {
    const int64_t K = job.n_classes / (job.directions ? job.directions : 1), end = (t + L<T> - 1) / L<T> * L<T>;
    const Labels &labels = job.labels;
    const double uniform = 1.0 / double(job.X.n);
    for (int64_t i = 0; i < t; ++i) own.shares[i] = T(labels.shares ? labels.shares[first + i] : uniform);
    for (int64_t i = t; i < end; ++i) own.shares[i] = 0, own.codes[i] = 0;
    if (labels.codes) switch (labels.code_bytes) {
        case 1: copy_codes<uint8_t, T>(labels.codes, first, t, own.codes); break;
        case 4: copy_codes<int32_t, T>(labels.codes, first, t, own.codes); break;
        default: copy_codes<int64_t, T>(labels.codes, first, t, own.codes);
    }
    if (labels.soft)
        for (int64_t k = 0; k < K; ++k)
            for (int64_t i = 0; i < end; ++i)
                own.soft[k * pitch(job.height) + i] = i < t ? T(labels.soft[(first + i) * K + k]) : T(0);
    return {K, own.shares, labels.codes ? own.codes : nullptr, {own.soft, pitch(job.height)}};
}

// r from z, by the rows' function; returns the tile's loss.
template <class T>
static double rows_of_tile(const Job &job, int64_t first, int64_t t, const Tile<T> &z, const Tile<T> &r,
                           const Workspace<T> &own) {
    const int64_t K = job.n_classes;
    if (job.step == Step::proba) {
        softmax_in_place<T>(z, t, K, own.rows);
        return 0;
    }
    const Targets<T> targets = targets_of<T>(job, first, t, own);
    if (job.step == Step::residual) return double(residual<T>(z, r, t, targets, own.rows, own.by_class));
    const Tile<T> other{own.other, pitch(job.height)};
    const Tile<const T> given{other.data, other.ld};
    if (job.base)
        softmax_in_place<T>(other, t, targets.n_classes, own.rows);
    else
        copy_in<T>((const T *)job.other + first, targets.n_classes, job.X.n, t, other);
    if (job.step == Step::along) {
        move<T>(z, given, t, K, T(job.t));
        const T loss = residual<T>(z, r, t, targets, own.rows, own.by_class);
        for (int64_t k = 0; k < K; ++k) own.by_class[k] = V<T>{};
        slopes<T>(r, given, t, K, own.by_class);
        return double(loss);
    }
    for (int64_t k = 0; k < K; k += targets.n_classes)
        curved<T>(given, {z.at(k, 0), z.ld}, {r.at(k, 0), r.ld}, t, targets, own.rows, own.by_class + k);
    return 0;
}

// A copy of a factor (n_classes, d) and its intercept, rows padded with zeros to `width`.
template <class T>
static void copy_factor(const double *coef, const double *start, int64_t n_classes, int64_t d, int64_t width, T *W,
                        T *to_start) {
    for (int64_t k = 0; k < n_classes && coef; ++k) {
        to_start[k] = start ? T(start[k]) : T(0);
        for (int64_t j = 0; j < width; ++j) W[k * width + j] = j < d ? T(coef[k * d + j]) : T(0);
    }
}

template <class T> static void start_of_chunk(const Job &job, int64_t width, const Workspace<T> &own, double *G) {
    const int64_t d = job.X.d;
    copy_factor<T>(job.coef, job.start, job.n_classes, d, width, own.W, own.start);
    copy_factor<T>(job.base, job.base_start, job.n_classes / (job.directions ? job.directions : 1), d, width, own.base,
                   own.base_start);
    if (job.backward)
        for (int64_t e = 0; e < job.n_classes * width; ++e) G[e] = 0;
}

// What follows from a tile's logits: the step's result, which is returned, and its sums, which are added to.
template <class T>
static Tile<T> finish_rows(const Job &job, int64_t first, int64_t t, const Tile<T> &z, const Tile<T> &residuals,
                           const Workspace<T> &own, double *sums) {
    const int64_t K = job.n_classes;
    if (job.step == Step::none) return z;
    const Tile<T> r = job.step == Step::given || job.step == Step::proba ? z : residuals;
    for (int64_t k = 0; k < K; ++k) own.by_class[k] = V<T>{};
    if (job.step == Step::given) {
        for (int64_t k = 0; k < K; ++k)
            for (int64_t i = 0; i < t; i += L<T>) own.by_class[k] += load(z.at(k, i));
    } else {
        sums[0] += rows_of_tile<T>(job, first, t, z, r, own);
    }
    for (int64_t k = 0; k < K; ++k) sums[1 + k] += double(sum<T>(own.by_class[k]));
    if (job.overwrites) copy_out<T>(r, K, job.X.n, t, (T *)job.logits + first);
    return r;
}

// One tile: loss, by_intercept and G are added to.
template <class T>
static void run_tile(const Job &job, int64_t first, int64_t t, const Span<T> &span, Layout layout,
                     const Workspace<T> &own, double *sums, double *G) {
    const int64_t K = job.n_classes, n = job.X.n, ldw = span.d;
    const Tile<T> z{own.z, pitch(job.height)}, residuals{own.r, pitch(job.height)};
    const bool rows = layout == Layout::rows || layout == Layout::rows_in_place;
    const Block<T> x = rows ? rows_of<T>(job.X, first, t, span.d, own.x, layout)
                            : columns_of<T>(job.X, first, t, pitch(job.height), own.x, layout);
    const auto product = [&](const T *W, const T *start, int64_t n_classes, const Tile<T> &to) {
        if (rows)
            forward<T>(span, x, W, ldw, start, n_classes, own.partial, to);
        else
            forward<T>(x, job.X.d, W, ldw, start, n_classes, to);
        pad(to, n_classes, t);
    };
    if (job.coef)
        product(own.W, own.start, K, z);
    else
        copy_in<T>((const T *)job.logits + first, K, n, t, z);
    if (job.base) product(own.base, own.base_start, K / job.directions, {own.other, pitch(job.height)});
    if (job.coef && job.logits && !job.overwrites) copy_out<T>(z, K, n, t, (T *)job.logits + first);
    const Tile<T> r = finish_rows<T>(job, first, t, z, residuals, own, sums);
    if (!job.backward) return;
    if (rows)
        backward<T>(span, x, r, K, G, ldw);
    else
        backward<T>(x, job.X.d, r, K, G, ldw);
}

template <class T> static void run_chunk(const Job &job, int64_t chunk, double *sums, double *scratch) {
    const int64_t K = job.n_classes, d = job.X.d, n = job.X.n;
    const Layout layout = layout_of<T>(job.X);
    const bool padded = layout == Layout::rows;
    const int64_t width = padded ? (d + L<T> - 1) / L<T> * L<T> : d;
    const Workspace<T> own(job, width, layout, scratch);
    const Span<T> span(width);
    double *const result = sums + 1 + K, *const G = padded ? own.G : result;
    start_of_chunk<T>(job, width, own, G);
    const int64_t n_tiles = (n + job.height - 1) / job.height;
    for (int64_t tile = chunk * n_tiles / job.n_chunks; tile < (chunk + 1) * n_tiles / job.n_chunks; ++tile) {
        const int64_t first = tile * job.height;
        run_tile<T>(job, first, n - first < job.height ? n - first : job.height, span, layout, own, sums, G);
    }
    for (int64_t k = 0; k < K && job.backward && padded; ++k)
        for (int64_t j = 0; j < d; ++j) result[k * d + j] = G[k * width + j];
}

}  // namespace softgrad::SOFTGRAD_ISA
