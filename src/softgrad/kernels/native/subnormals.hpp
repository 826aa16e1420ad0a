// Numbers below the smallest normal one, which many machines multiply a hundred times more slowly.
#pragma once

#include <stdint.h>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace softgrad {

// While one lives and `wanted`, this thread takes subnormal numbers for zero, in what it reads and in what it computes.
// Products with the Hessian in float want it: in raw data most rows are certain, and the probabilities of their other
// classes fall below 1.2e-38 often enough to make a product five times as long.
class WithoutSubnormals {
  public:
    explicit WithoutSubnormals(bool wanted) : wanted_(wanted), before_(wanted ? control() : 0) {
        if (wanted_) set_control(before_ | to_zero);
    }
    ~WithoutSubnormals() {
        if (wanted_) set_control(before_);
    }
    WithoutSubnormals(const WithoutSubnormals &) = delete;
    WithoutSubnormals &operator=(const WithoutSubnormals &) = delete;

  private:
#if defined(__SSE2__)
    static constexpr uint64_t to_zero = 0x8040;  // MXCSR: results (FTZ) and operands (DAZ)
    static uint64_t control() { return _mm_getcsr(); }
    static void set_control(uint64_t value) { _mm_setcsr(uint32_t(value)); }
#elif defined(__aarch64__)
    static constexpr uint64_t to_zero = uint64_t(1) << 24;  // FPCR.FZ
    static uint64_t control() {
        uint64_t value;
        asm volatile("mrs %0, fpcr" : "=r"(value));
        return value;
    }
    static void set_control(uint64_t value) { asm volatile("msr fpcr, %0" : : "r"(value)); }
#else
    static constexpr uint64_t to_zero = 0;
    static uint64_t control() { return 0; }
    static void set_control(uint64_t) {}
#endif
    bool wanted_;
    uint64_t before_;
};

}  // namespace softgrad
