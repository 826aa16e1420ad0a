// What a panel of very many classes leaves of each row, for softgrad.kernels.panels to bring together.
#pragma once

#include "rows.hpp"

namespace softgrad::SOFTGRAD_ISA {

// r = exp(z - top), and each row's RowSums written to the lines of `to`, `n` apart. Infinite logits are left to the
// caller, who sees them in the sums.
template <class T>
static void exponentials_and_sums(const Tile<T> &z, const Tile<T> &r, int64_t t, const Targets<T> &targets,
                                  const RowSums<T> &rows, T *to, int64_t n) {
    const int64_t at_once = swept_at_once<T>(targets.n_classes);
    for (int64_t i = 0; i < t; i += at_once) {
        const int64_t count = t - i < at_once ? t - i : at_once;
        const Tile<T> from = z.from(i), exps = r.from(i);
        Fetch nothing{nullptr, 0};
        if (find_tops(from, count, targets.n_classes, rows))
            exp_of_all<T, true>(from, exps, count, targets.n_classes, rows.top, nothing);
        else
            exp_of_all<T, false>(from, exps, count, targets.n_classes, rows.top, nothing);
        sum_rows<T, true>(from, exps, count, targets.from(i), rows);
        const T *const lines[] = {rows.top, rows.rest, rows.others, rows.own};
        for (int line = 0; line < 4; ++line) memcpy(to + line * n + i, lines[line], count * sizeof(T));
    }
}

}  // namespace softgrad::SOFTGRAD_ISA
