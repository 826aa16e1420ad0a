// Chunks over threads. Each chunk has its own sums, and they are merged as one fixed binary tree: the result does not
// depend on how many threads there were, nor on which of them took which chunk.
#pragma once

#include <atomic>
#include <cstddef>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "job.hpp"

namespace softgrad {

// Working memory on a cache line's boundary.
class Buffer {
  public:
    explicit Buffer(int64_t count)
        : data_(static_cast<double *>(::operator new(std::size_t(count + 8) * sizeof(double), std::align_val_t(64)))) {}
    ~Buffer() { ::operator delete(data_, std::align_val_t(64)); }
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    double *data() const { return data_; }

  private:
    double *data_;
};

// body(worker, chunk) for every chunk. Threads are made for the call and end with it: nothing of them survives into a
// fork, and where no more can be made, fewer do the same work.
template <class Body> void in_parallel(int64_t n_chunks, int n_threads, const Body &body) {
    std::atomic<int64_t> next{0};
    const auto work = [&](int worker) {
        for (int64_t chunk = next++; chunk < n_chunks; chunk = next++) body(worker, chunk);
    };
    std::vector<std::thread> others;
    try {
        for (int worker = 1; worker < n_threads && worker < n_chunks; ++worker) others.emplace_back(work, worker);
    } catch (const std::system_error &) {
    }
    work(0);
    for (auto &other : others) other.join();
}

// All chunks' sums, merged into `sums`.
inline void run(const Job &job, RunChunk run_chunk, int n_threads, double *sums) {
    const int64_t size = sums_size(job), each = (scratch_size(job) + 7) / 8 * 8;
    const int64_t workers = n_threads < job.n_chunks ? n_threads : job.n_chunks;
    Buffer all(size * job.n_chunks), scratch(each * workers);
    in_parallel(job.n_chunks, n_threads, [&](int worker, int64_t chunk) {
        double *own = all.data() + chunk * size;
        for (int64_t e = 0; e < size; ++e) own[e] = 0;
        run_chunk(job, chunk, own, scratch.data() + worker * each);
    });
    for (int64_t step = 1; step < job.n_chunks; step *= 2)
        for (int64_t chunk = 0; chunk + step < job.n_chunks; chunk += 2 * step)
            for (int64_t e = 0; e < size; ++e) all.data()[chunk * size + e] += all.data()[(chunk + step) * size + e];
    for (int64_t e = 0; e < size; ++e) sums[e] = all.data()[e];
}

}  // namespace softgrad
