// CSR rows: forward row by row from X, backward column by column from its CSC copy.
//
//   forward    z_i = start + sum over the row's entries of X[i, j] W[:, j]       2 nnz K flop
//   backward   G[:, j] = sum over the column's entries of X[i, j] r_i            2 nnz K flop
//
// Lanes run along the classes, which lie together for each feature (W) and each row (r). A column's sum is one
// thread's, in the order of its rows: no thread writes where another does, and their number changes no bit.
#pragma once

#include "tile_loop.hpp"

namespace softgrad::SOFTGRAD_ISA {

constexpr int registers_at_once = 4;
constexpr int64_t ahead = 6;       // entries: the rows of a table lie anywhere, and are asked for early
constexpr int line_of_cache = 8;  // doubles
constexpr int64_t columns_at_once = 8;  // a line of doubles

// to[0..registers) = from[0..registers) + the sum over the entries [begin, end) of value * rows of `table`.
template <int registers, class S, class J>
SOFTGRAD_INLINE void gather(const Compressed &X, int64_t line, const double *table, int64_t ld, const double *from,
                            double *to) {
    constexpr int lanes = L<double>;
    const S *values = (const S *)X.values;
    const J *indices = (const J *)X.indices, *starts = (const J *)X.starts;
    V<double> total[registers];
    for (int v = 0; v < registers; ++v) total[v] = from ? load(from + v * lanes) : V<double>{};
    const int64_t end = starts[line + 1];
    for (int64_t p = starts[line]; p < end; ++p) {
        const double *row = table + int64_t(indices[p]) * ld;
        const double *coming = table + int64_t(indices[p + ahead < end ? p + ahead : end - 1]) * ld;
        for (int v = 0; v < registers * lanes; v += line_of_cache) __builtin_prefetch(coming + v);
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

// Columns [chunk's first, next chunk's first) of G, some at a time so that G's lines are written whole.
static void run_sparse_columns(const SparseJob &sparse, int64_t chunk, double *G, double *scratch) {
    const int64_t K = sparse.job.n_classes, d = sparse.job.X.d, ld = sparse.ld;
    const int64_t end = (chunk + 1) * d / sparse.n_column_chunks;
    for (int64_t j = chunk * d / sparse.n_column_chunks; j < end; j += columns_at_once) {
        const int64_t count = end - j < columns_at_once ? end - j : columns_at_once;
        for (int64_t c = 0; c < count; ++c)
            gather_any(sparse.columns, j + c, sparse.residuals, ld, nullptr, scratch + c * ld);
        for (int64_t k = 0; k < K; ++k)
            for (int64_t c = 0; c < count; ++c) G[k * d + j + c] = scratch[c * ld + k];
    }
}

}  // namespace softgrad::SOFTGRAD_ISA
