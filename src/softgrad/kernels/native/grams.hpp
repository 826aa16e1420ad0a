// Sums over the rows of weights times products of two features: what Hessians and Gram matrices of few features are made
// of. Rows that are held column by column are both factors of a product that the column kernels have already:
//
//   G[m, (j, l)] += sum_i weight_m(i) x~_j(i) x~_l(i)        j <= l, x~ = [x 1]
//
// with weight_m = p_k share p_l for the pairs k < l of classes, or as given: d^2 / 2 multiplications a row for the
// features' products, which are in the cache, and M d^2 flop for the sums.
#pragma once

#include "products.hpp"
#include "tiles.hpp"

namespace softgrad::SOFTGRAD_ISA {

constexpr int64_t weights_at_once = 12;  // they stay in the first level of cache; whole ranges of classes

// Pairs of classes k < l, or the rows as they are given; entries beyond the last row are zero.
static void weigh(const Job &job, int64_t first, int64_t t, const Tile<double> &r) {
    const double *const given = (const double *)job.logits + first, *const shares = job.labels.shares;
    const int64_t K = job.n_classes, n = job.X.n, end = swept<double>(t);
    if (job.step == Step::grams) {
        for (int64_t k = 0; k < K; ++k) memcpy(r.at(k, 0), given + k * n, t * sizeof(double));
    } else {
        int64_t m = 0;
        for (int64_t k = 0; k < K; ++k)
            for (int64_t l = k + 1; l < K; ++l, ++m) {
                const double *const a = given + k * n, *const b = given + l * n;
                double *const to = r.at(m, 0);
                if (shares)
                    for (int64_t i = 0; i < t; ++i) to[i] = shares[first + i] > 0 ? shares[first + i] * a[i] * b[i] : 0;
                else
                    for (int64_t i = 0; i < t; ++i) to[i] = a[i] * b[i] / double(n);
            }
    }
    for (int64_t m = 0; m < weights(job); ++m)
        for (int64_t i = t; i < end; ++i) *r.at(m, i) = 0;
}

static void run_gram_chunk(const Job &job, int64_t chunk, double *sums, double *scratch) {
    const int64_t d = job.X.d, ld = pitch(job.height), M = weights(job), P = feature_pairs(d);
    double *const columns = scratch, *const ones = columns + d * ld, *const r = ones + ld, *const products = r + M * ld;
    for (int64_t i = 0; i < ld; ++i) ones[i] = 1;
    const bool in_place = layout_of<double>(job.X) == Layout::columns_in_place;
    const int64_t n_tiles = (job.X.n + job.height - 1) / job.height;
    for (int64_t tile = chunk * n_tiles / job.n_chunks; tile < (chunk + 1) * n_tiles / job.n_chunks; ++tile) {
        const int64_t first = tile * job.height, t = job.X.n - first < job.height ? job.X.n - first : job.height;
        const Block<double> x = columns_of<double>(job.X, first, t, ld, columns,
                                                   in_place ? Layout::columns_in_place : Layout::columns);
        weigh(job, first, t, {r, ld});
        const auto column = [&](int64_t j) { return j < d ? x.data + j * x.ld : ones; };
        int64_t done = 0, held = 0;
        for (int64_t j = 0; j <= d; ++j)
            for (int64_t l = j; l <= d; ++l) {
                const double *const a = column(j), *const b = column(l);
                double *const to = products + held * ld;
                for (int64_t i = 0; i < t; i += L<double>) store(to + i, load(a + i) * load(b + i));
                if (++held < products_at_once && done + held < P) continue;
                for (int64_t m = 0; m < M; m += weights_at_once)
                    backward<double>({products, ld, t}, held, {r + m * ld, ld},
                                     M - m < weights_at_once ? M - m : weights_at_once, sums + m * P + done, P);
                done += held, held = 0;
            }
    }
}

}  // namespace softgrad::SOFTGRAD_ISA
