// Which instruction sets this build holds, and which of them runs.
#pragma once

#include "job.hpp"

namespace softgrad {

namespace portable { void run(const Job &, int64_t chunk, double *sums, double *scratch); }
#if defined(SOFTGRAD_X86)
namespace avx2 { void run(const Job &, int64_t chunk, double *sums, double *scratch); }
namespace avx512 { void run(const Job &, int64_t chunk, double *sums, double *scratch); }
#endif

struct InstructionSet {
    const char *name;
    RunChunk run;
    bool (*runs_here)();
};

// Best first.
extern const InstructionSet instruction_sets[];
extern const int n_instruction_sets;

}  // namespace softgrad
