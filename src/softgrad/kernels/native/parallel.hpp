// Chunks over threads. Each chunk has its own sums, and they are merged as one fixed binary tree: the result does not
// depend on how many threads there were, nor on which of them took which chunk.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "isa.hpp"
#include "plan.hpp"
#include "subnormals.hpp"
#include "team.hpp"

namespace softgrad {

// Working memory on a cache line's boundary; large pieces in huge pages where the system has them, as each page's first
// touch costs more than the arithmetic on it.
class Buffer {
  public:
    explicit Buffer(int64_t count)
        : bytes_(std::size_t(count + 8) * sizeof(double)), alignment_(bytes_ >= huge ? huge : 64),
          data_(static_cast<double *>(::operator new(bytes_, std::align_val_t(alignment_)))) {
#if defined(__linux__)
        if (bytes_ >= huge) madvise(data_, bytes_ / huge * huge, MADV_HUGEPAGE);
#endif
    }
    ~Buffer() { ::operator delete(data_, std::align_val_t(alignment_)); }
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    double *data() const { return data_; }

  private:
    static constexpr std::size_t huge = std::size_t(1) << 21;
    std::size_t bytes_, alignment_;
    double *data_;
};

// body(worker, chunk) for every chunk.
template <class Body> void in_parallel(int64_t n_chunks, int n_threads, const Body &body) {
    std::atomic<int64_t> next{0};
    const auto work = [&](int worker) {
        for (int64_t chunk = next++; chunk < n_chunks; chunk = next++) body(worker, chunk);
    };
    const int workers = int(n_threads < n_chunks ? n_threads : n_chunks);
    if (workers < 2) return work(0);
    std::unique_ptr<Team> team = IdleTeams::instance().take();
    team->run(workers - 1, work);
    IdleTeams::instance().put_back(std::move(team));
}

// sums[0..size) of chunk 0 becomes the sum of all chunks', pairs first.
inline void merge(double *sums, int64_t size, int64_t n_chunks) {
    for (int64_t step = 1; step < n_chunks; step *= 2)
        for (int64_t chunk = 0; chunk + step < n_chunks; chunk += 2 * step)
            for (int64_t e = 0; e < size; ++e) sums[chunk * size + e] += sums[(chunk + step) * size + e];
}

// Runs `step` on every chunk with sums of its own, and merges them into `result`.
template <class Step>
void sum_chunks(int64_t n_chunks, int64_t size, int64_t scratch_each, int n_threads, const Step &step, double *result) {
    const int64_t each = (scratch_each + 7) / 8 * 8, workers = n_threads < n_chunks ? n_threads : n_chunks;
    Buffer all(size * n_chunks), scratch(each * workers);
    in_parallel(n_chunks, n_threads, [&](int worker, int64_t chunk) {
        double *own = all.data() + chunk * size;
        for (int64_t e = 0; e < size; ++e) own[e] = 0;
        step(chunk, own, scratch.data() + worker * each);
    });
    merge(all.data(), size, n_chunks);
    for (int64_t e = 0; e < size; ++e) result[e] = all.data()[e];
}

inline void run(const Job &job, RunChunk run_chunk, int n_threads, double *sums) {
    const auto step = [&](int64_t chunk, double *own, double *scratch) {
        const WithoutSubnormals fast(job.single && job.step == Step::curved);
        run_chunk(job, chunk, own, scratch);
    };
    sum_chunks(job.n_chunks, sums_size(job), scratch_size(job), n_threads, step, sums);
}

constexpr int64_t columns_at_once = 8;  // a line of doubles

// Features [from, to) of coef (n_classes, d), class by class for each: rows of `ld`.
inline void fill_table(const Job &job, int64_t ld, int64_t from, int64_t to, double *table) {
    const int64_t K = job.n_classes, d = job.X.d;
    for (int64_t j = from; j < to; j += columns_at_once) {
        const int64_t end = to - j < columns_at_once ? to : j + columns_at_once;
        for (int64_t k = 0; k < ld; ++k)
            for (int64_t m = j; m < end; ++m) table[m * ld + k] = k < K ? job.coef[k * d + m] : 0;
    }
}

// The rows' half of a pass over sparse rows: the same job, with what the table and the residuals stand for taken out.
inline Job rows_half(const Job &job) {
    Job half = job;
    half.X.d = 0;
    half.coef = half.start = nullptr;
    half.backward = false;
    half.lines = true;
    plan(half);
    return half;
}

// How the features are shared among threads, in the words of SparseJob.
struct Parts {
    const int64_t *bounds;
    const void *splits;
    int64_t count;
};

inline void run_sparse(const Job &job, const Compressed &rows, const Parts &parts, const InstructionSet &isa,
                       int n_threads, double *sums) {
    const int64_t K = job.n_classes, n = job.X.n, d = job.X.d, ld = (K + 7) / 8 * 8, n_tables = d < 512 ? 1 : 64;
    Buffer table(job.coef ? d * ld : 0), start(ld), residuals(job.backward ? n * ld : 0);
    for (int64_t k = 0; k < ld; ++k) start.data()[k] = k < K && job.start ? job.start[k] : 0;
    if (job.coef)
        in_parallel(n_tables, n_threads, [&](int, int64_t chunk) {
            fill_table(job, ld, chunk * d / n_tables, (chunk + 1) * d / n_tables, table.data());
        });
    const SparseJob sparse{rows_half(job), rows, d, ld, job.coef ? table.data() : nullptr, start.data(),
                           job.backward ? residuals.data() : nullptr, parts.bounds, parts.splits, parts.count};
    const auto step = [&](int64_t chunk, double *own, double *scratch) { isa.sparse_rows(sparse, chunk, own, scratch); };
    sum_chunks(sparse.job.n_chunks, 1 + K, scratch_size(sparse.job), n_threads, step, sums);
    if (!job.backward) return;
    Buffer own(job.coef ? 0 : d * ld);
    double *const G = job.coef ? table.data() : own.data();
    in_parallel(parts.count, n_threads, [&](int, int64_t part) {
        for (int64_t e = parts.bounds[part] * ld; e < parts.bounds[part + 1] * ld; ++e) G[e] = 0;
        isa.sparse_features(sparse, part, G, sums + 1 + K);
    });
}

}  // namespace softgrad
