#include "isa.hpp"

namespace softgrad {

namespace {
bool always() { return true; }
#if defined(SOFTGRAD_X86)
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#if defined(SOFTGRAD_EMULATE_AVX512)
bool has_avx512() { return has_avx2(); }
#else
bool has_avx512() { return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"); }
#endif
#endif
}  // namespace

const InstructionSet instruction_sets[] = {
#if defined(SOFTGRAD_X86)
    {"avx512", has_avx512, avx512::run, avx512::sparse_rows, avx512::sparse_features},
    {"avx2", has_avx2, avx2::run, avx2::sparse_rows, avx2::sparse_features},
#endif
    {"portable", always, portable::run, portable::sparse_rows, portable::sparse_features},
};
const int n_instruction_sets = sizeof instruction_sets / sizeof *instruction_sets;

}  // namespace softgrad
