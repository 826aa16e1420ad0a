// CSR rows, read where they lie, in two sweeps.
//
//   forward    z_i = start + sum over the row's entries of X[i, j] W[:, j]       2 nnz K flop
//   backward   G[:, j] += X[i, j] r_i over the row's entries                     2 nnz K flop
//
// Lanes run along the classes, which lie together for each feature (W, G) and each row (r). The backward sweep is cut by
// features: every part reads all rows in order and adds up its own features, so that no two threads write to one place
// and their number changes no bit.
#pragma once

#include "tile_loop.hpp"

namespace softgrad::SOFTGRAD_ISA {

constexpr int registers_at_once = 4;
constexpr int64_t ahead = 8;  // entries: the lines of a table lie anywhere, and are asked for early
constexpr int doubles_a_line = line_of_cache / sizeof(double);

// to[0..registers) = from[0..registers) + the sum over the entries [begin, end) of value * rows of `table`.
template <int registers, class S, class J>
SOFTGRAD_INLINE void gather(const Compressed &X, int64_t line, const double *table, int64_t ld, const double *from,
                            double *to) {
    constexpr int lanes = L<double>;
    const S *values = (const S *)X.values;
    const J *indices = (const J *)X.indices, *starts = (const J *)X.starts;
    V<double> total[registers];
    for (int v = 0; v < registers; ++v) total[v] = from ? load(from + v * lanes) : V<double>{};
    const int64_t end = starts[line + 1], last = X.nnz - 1;
    for (int64_t p = starts[line]; p < end; ++p) {
        const double *row = table + int64_t(indices[p]) * ld;
        const double *coming = table + int64_t(indices[p + ahead < last ? p + ahead : last]) * ld;
        for (int v = 0; v < registers * lanes; v += doubles_a_line) __builtin_prefetch(coming + v);
        const V<double> value = broadcast<double>(double(values[p]));
        for (int v = 0; v < registers; ++v) total[v] += value * load(row + v * lanes);
    }
    for (int v = 0; v < registers; ++v) store(to + v * lanes, total[v]);
}

template <class S, class J>
static void gather_all(const Compressed &X, int64_t line, const double *table, int64_t ld, const double *from,
                       double *to) {
    constexpr int lanes = L<double>;
    for (int64_t at = 0; at < ld; at += registers_at_once * lanes) {
        const double *start = from ? from + at : nullptr;
        switch ((ld - at) / lanes) {
            case 1: gather<1, S, J>(X, line, table + at, ld, start, to + at); break;
            case 2: gather<2, S, J>(X, line, table + at, ld, start, to + at); break;
            case 3: gather<3, S, J>(X, line, table + at, ld, start, to + at); break;
            default: gather<4, S, J>(X, line, table + at, ld, start, to + at); break;
        }
    }
}

static void gather_any(const Compressed &X, int64_t line, const double *table, int64_t ld, const double *from,
                       double *to) {
    if (X.wide_indices)
        X.single ? gather_all<float, int64_t>(X, line, table, ld, from, to)
                 : gather_all<double, int64_t>(X, line, table, ld, from, to);
    else
        X.single ? gather_all<float, int32_t>(X, line, table, ld, from, to)
                 : gather_all<double, int32_t>(X, line, table, ld, from, to);
}

// The tile's lines (t, ld) as columns of z, and z's as lines: blocks of four by four.
static void lines_to_columns(const double *lines, int64_t ld, int64_t t, int64_t K, const Tile<double> &z) {
    for (int64_t i = 0; i < t; i += four) {
        const double *rows[four];
        for (int64_t r = 0; r < four; ++r) rows[r] = lines + (i + r < t ? i + r : t - 1) * ld;
        for (int64_t k = 0; k < K; k += four) transpose_four<double>(rows, k, z.at(k, i), z.ld);
    }
}

static void columns_to_lines(const Tile<double> &r, int64_t t, int64_t K, double *lines, int64_t ld) {
    for (int64_t i = 0; i < t; i += four)
        for (int64_t k = 0; k < K; k += four) {
            const double *columns[four];
            for (int64_t c = 0; c < four; ++c) columns[c] = r.at(k + c < K ? k + c : K - 1, i);
            if (i + four <= t) {
                transpose_four<double>(columns, 0, lines + i * ld + k, ld);
                continue;
            }
            for (int64_t c = 0; c < four; ++c)
                for (int64_t row = i; row < t; ++row) lines[row * ld + k + c] = columns[c][row - i];
        }
}

// Rows of one chunk: logits, the rows' function, and r into `residuals`, lines of `ld` classes.
static void run_sparse_rows(const SparseJob &sparse, int64_t chunk, double *sums, double *scratch) {
    const Job &job = sparse.job;
    const int64_t K = job.n_classes, n = job.X.n, ld = sparse.ld;
    const Workspace<double> own(job, 0, Layout::rows_in_place, scratch);
    const Tile<double> z{own.z, pitch(job.height)}, residuals{own.r, pitch(job.height)};
    const int64_t n_tiles = (n + job.height - 1) / job.height;
    for (int64_t tile = chunk * n_tiles / job.n_chunks; tile < (chunk + 1) * n_tiles / job.n_chunks; ++tile) {
        const int64_t first = tile * job.height, t = n - first < job.height ? n - first : job.height;
        if (!sparse.table) {
            copy_in<double>((const double *)job.logits + first, K, n, t, z);
        } else {
            for (int64_t i = 0; i < t; ++i)
                gather_any(sparse.rows, first + i, sparse.table, ld, sparse.start, own.lines + i * ld);
            lines_to_columns(own.lines, ld, t, K, z);
            pad(z, K, t);
            if (job.logits && !job.overwrites) copy_out<double>(z, K, n, t, (double *)job.logits + first);
        }
        const Tile<double> r = finish_rows<double>(job, first, t, z, residuals, own, sums);
        if (sparse.residuals) columns_to_lines(r, t, K, sparse.residuals + first * ld, ld);
    }
}

// G[:] += value r[:], lines of `ld` classes.
template <int registers> SOFTGRAD_INLINE void add_line(double value, const double *r, double *G) {
    const V<double> factor = broadcast<double>(value);
    for (int64_t v = 0; v < registers * L<double>; v += L<double>) store(G + v, load(G + v) + factor * load(r + v));
}

// Each row's entries from `begins` to `ends`, arrays (n,).
template <class S, class J> static void scatter(const SparseJob &sparse, const J *begins, const J *ends, double *G) {
    const S *values = (const S *)sparse.rows.values;
    const J *indices = (const J *)sparse.rows.indices;
    const int64_t ld = sparse.ld, last = sparse.rows.nnz - 1;
    for (int64_t i = 0; i < sparse.job.X.n; ++i) {
        const double *r = sparse.residuals + i * ld;
        for (int64_t p = begins[i]; p < int64_t(ends[i]); ++p) {
            double *const line = G + int64_t(indices[p]) * ld;
            const double *coming = G + int64_t(indices[p + ahead < last ? p + ahead : last]) * ld;
            for (int64_t v = 0; v < ld; v += doubles_a_line) {
                __builtin_prefetch(coming + v, 1);
                add_line<doubles_a_line / L<double>>(double(values[p]), r + v, line + v);
            }
        }
    }
}

template <class J> static void scatter_part(const SparseJob &sparse, int64_t part, double *G) {
    const J *starts = (const J *)sparse.rows.starts, *splits = (const J *)sparse.splits;
    const int64_t n = sparse.job.X.n;
    const J *begins = part ? splits + (part - 1) * n : starts;
    const J *ends = part + 1 < sparse.n_parts ? splits + part * n : starts + 1;
    sparse.rows.single ? scatter<float, J>(sparse, begins, ends, G) : scatter<double, J>(sparse, begins, ends, G);
}

// The features of one part, in G (d, ld), which is zero there before, and in the result (n_classes, d).
static void run_sparse_features(const SparseJob &sparse, int64_t part, double *G, double *result) {
    const int64_t K = sparse.job.n_classes, d = sparse.n_features, ld = sparse.ld;
    const int64_t from = sparse.parts[part], to = sparse.parts[part + 1];
    sparse.rows.wide_indices ? scatter_part<int64_t>(sparse, part, G) : scatter_part<int32_t>(sparse, part, G);
    for (int64_t j = from; j < to; j += doubles_a_line) {
        const int64_t end = to - j < doubles_a_line ? to : j + doubles_a_line;
        for (int64_t k = 0; k < K; ++k)
            for (int64_t m = j; m < end; ++m) result[k * d + m] = G[m * ld + k];
    }
}

}  // namespace softgrad::SOFTGRAD_ISA
