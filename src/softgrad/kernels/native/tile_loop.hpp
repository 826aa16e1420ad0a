// One read of X: a tile of rows goes through the forward product, its rows' function and the backward product while
// it is in the cache. Tiles and chunks are a function of the problem alone, so that every number of threads sums
// the same numbers in the same order.
#pragma once

#include "curvature.hpp"
#include "panels.hpp"
#include "products.hpp"

namespace softgrad::SOFTGRAD_ISA {

// A thread's working memory, cut out of one piece.
template <class T> struct Workspace {
    T *x, *z, *r, *other, *W, *start, *base, *base_start, *lines, *shares, *soft;
    Integer<T> *codes;
    V<T> *by_class;
    RowSums<T> rows;
    double *G;

    Workspace(const Job &job, int64_t width, Layout layout, double *memory) {
        char *next = (char *)memory;
        const auto take = [&next](int64_t count, int64_t size) {
            char *here = next;
            next += (count * size + 63) / 64 * 64;
            return (void *)here;
        };
        const int64_t K = job.n_classes, tile = (K + four - 1) * pitch(job.height);
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
        rows.rest = (T *)take(job.height, sizeof(T));
        rows.ties = (T *)take(job.height, sizeof(T));
        rows.others = (T *)take(job.height, sizeof(T));
        rows.own = (T *)take(job.height, sizeof(T));
        by_class = (V<T> *)take(K, sizeof(V<T>));
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

template <class T> static void add_start(const T *start, int64_t n_classes, int64_t t, const Tile<T> &z) {
    for (int64_t k = 0; k < n_classes; ++k)
        for (int64_t i = 0; i < t; i += L<T>) store(z.at(k, i), load(z.at(k, i)) + start[k]);
    pad(z, n_classes, t);
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
    Fetch fetch{job.X.data + (first + t) * job.X.row_stride, 0};
    if (job.X.d <= few_features && job.X.row_stride > 0)
        fetch.stride = job.X.row_stride * exp_at_once * L<T> / job.n_classes;
    const int64_t K = job.n_classes;
    if (job.step == Step::proba) {
        softmax_in_place<T>(z, t, K, own.rows);
        return 0;
    }
    const Targets<T> targets = targets_of<T>(job, first, t, own);
    if (job.step == Step::spread) {
        spread<T>(z, r, t, targets, own.rows, own.by_class);
        return 0;
    }
    if (job.step == Step::exponentials) {
        exponentials_and_sums<T>(z, r, t, targets, own.rows, (T *)job.rows + first, job.X.n);
        return 0;
    }
    if (job.step == Step::residual) return double(residual<T>(z, r, t, targets, own.rows, own.by_class, fetch));
    const Tile<T> other{own.other, pitch(job.height)};
    const Tile<const T> given{other.data, other.ld};
    if (job.base)
        softmax_in_place<T>(other, t, targets.n_classes, own.rows);
    else
        copy_in<T>((const T *)job.other + first, targets.n_classes, job.X.n, t, other);
    if (job.step == Step::along) {
        move<T>(z, given, t, K, T(job.t));
        const T loss = residual<T>(z, r, t, targets, own.rows, own.by_class, fetch);
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
    for (int64_t k = 0; k < n_classes; ++k) to_start[k] = start ? T(start[k]) : T(0);
    for (int64_t k = 0; k < n_classes && coef; ++k)
        for (int64_t j = 0; j < width; ++j) W[k * width + j] = j < d ? T(coef[k * d + j]) : T(0);
}

template <class T> static void copy_factors(const Job &job, int64_t width, const Workspace<T> &own) {
    const int64_t d = job.X.d;
    copy_factor<T>(job.coef, job.start, job.n_classes, d, width, own.W, own.start);
    copy_factor<T>(job.base, job.base_start, job.n_classes / (job.directions ? job.directions : 1), d, width, own.base,
                   own.base_start);
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

// What the first and the second product fetch: half of the next tile each; or with many classes, where the memory has the
// time, the first product the rows that it comes to next, and the second nothing.
template <class T>
static Fetch fetch_of(const Job &job, const Span<T> &span, int64_t first, int64_t t, Layout layout, int64_t product) {
    const bool many = job.n_classes > most_classes;
    if (job.X.row_stride <= 0 || (many && product > 0)) return {job.X.data, 0};
    const int64_t bytes = t * job.X.row_stride / (many ? 1 : 2);
    const int64_t ahead = many && layout == Layout::rows_in_place ? rows_at_once : t;
    return {job.X.data + (first + ahead) * job.X.row_stride + product * bytes,
            bytes / steps_of_product(span, t, job.n_classes)};
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
            forward<T>(span, x, fetch_of<T>(job, span, first, t, layout, 0), W, ldw, start, n_classes, to);
        else
            forward<T>(x, job.X.d, W, ldw, start, n_classes, to);
        pad(to, n_classes, t);
    };
    if (job.coef)
        product(own.W, own.start, K, z);
    else
        copy_in<T>((const T *)job.logits + first, K, n, t, z);
    if (!job.coef && job.start) add_start<T>(own.start, K, t, z);
    if (job.base) product(own.base, own.base_start, K / job.directions, {own.other, pitch(job.height)});
    if (job.coef && job.logits && !job.overwrites) copy_out<T>(z, K, n, t, (T *)job.logits + first);
    const Tile<T> r = finish_rows<T>(job, first, t, z, residuals, own, sums);
    if (!job.backward) return;
    if (job.step == Step::spread)
        backward<T>({z.data, z.ld, t}, K, r, K, G, K);
    else if (rows)
        backward<T>(span, x, fetch_of<T>(job, span, first, t, layout, 1), r, K, G, ldw);
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
    const bool aside = padded && job.step != Step::spread;  // G's rows are longer than the result's
    double *const result = sums + 1 + K, *const G = aside ? own.G : result;
    copy_factors<T>(job, width, own);
    for (int64_t e = 0; e < K * width && job.backward && aside; ++e) G[e] = 0;  // the result is zero already
    const int64_t n_tiles = (n + job.height - 1) / job.height;
    for (int64_t tile = chunk * n_tiles / job.n_chunks; tile < (chunk + 1) * n_tiles / job.n_chunks; ++tile) {
        const int64_t first = tile * job.height;
        run_tile<T>(job, first, n - first < job.height ? n - first : job.height, span, layout, own, sums, G);
    }
    for (int64_t k = 0; k < K && job.backward && aside; ++k)
        for (int64_t j = 0; j < d; ++j) result[k * d + j] = G[k * width + j];
}

}  // namespace softgrad::SOFTGRAD_ISA
