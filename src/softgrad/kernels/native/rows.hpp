// What a tile's rows contribute, from their logits: lanes run along the rows, classes one after the other.
//
// The formulas, limits and the exactness at certainty are those of softgrad.maths.cross_entropy: the loss is
// log1p(sum of the others' exp(z_k - top)) - (z_y - top), the label's residual is minus the sum of the others'.
// A tile is class-major, entry (k, i) at data[k * ld + i], and whole registers of rows are always there: rows beyond
// the last are zero and have share zero.
#pragma once

#include "functions.hpp"
#include "job.hpp"

namespace softgrad::SOFTGRAD_ISA {

template <class T> using Integer = typename Lanes<T>::Integer;
template <class T> SOFTGRAD_INLINE I<T> every(int64_t value) { return I<T>{} + Integer<T>(value); }

template <class T> struct Tile {
    T *data;
    int64_t ld;
    T *at(int64_t k, int64_t i) const { return data + k * ld + i; }
    Tile from(int64_t i) const { return {data + i, ld}; }
};

// The tile's targets in the arithmetic's type.
template <class T> struct Targets {
    int64_t n_classes;
    const T *shares;
    const Integer<T> *codes;  // or null, and then
    Tile<const T> soft;

    Targets from(int64_t i) const { return {n_classes, shares + i, codes ? codes + i : nullptr, soft.from(i)}; }
};

// The limits where the largest logit is infinite: one +inf is certain; several, or none but -inf, are NaN.
template <class T> static void settle_infinite(const Tile<T> &z, int64_t i, int64_t n_classes) {
    const T infinity = T(__builtin_inf());
    for (int64_t lane = i; lane < i + L<T>; ++lane) {
        int64_t infinite = 0, possible = 0;
        bool poisoned = false;
        for (int64_t k = 0; k < n_classes; ++k) {
            const T value = *z.at(k, lane);
            infinite += value == infinity;
            possible += value > -infinity;
            poisoned |= value != value;
        }
        if (infinite == 0 && possible > 0 && !poisoned) continue;
        const bool certain = infinite == 1 && !poisoned;
        for (int64_t k = 0; k < n_classes; ++k) {
            T &value = *z.at(k, lane);
            value = !certain ? T(__builtin_nan("")) : value == infinity ? T(0) : -infinity;
        }
    }
}

// What is kept of each row between two sweeps over the tile: each does a little to all rows, so that neighbouring registers
// do not wait for each other.
template <class T> struct RowSums {
    T *top;     // largest logit; later what the row's exponentials are multiplied by
    T *rest;    // sum of exp(z_k - top); with soft labels over the classes below the top
    T *ties;    // with soft labels, the number of classes on top
    T *others;  // sum of exp(z_k - top) over all classes but the label's; later the label's residual
    T *own;     // sum of Y_k (z_k - top)
};

template <class T> SOFTGRAD_INLINE I<T> load_integers(const Integer<T> *from) {
    I<T> value;
    memcpy(&value, from, sizeof value);
    return value;
}

// The largest logits; whether some exp(z_k - top) may be subnormal or zero.
template <class T> static bool find_tops(const Tile<T> &z, int64_t t, int64_t n_classes, const RowSums<T> &rows) {
    I<T> flagged = {};
    for (int64_t i = 0; i < t; i += L<T>) {
        V<T> top = load(z.at(0, i)), least = top;
        for (int64_t k = 1; k < n_classes; ++k) {
            const V<T> next = load(z.at(k, i));
            top = choose<T>(next > top, next, top);
            least = choose<T>(next < least, next, least);
        }
        flagged |= ~(least - top >= Constants<T>::underflows);
        store(rows.top + i, top);
    }
    return any<T>(flagged);
}

// Tops, with infinite logits first brought to an equivalent finite form in place.
template <class T> static bool settle_tops(const Tile<T> &z, int64_t t, int64_t n_classes, const RowSums<T> &rows) {
    if (__builtin_expect(!find_tops(z, t, n_classes, rows), 1)) return false;
    for (int64_t i = 0; i < t; i += L<T>) settle_infinite(z, i, n_classes);
    find_tops(z, t, n_classes, rows);
    return true;
}

// Registers of rows whose exponentials are computed together; each such step of a class fetches a little.
constexpr int exp_at_once = 4;

template <class T, bool may_underflow, int registers>
SOFTGRAD_INLINE void exp_of_registers(const T *from, const T *top, T *to) {
    V<T> e[registers];
    for (int m = 0; m < registers; ++m) e[m] = load(from + m * L<T>) - load(top + m * L<T>);
    exp_nonpositive<T, may_underflow>(e);
    for (int m = 0; m < registers; ++m) store(to + m * L<T>, e[m]);
}

// r = exp(z - top); r may be z.
template <class T, bool may_underflow>
static void exp_of_all(const Tile<T> &z, const Tile<T> &r, int64_t t, int64_t n_classes, const T *top, Fetch &fetch) {
    constexpr int registers = exp_at_once;
    for (int64_t k = 0; k < n_classes; ++k) {
        const T *const from = z.at(k, 0);
        T *const to = r.at(k, 0);
        int64_t i = 0;
        for (; i + registers * L<T> <= t; i += registers * L<T>) {
            fetch.step();
            exp_of_registers<T, may_underflow, registers>(from + i, top + i, to + i);
        }
        for (; i < t; i += L<T>) exp_of_registers<T, may_underflow, 1>(from + i, top + i, to + i);
    }
}

// r = exp(z - top), with infinite logits first brought to an equivalent finite form in place.
template <class T>
static void exponentials(const Tile<T> &z, const Tile<T> &r, int64_t t, int64_t n_classes, const RowSums<T> &rows,
                         Fetch &fetch) {
    if (settle_tops(z, t, n_classes, rows))
        exp_of_all<T, true>(z, r, t, n_classes, rows.top, fetch);
    else
        exp_of_all<T, false>(z, r, t, n_classes, rows.top, fetch);
}

// The sums of RowSums, which stay in registers from one class to the next.
template <class T, bool codes>
static void sum_rows(const Tile<T> &z, const Tile<T> &r, int64_t t, const Targets<T> &targets, const RowSums<T> &rows) {
    const int64_t n_classes = targets.n_classes, ldz = z.ld, ldr = r.ld;
    for (int64_t i = 0; i < t; i += L<T>) {
        const V<T> top = load(rows.top + i);
        V<T> rest = {}, others = {}, own = {}, ties = {};
        I<T> label = {}, k_of = {};
        if (codes) label = load_integers<T>(targets.codes + i), own = top;
        const T *logits = z.at(0, i), *exps = r.at(0, i);
        for (int64_t k = 0; k < n_classes; ++k, logits += ldz, exps += ldr) {
            const V<T> e = load(exps);
            if (codes) {
                const I<T> is_label = label == k_of;
                k_of += every<T>(1);
                rest += e;
                others += keep<T>(~is_label, e);
                own = choose<T>(is_label, load(logits), own);
            } else {
                const V<T> y = load(targets.soft.at(k, i)), shifted = load(logits) - top;
                const I<T> on_top = shifted == T(0);
                rest += keep<T>(~on_top, e);
                ties += keep<T>(on_top, e);
                others += keep<T>(y != T(1), e);
                own += keep<T>((y != T(0)) | (shifted != shifted), y * shifted);
            }
        }
        if (codes) own -= top;
        store(rows.rest + i, rest), store(rows.others + i, others), store(rows.own + i, own);
        if (!codes) store(rows.ties + i, ties);
    }
}

// Sum of exp(z_k - top) over all classes but one on top, to its last digits where the loss may be small: a label on top
// leaves the others; where it is not, the sum less one has digits enough.
template <class T, bool codes> SOFTGRAD_INLINE V<T> rest_of(const RowSums<T> &rows, int64_t i) {
    const V<T> rest = load(rows.rest + i);
    if (!codes) return rest + (load(rows.ties + i) - T(1));
    return choose<T>(load(rows.own + i) == T(0), load(rows.others + i), rest - T(1));
}

// The rows' weighted losses; `top` becomes share / (1 + rest), `others` the label's residual. Whether a row is NaN.
template <class T, bool codes>
static bool add_losses(int64_t t, const Targets<T> &targets, const RowSums<T> &rows, T &loss) {
    V<T> total = {};
    I<T> flagged = {};
    for (int64_t i = 0; i < t; i += L<T>) {
        const V<T> share = load(targets.shares + i), own = load(rows.own + i), others = load(rows.others + i);
        const V<T> rest = rest_of<T, codes>(rows, i);
        const V<T> inverse = T(1) / (rest + T(1)), scale = share * inverse;
        const I<T> counts = share > T(0);
        flagged |= rest != rest;
        store(rows.top + i, scale);
        store(rows.others + i, keep<T>(counts, -others * scale));
        total += keep<T>(counts, (log1p_nonnegative<T>(rest, inverse) - own) * share);
    }
    loss += sum<T>(total);
    return any<T>(flagged);
}

// r = share (e / sum - Y), minus the others' sum where Y = 1; rows of no weight stay zero where e `may_be_nan` too.
template <class T, bool codes, bool may_be_nan>
static void normalise(const Tile<T> &r, int64_t t, const Targets<T> &targets, const RowSums<T> &rows, V<T> *by_class) {
    const T *const scales = rows.top, *const own_residuals = rows.others;
    const Integer<T> *const labels = targets.codes;
    for (int64_t k = 0; k < targets.n_classes; ++k) {
        T *const of_class = r.at(k, 0);
        V<T> total = {};
        for (int64_t i = 0; i < t; i += L<T>) {
            V<T> value = load(of_class + i) * load(scales + i);
            I<T> is_label;
            if (codes) {
                is_label = load_integers<T>(labels + i) == every<T>(k);
            } else {
                const V<T> y = load(targets.soft.at(k, i));
                is_label = y == T(1);
                value -= y * load(targets.shares + i);
            }
            if (may_be_nan) value = keep<T>(load(targets.shares + i) > T(0), value);
            value = choose<T>(is_label, load(own_residuals + i), value);
            total += value;
            store(of_class + i, value);
        }
        by_class[k] += total;
    }
}

template <class T, bool codes>
static T residual_of(const Tile<T> &z, const Tile<T> &r, int64_t t, const Targets<T> &targets, const RowSums<T> &rows,
                     V<T> *by_class, Fetch &fetch) {
    exponentials(z, r, t, targets.n_classes, rows, fetch);
    sum_rows<T, codes>(z, r, t, targets, rows);
    T loss = 0;
    if (add_losses<T, codes>(t, targets, rows, loss))
        normalise<T, codes, true>(r, t, targets, rows, by_class);
    else
        normalise<T, codes, false>(r, t, targets, rows, by_class);
    return loss;
}

// So many rows that their z and r stay in the first level of cache between two sweeps; whole registers.
template <class T> static int64_t swept_at_once(int64_t n_classes) {
    const int64_t rows = int64_t(12 * 1024 / sizeof(T)) / (n_classes > 0 ? n_classes : 1) / 32 * 32;
    return rows < 32 ? 32 : rows;
}

// r = share (softmax(z) - Y) and by_class += its sums; returns the loss. A row of soft labels with a one is treated
// as its code; a class with Y = 0 may be impossible.
template <class T>
static T residual(const Tile<T> &z, const Tile<T> &r, int64_t t, const Targets<T> &targets, const RowSums<T> &rows,
                  V<T> *by_class, Fetch fetch) {
    const int64_t at_once = swept_at_once<T>(targets.n_classes);
    T loss = 0;
    for (int64_t i = 0; i < t; i += at_once) {
        const int64_t count = t - i < at_once ? t - i : at_once;
        const Targets<T> some = targets.from(i);
        loss += targets.codes ? residual_of<T, true>(z.from(i), r.from(i), count, some, rows, by_class, fetch)
                              : residual_of<T, false>(z.from(i), r.from(i), count, some, rows, by_class, fetch);
    }
    return loss;
}

// z += step a.
template <class T>
static void move(const Tile<T> &z, const Tile<const T> &a, int64_t t, int64_t n_classes, T step) {
    for (int64_t k = 0; k < n_classes; ++k)
        for (int64_t i = 0; i < t; i += L<T>) store(z.at(k, i), load(z.at(k, i)) + step * load(a.at(k, i)));
}

// by_class += sums of r a.
template <class T>
static void slopes(const Tile<T> &r, const Tile<const T> &a, int64_t t, int64_t n_classes, V<T> *by_class) {
    for (int64_t k = 0; k < n_classes; ++k)
        for (int64_t i = 0; i < t; i += L<T>)
            by_class[k] += keep<T>(load(r.at(k, i)) != T(0), load(r.at(k, i)) * load(a.at(k, i)));
}

// Probabilities in place of the logits; at certainty exactly one and zeros.
template <class T>
static void softmax_in_place(const Tile<T> &z, int64_t t, int64_t n_classes, const RowSums<T> &rows) {
    Fetch nothing{nullptr, 0};
    exponentials(z, z, t, n_classes, rows, nothing);
    const int64_t ld = z.ld;
    for (int64_t i = 0; i < t; i += L<T>) {
        V<T> all = {};
        T *at = z.at(0, i);
        for (int64_t k = 0; k < n_classes; ++k, at += ld) all += load(at);
        const V<T> inverse = T(1) / all;
        at = z.at(0, i);
        for (int64_t k = 0; k < n_classes; ++k, at += ld) store(at, load(at) * inverse);
    }
}

}  // namespace softgrad::SOFTGRAD_ISA
