// Vector registers in the compiler's own notation: one source for every instruction set.
//
// Included only where SOFTGRAD_ISA names the namespace and SOFTGRAD_VECTOR_BYTES the width of a register; nothing
// of the standard library is instantiated here, so that no code for one machine can be linked into another's.
#pragma once

#include <stdint.h>
#include <string.h>

namespace softgrad::SOFTGRAD_ISA {

template <class T> struct IntegerOf;
template <> struct IntegerOf<double> { using type = int64_t; using unsigned_type = uint64_t; };
template <> struct IntegerOf<float> { using type = int32_t; using unsigned_type = uint32_t; };

// V is a register of reals, I one of integers of the same width (and what comparisons give), `lanes` their number.
template <class T> struct Lanes {
    using Integer = typename IntegerOf<T>::type;
    typedef T V __attribute__((vector_size(SOFTGRAD_VECTOR_BYTES)));
    typedef Integer I __attribute__((vector_size(SOFTGRAD_VECTOR_BYTES)));
    typedef typename IntegerOf<T>::unsigned_type U __attribute__((vector_size(SOFTGRAD_VECTOR_BYTES)));
    typedef T Four __attribute__((vector_size(4 * sizeof(T))));
    static constexpr int lanes = SOFTGRAD_VECTOR_BYTES / sizeof(T);
};

template <class T> using V = typename Lanes<T>::V;
template <class T> using I = typename Lanes<T>::I;
template <class T> using Four = typename Lanes<T>::Four;
template <class T> constexpr int L = Lanes<T>::lanes;

// A block of the products holds `classes` rows of one factor against as many registers of X as leave their sums in
// registers, with one of each factor beside them: 4 x 3 of 16 registers, 6 x 4 of 32. Fewer sums would wait for each
// other: two multiply-adds start every cycle, and each takes four.
#if SOFTGRAD_VECTOR_BYTES == 64
constexpr int sums_in_registers = 24, most_classes = 6;
#else
constexpr int sums_in_registers = 12, most_classes = 4;
#endif

// A single class, which no fit has, is not worth loops as long.
constexpr int registers_against(int classes) {
    return classes == 1 ? 4 : sums_in_registers / classes < 8 ? sums_in_registers / classes : 8;
}

constexpr int line_of_cache = 64;

constexpr int four = 4;  // rows and columns of the squares that are transposed

#define SOFTGRAD_INLINE static inline __attribute__((always_inline))
#define SOFTGRAD_METHOD inline __attribute__((always_inline))

template <class T> SOFTGRAD_INLINE V<T> load(const T *from) {
    V<T> value;
    memcpy(&value, from, sizeof value);
    return value;
}

template <class T> SOFTGRAD_INLINE void store(T *to, V<T> value) { memcpy(to, &value, sizeof value); }

// The value in a register: where registers are scarce compilers read it from memory again for each use.
template <class T> SOFTGRAD_INLINE V<T> kept(V<T> value) {
#if defined(SOFTGRAD_X86) && (SOFTGRAD_VECTOR_BYTES <= 32 || defined(__AVX512F__))
    asm("" : "+v"(value));
#elif defined(__aarch64__)
    asm("" : "+w"(value));
#endif
    return value;
}

template <class T> SOFTGRAD_INLINE V<T> broadcast(T value) { return value - V<T>{}; }

template <class T> SOFTGRAD_INLINE V<T> as_real(I<T> bits) { return (V<T>)bits; }
template <class T> SOFTGRAD_INLINE I<T> as_bits(V<T> value) { return (I<T>)value; }

// `mask` holds all ones or all zeros in each lane.
template <class T> SOFTGRAD_INLINE V<T> keep(I<T> mask, V<T> value) { return as_real<T>(mask & as_bits<T>(value)); }

template <class T> SOFTGRAD_INLINE V<T> choose(I<T> mask, V<T> yes, V<T> no) { return mask ? yes : no; }

// total[a][b] += left(a) right(b). The fewer factors are held in registers, the others pass by: beside the sums there is
// room for no more.
template <class T, int lefts, int rights, class Left, class Right>
SOFTGRAD_INLINE void add_products(const Left &left, const Right &right, V<T> (&total)[lefts][rights]) {
    constexpr int fewer = lefts < rights ? lefts : rights, more = lefts < rights ? rights : lefts;
    V<T> held[fewer];
    for (int a = 0; a < fewer; ++a)
        if constexpr (lefts < rights) held[a] = kept<T>(left(a));
        else held[a] = kept<T>(right(a));
    for (int b = 0; b < more; ++b)
        if constexpr (lefts < rights) {
            const V<T> passing = kept<T>(right(b));
            for (int a = 0; a < fewer; ++a) total[a][b] += held[a] * passing;
        } else {
            const V<T> passing = kept<T>(left(b));
            for (int a = 0; a < fewer; ++a) total[b][a] += passing * held[a];
        }
}

template <class T> SOFTGRAD_INLINE T sum(V<T> value) {
    T total = 0;
    for (int lane = 0; lane < L<T>; ++lane) total += value[lane];
    return total;
}

template <class T> SOFTGRAD_INLINE bool any(I<T> mask) {
    uint64_t words[sizeof mask / 8], seen = 0;
    memcpy(words, &mask, sizeof mask);
    for (uint64_t word : words) seen |= word;
    return seen != 0;
}

// Sums over the lanes of each of four registers, by a tree of shuffles where the compiler has them.
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define SOFTGRAD_HAS_SHUFFLE
#endif
#endif

template <class T> SOFTGRAD_INLINE Four<T> sum_four(V<T> a, V<T> b, V<T> c, V<T> d) {
    return Four<T>{sum<T>(a), sum<T>(b), sum<T>(c), sum<T>(d)};
}

#if defined(SOFTGRAD_HAS_SHUFFLE) && SOFTGRAD_VECTOR_BYTES >= 32
#define SOFTGRAD_SHUFFLE __builtin_shufflevector
typedef float Eight __attribute__((vector_size(32)));

#if SOFTGRAD_VECTOR_BYTES == 64
SOFTGRAD_INLINE Four<double> halved(V<double> v) {
    return SOFTGRAD_SHUFFLE(v, v, 0, 1, 2, 3) + SOFTGRAD_SHUFFLE(v, v, 4, 5, 6, 7);
}
SOFTGRAD_INLINE Eight halved(V<float> v) {
    return SOFTGRAD_SHUFFLE(v, v, 0, 1, 2, 3, 4, 5, 6, 7) + SOFTGRAD_SHUFFLE(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
}
#else
SOFTGRAD_INLINE Four<double> halved(Four<double> v) { return v; }
SOFTGRAD_INLINE Eight halved(Eight v) { return v; }
#endif

SOFTGRAD_INLINE Four<double> paired(Four<double> a, Four<double> b) {
    return SOFTGRAD_SHUFFLE(a, b, 0, 4, 2, 6) + SOFTGRAD_SHUFFLE(a, b, 1, 5, 3, 7);
}
SOFTGRAD_INLINE Eight paired(Eight a, Eight b) {
    return SOFTGRAD_SHUFFLE(a, b, 0, 8, 2, 10, 4, 12, 6, 14) + SOFTGRAD_SHUFFLE(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
}

template <>
inline __attribute__((always_inline)) Four<double> sum_four<double>(V<double> a, V<double> b, V<double> c, V<double> d) {
    const Four<double> ab = paired(halved(a), halved(b)), cd = paired(halved(c), halved(d));
    return SOFTGRAD_SHUFFLE(ab, cd, 0, 1, 4, 5) + SOFTGRAD_SHUFFLE(ab, cd, 2, 3, 6, 7);
}

template <>
inline __attribute__((always_inline)) Four<float> sum_four<float>(V<float> a, V<float> b, V<float> c, V<float> d) {
    const Eight ab = paired(halved(a), halved(b)), cd = paired(halved(c), halved(d));
    const Eight all = SOFTGRAD_SHUFFLE(ab, cd, 0, 1, 8, 9, 4, 5, 12, 13) +
                      SOFTGRAD_SHUFFLE(ab, cd, 2, 3, 10, 11, 6, 7, 14, 15);
    return SOFTGRAD_SHUFFLE(all, all, 0, 1, 2, 3) + SOFTGRAD_SHUFFLE(all, all, 4, 5, 6, 7);
}
#endif

// Sums over the lanes of up to four registers.
template <class T, int count> SOFTGRAD_INLINE Four<T> sum_some(const V<T> *of, int64_t stride) {
    V<T> parts[four] = {};
    for (int c = 0; c < count && c < four; ++c) parts[c] = of[c * stride];
    return sum_four<T>(parts[0], parts[1], parts[2], parts[3]);
}

// Asks for the rows that come next, a little with every step, so that the memory is never waited for nor flooded.
struct Fetch {
    const char *next;
    int64_t stride;  // bytes a step

    SOFTGRAD_METHOD void step() {
        for (int64_t ahead = 0; ahead < stride; ahead += line_of_cache) __builtin_prefetch(next + ahead);
        next += stride;
    }
    // The same where a step is of at most so many lines.
    template <int lines> SOFTGRAD_METHOD void step() {
        for (int line = 0; line < lines; ++line) __builtin_prefetch(next + line * line_of_cache);
        next += stride;
    }
};

}  // namespace softgrad::SOFTGRAD_ISA
