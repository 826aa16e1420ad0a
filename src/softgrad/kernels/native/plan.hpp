// How rows are cut: a function of the problem alone, never of the threads.
#pragma once

#include "job.hpp"

namespace softgrad {

constexpr int64_t tile_bytes = 160 * 1024;     // of X: half of a second-level cache
constexpr int64_t most_chunks = 32;            // sums that are kept apart
constexpr int64_t most_sums = 2 * 1024 * 1024; // doubles in all chunks' sums together

inline int64_t clamped(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

inline void plan(Job &job) {
    const int64_t row = (job.X.d > 0 ? job.X.d : 4 * job.n_classes) * (job.single ? 4 : 8);
    const int64_t unit = job.single ? 64 : 32;  // a block of the widest registers, which is swept whole
    // Of pairs so long that the sums over lanes at a tile's end weigh little, but its weights take 2 MB at most.
    const int64_t long_enough = clamped((1 << 18) / (weights(job) + 1) / 32 * 32, 32, 256);
    job.height = of_feature_pairs(job) ? long_enough
                 : job.lines           ? 64
                                       : clamped(tile_bytes / row / unit * unit, unit, 256);
    const int64_t n_tiles = (job.X.n + job.height - 1) / job.height;
    const int64_t affordable = clamped(most_sums / (sums_size(job) + 1), 1, most_chunks);
    job.n_chunks = clamped(n_tiles / 4, 1, affordable);
}

}  // namespace softgrad
