// The classes in ranges of as many as the registers hold the work of.
#pragma once

#include "vectors.hpp"

namespace softgrad::SOFTGRAD_ISA {

// The class ranges of K: as even as possible, none beyond `most_classes`, the larger ones first.
struct ClassBlocks {
    int64_t K, count;
    explicit ClassBlocks(int64_t n_classes) : K(n_classes), count((n_classes + most_classes - 1) / most_classes) {}
    int64_t largest() const { return (K + count - 1) / count; }
};

template <int n> struct Size { static constexpr int value = n; };

// f(Size<the largest range's size>{}): the other ranges are at most one class shorter.
template <class F> SOFTGRAD_INLINE void with_largest(const ClassBlocks &blocks, const F &f) {
    switch (blocks.largest()) {
        case 1: return f(Size<1>{});
        case 2: return f(Size<2>{});
        case 3: return f(Size<3>{});
        case 4: return f(Size<4>{});
#if SOFTGRAD_VECTOR_BYTES == 64
        case 5: return f(Size<5>{});
        case 6: return f(Size<6>{});
#endif
    }
}

// f(size, first class) for every range.
template <int largest, class F> SOFTGRAD_INLINE void for_each_range(const ClassBlocks &blocks, const F &f) {
    constexpr int smaller = largest > 2 ? largest - 1 : largest;
    const int64_t end_of_larger = (blocks.K - blocks.count * (largest - 1)) * largest;
    int64_t k = 0;
    for (; k < end_of_larger; k += largest) f(Size<largest>{}, k);
    for (; k < blocks.K; k += smaller) f(Size<smaller>{}, k);
}

}  // namespace softgrad::SOFTGRAD_ISA
