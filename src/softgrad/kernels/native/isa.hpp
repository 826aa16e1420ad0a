// Which instruction sets this build holds, and which of them runs.
#pragma once

#include "job.hpp"

namespace softgrad {

#define SOFTGRAD_DECLARE(isa)                                                                       \
    namespace isa {                                                                                 \
    void run(const Job &, int64_t chunk, double *sums, double *scratch);                            \
    void sparse_rows(const SparseJob &, int64_t chunk, double *sums, double *scratch);              \
    void sparse_features(const SparseJob &, int64_t part, double *G, double *result);               \
    }

SOFTGRAD_DECLARE(portable)
#if defined(SOFTGRAD_X86)
SOFTGRAD_DECLARE(avx2)
SOFTGRAD_DECLARE(avx512)
#endif

struct InstructionSet {
    const char *name;
    bool (*runs_here)();
    RunChunk run;
    RunSparseRows sparse_rows;
    RunSparseFeatures sparse_features;
};

// Best first.
extern const InstructionSet instruction_sets[];
extern const int n_instruction_sets;

}  // namespace softgrad
