// The bindings. Shapes and types are checked by softgrad.kernels, the only door to this module.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>

#include <optional>
#include <stdexcept>

#include "isa.hpp"
#include "parallel.hpp"
#include "plan.hpp"

namespace nb = nanobind;
using namespace softgrad;

namespace {

using Anything = nb::ndarray<nb::ro, nb::device::cpu>;
using Reals = nb::ndarray<const double, nb::c_contig, nb::device::cpu>;
using Codes = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

Element element_of(nb::dlpack::dtype type) {
    struct Known { nb::dlpack::dtype type; Element element; };
    static const Known known[] = {
        {nb::dtype<double>(), Element::f64},   {nb::dtype<float>(), Element::f32},
        {nb::dtype<uint8_t>(), Element::u8},   {nb::dtype<int8_t>(), Element::i8},
        {nb::dtype<uint16_t>(), Element::u16}, {nb::dtype<int16_t>(), Element::i16},
        {nb::dtype<uint32_t>(), Element::u32}, {nb::dtype<int32_t>(), Element::i32},
        {nb::dtype<uint64_t>(), Element::u64}, {nb::dtype<int64_t>(), Element::i64}};
    for (const Known &candidate : known)
        if (candidate.type == type) return candidate.element;
    throw std::invalid_argument("the kernels have no code for X of this type");
}

template <class Array> const auto *data_or_null(const std::optional<Array> &array) {
    return array ? array->data() : nullptr;
}

Table table_of(const Anything &X, const std::optional<Reals> &offsets) {
    const int64_t size = X.itemsize();
    return {static_cast<const char *>(X.data()), int64_t(X.shape(0)), int64_t(X.shape(1)), X.stride(0) * size,
            X.stride(1) * size, element_of(X.dtype()), data_or_null(offsets)};
}

}  // namespace

NB_MODULE(_native, module) {
    module.doc() = "Compiled kernels of softgrad; use them through softgrad.kernels.";
    // {name: number}, best first, of those that run on this machine.
    module.def("instruction_sets", [] {
        nb::dict numbers;
        for (int i = 0; i < n_instruction_sets; ++i)
            if (instruction_sets[i].runs_here()) numbers[instruction_sets[i].name] = i;
        return numbers;
    });
    module.def(
        "run",
        [](int isa, int n_threads, int step, bool single, bool backward, int64_t n_classes, int64_t directions,
           bool overwrites, double t, const Anything &X, const std::optional<Reals> &offsets, const std::optional<Reals> &coef,
           const std::optional<Reals> &start, const std::optional<Codes> &codes, const std::optional<Reals> &soft,
           const std::optional<Reals> &shares, std::optional<nb::ndarray<nb::c_contig, nb::device::cpu>> logits,
           const std::optional<Anything> &other, nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu> sums) {
            const Labels labels{data_or_null(codes), data_or_null(soft), data_or_null(shares)};
            Job job{table_of(X, offsets),
                    labels,
                    static_cast<Step>(step),
                    single,
                    n_classes,
                    data_or_null(coef),
                    data_or_null(start),
                    logits ? logits->data() : nullptr,
                    overwrites,
                    other ? other->data() : nullptr,
                    t,
                    directions,
                    backward,
                    0,
                    0};
            plan(job);
            if (int64_t(sums.size()) != sums_size(job)) throw std::invalid_argument("sums of the wrong size");
            nb::gil_scoped_release released;
            run(job, instruction_sets[isa].run, n_threads, sums.data());
        },
        nb::arg("isa"), nb::arg("n_threads"), nb::arg("step"), nb::arg("single"), nb::arg("backward"),
        nb::arg("n_classes"), nb::arg("directions"), nb::arg("overwrites"), nb::arg("t"), nb::arg("X"), nb::arg("offsets").none(), nb::arg("coef").none(),
        nb::arg("start").none(), nb::arg("codes").none(), nb::arg("soft").none(), nb::arg("shares").none(),
        nb::arg("logits").none(), nb::arg("other").none(), nb::arg("sums"));
}
