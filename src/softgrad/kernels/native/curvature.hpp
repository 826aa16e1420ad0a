// What a tile's rows contribute to second derivatives, from their probabilities.
#pragma once

#include "rows.hpp"

namespace softgrad::SOFTGRAD_ISA {

// r = share (p a - p (p'a)), for one direction's logits a. r may be a.
template <class T>
static void curved(const Tile<const T> &p, const Tile<T> &a, const Tile<T> &r, int64_t t, const Targets<T> &targets,
                   const RowSums<T> &rows, V<T> *by_class) {
    for (int64_t i = 0; i < t; i += L<T>) {
        V<T> mean = {};
        for (int64_t k = 0; k < targets.n_classes; ++k) mean += load(p.at(k, i)) * load(a.at(k, i));
        store(rows.rest + i, mean);
    }
    for (int64_t k = 0; k < targets.n_classes; ++k) {
        V<T> total = {};
        for (int64_t i = 0; i < t; i += L<T>) {
            const V<T> share = load(targets.shares + i), pull = load(a.at(k, i)) - load(rows.rest + i);
            const V<T> value = keep<T>(share > T(0), load(p.at(k, i)) * pull * share);
            total += value;
            store(r.at(k, i), value);
        }
        by_class[k] += total;
    }
}

// z = softmax(z), r = share z and by_class += sums of share (z - Y), the label's from those of the other classes; rows of
// no weight become zero in both.
template <class T>
static void spread(const Tile<T> &z, const Tile<T> &r, int64_t t, const Targets<T> &targets, const RowSums<T> &rows,
                   V<T> *by_class) {
    softmax_in_place(z, t, targets.n_classes, rows);
    const auto is_label = [&](int64_t k, int64_t i) {
        return targets.codes ? load_integers<T>(targets.codes + i) == every<T>(k)
                             : load(targets.soft.at(k, i)) == T(1);
    };
    for (int64_t i = 0; i < t; i += L<T>) {
        const V<T> share = load(targets.shares + i);
        const I<T> counts = share > T(0);
        V<T> others = {};
        for (int64_t k = 0; k < targets.n_classes; ++k) {
            const V<T> p = keep<T>(counts, load(z.at(k, i))), scaled = share * p;
            others += keep<T>(~is_label(k, i), scaled);
            store(z.at(k, i), p), store(r.at(k, i), scaled);
        }
        store(rows.others + i, others);
    }
    for (int64_t k = 0; k < targets.n_classes; ++k) {
        V<T> total = {};
        for (int64_t i = 0; i < t; i += L<T>) {
            V<T> value = load(r.at(k, i));
            if (!targets.codes) value -= load(targets.soft.at(k, i)) * load(targets.shares + i);
            total += choose<T>(is_label(k, i), -load(rows.others + i), value);
        }
        by_class[k] += total;
    }
}

}  // namespace softgrad::SOFTGRAD_ISA
