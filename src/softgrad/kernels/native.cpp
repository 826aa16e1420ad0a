// The compiled kernels of softgrad. Contracts (shapes, inf and NaN) are those of the NumPy twins in
// softgrad.maths; softgrad.kernels is the only door, and checks shapes and types before it calls in here.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>

namespace nb = nanobind;

namespace {

using Matrix = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Vector = nb::ndarray<nb::numpy, double, nb::ndim<1>>;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// top + log1p(sum of exp(logit - top) over all classes but the top one): no overflow, and the second term
// keeps its relative accuracy however small it is.
double log_sum_exp(const double *row, std::size_t n_classes) {
    std::size_t top = 0;
    for (std::size_t k = 0; k < n_classes; ++k) {
        if (std::isnan(row[k])) return not_a_number;
        if (row[k] > row[top]) top = k;
    }
    if (row[top] == -infinity) return not_a_number;
    if (row[top] == infinity) {
        for (std::size_t k = top + 1; k < n_classes; ++k) {
            if (row[k] == infinity) return not_a_number;
        }
        return infinity;
    }
    double rest = 0.0;
    for (std::size_t k = 0; k < n_classes; ++k) {
        if (k != top) rest += std::exp(row[k] - row[top]);
    }
    return row[top] + std::log1p(rest);
}

Vector row_log_sum_exp(const Matrix &logits) {
    const std::size_t n_rows = logits.shape(0), n_classes = logits.shape(1);
    auto result = std::make_unique<double[]>(n_rows);
    {
        nb::gil_scoped_release released;
        const double *row = logits.data();
        for (std::size_t i = 0; i < n_rows; ++i, row += n_classes) result[i] = log_sum_exp(row, n_classes);
    }
    double *data = result.get();
    nb::capsule owner(data, [](void *p) noexcept { delete[] static_cast<double *>(p); });
    result.release();
    return Vector(data, {n_rows}, owner);
}

}  // namespace

NB_MODULE(_native, module) {
    module.doc() = "Compiled kernels of softgrad; use them through softgrad.kernels.";
    module.def("row_log_sum_exp", &row_log_sum_exp, nb::arg("logits").noconvert());
}
