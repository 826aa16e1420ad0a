// What a pass over dense rows is asked for: plain data that every instruction set's code reads alike.
#pragma once

#include <stdint.h>

namespace softgrad {

enum class Element : int { f64, f32, u8, i8, u16, i16, u32, i32, u64, i64 };

enum class Step : int {
    none,      // logits only
    proba,     // logits -> probabilities, in their place
    residual,  // logits -> share (proba - Y), and the loss
    along,     // the same at logits + t other; by_intercept is the slope's sum over the rows, class by class
    curved,    // a direction's logits -> share (diag(p) - p p') a, p = other
    given,     // the logits are the gradient with respect to the logits already
    spread,    // logits -> share proba; by_intercept is the sum of share (proba - Y), and G of share proba proba'
    exponentials,  // logits -> exp(logits - top), in their place, and four sums for each row in `rows`; nothing else
    pairs,     // `logits` are probabilities; nothing but G: of share p_k p_l for k < l, times products of two features
    grams,     // `logits` are weights; nothing but G: of each, times products of two features
};

struct Table {
    const char *data;
    int64_t n, d;
    int64_t row_stride, column_stride;  // bytes, of any sign
    Element element;
    const double *offsets;  // (d,) subtracted from the rows, or null
};

struct Labels {
    const void *codes;     // (n,) of `code_bytes` each: 1 unsigned, 4 or 8 signed; or null
    int code_bytes;
    const double *soft;    // (n, n_classes) in rows, or null
    const double *shares;  // (n,): weights over their sum; null where all are 1 / n
};

// Arrays of reals are in the type of the arithmetic, double or float, as `single` says; class-major arrays have shape
// (n_classes, n), so that lanes run along the rows.
struct Job {
    Table X;
    Labels labels;
    Step step;
    bool single;
    int64_t n_classes;    // rows of coef: classes, or directions x classes for `curved`
    const double *coef;   // (n_classes, d), or null where the logits are read from `logits`
    const double *start;  // (n_classes,), added to the logits; or null for zeros
    void *logits;         // class-major, written where coef is given (may be null), else read
    bool overwrites;      // `residual` and `proba` leave their result in `logits`
    const void *other;    // class-major: (n_classes / directions, n) for `curved`, (n_classes, n) for `along`
    double t;             // for `along`
    const double *base;        // (n_classes / directions, d), or null: for `curved`, where p = softmax of its logits
    const double *base_start;  // its intercept, or null
    int64_t directions;   // for `curved`
    void *rows;           // (4, n) for `exponentials`: top, sum of exp, the same without the label, label's logit - top
    bool backward;        // whether G is wanted
    bool lines;           // whether a tile is held row by row too, as the sparse kernels need it
    int64_t height;       // rows of a tile
    int64_t n_chunks;     // runs of tiles; each has its own sums
};

// Columns of G: X's, or for `spread` the classes.
inline int64_t columns(const Job &job) { return job.step == Step::spread ? job.n_classes : job.X.d; }

constexpr int64_t products_at_once = 48;  // products of features; a multiple of what any range of classes takes

// Rows and columns of G for `pairs` and `grams`.
inline int64_t weights(const Job &job) {
    return job.step == Step::pairs ? job.n_classes * (job.n_classes - 1) / 2 : job.n_classes;
}
inline int64_t feature_pairs(int64_t d) { return (d + 1) * (d + 2) / 2; }
inline bool of_feature_pairs(const Job &job) { return job.step == Step::pairs || job.step == Step::grams; }

// A chunk's sums, one after the other: loss, by_intercept (n_classes,), G (n_classes, columns); or G alone.
inline int64_t sums_size(const Job &job) {
    if (of_feature_pairs(job)) return weights(job) * feature_pairs(job.X.d);
    return 1 + job.n_classes * (1 + (job.backward ? columns(job) : 0));
}

// What a tile's classes or columns lie apart: neighbours fall into different sets of the cache.
inline int64_t pitch(int64_t height) { return height + 8; }

// Doubles of working memory that a thread needs, in either type of arithmetic.
inline int64_t scratch_size(const Job &job) {
    if (of_feature_pairs(job)) return pitch(job.height) * (job.X.d + 1 + weights(job) + products_at_once) + 64;
    const int64_t lanes = 16, width = (job.X.d / lanes + 2) * lanes, K = job.n_classes;
    return (pitch(job.height) + 3 * K) * width + (5 * K + 24) * pitch(job.height) + (3 + 5 * lanes) * K + 64 * lanes;
}

// A CSR array, the features of each row in order.
struct Compressed {
    const void *values, *indices, *starts;
    int64_t nnz;
    bool single;        // values are float, else double
    bool wide_indices;  // indices and starts are int64, else int32
};

// A pass over sparse rows; `job` without its X's data, coef and start.
struct SparseJob {
    Job job;
    Compressed rows;
    int64_t n_features;
    int64_t ld;                // classes, padded to whole registers: n_classes <= ld
    const double *table;       // (d, ld): coef, class by class for each feature; null where the logits are given
    const double *start;       // (ld,)
    double *residuals;         // (n, ld), or null where G is not wanted
    const int64_t *parts;      // (n_parts + 1,): bounds of ranges of features, each one thread's
    const void *splits;        // (n_parts - 1, n), as `starts`: where the ranges after the first begin in each row
    int64_t n_parts;
};

// Adds the rows of one chunk to its sums, and writes their residuals.
using RunSparseRows = void (*)(const SparseJob &job, int64_t chunk, double *sums, double *scratch);

// Adds up one part's features over all rows.
using RunSparseFeatures = void (*)(const SparseJob &job, int64_t part, double *G, double *result);

// Adds the rows of one chunk to its sums.
using RunChunk = void (*)(const Job &job, int64_t chunk, double *sums, double *scratch);

}  // namespace softgrad
