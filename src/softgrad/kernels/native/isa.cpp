// The tile loop for one instruction set; built once for each, with SOFTGRAD_ISA and SOFTGRAD_VECTOR_BYTES set.
#include "isa.hpp"

#include "grams.hpp"
#include "sparse_loop.hpp"

namespace softgrad::SOFTGRAD_ISA {

void run(const Job &job, int64_t chunk, double *sums, double *scratch) {
    if (of_feature_pairs(job)) return run_gram_chunk(job, chunk, sums, scratch);
    job.single ? run_chunk<float>(job, chunk, sums, scratch) : run_chunk<double>(job, chunk, sums, scratch);
}

void sparse_rows(const SparseJob &job, int64_t chunk, double *sums, double *scratch) {
    run_sparse_rows(job, chunk, sums, scratch);
}

void sparse_features(const SparseJob &job, int64_t part, double *G, double *result) {
    run_sparse_features(job, part, G, result);
}

}  // namespace softgrad::SOFTGRAD_ISA
