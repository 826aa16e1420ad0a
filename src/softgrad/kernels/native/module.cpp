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
using Codes = nb::ndarray<nb::ro, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

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

using Bounds = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Sums = nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Output = nb::ndarray<nb::c_contig, nb::device::cpu>;

// A Job's arrays as Python hands them over.
struct Request {
    int isa, n_threads, step;
    bool single, backward;
    int64_t n_classes, directions;
    bool overwrites;
    double t;
    std::optional<Reals> offsets, coef, start, base, base_start;
    std::optional<Codes> codes;
    std::optional<Reals> soft, shares;
    std::optional<Output> logits;
    std::optional<Anything> other;
    std::optional<Output> rows;
    Sums sums;

    Job job(const Table &X) const {
        Job job{};
        job.X = X;
        job.labels = {codes ? codes->data() : nullptr, codes ? int(codes->itemsize()) : 0, data_or_null(soft),
                      data_or_null(shares)};
        job.step = static_cast<Step>(step);
        job.single = single;
        job.n_classes = n_classes;
        job.coef = data_or_null(coef);
        job.start = data_or_null(start);
        job.base = data_or_null(base);
        job.base_start = data_or_null(base_start);
        job.logits = logits ? logits->data() : nullptr;
        job.overwrites = overwrites;
        job.other = other ? other->data() : nullptr;
        job.rows = rows ? rows->data() : nullptr;
        job.t = t;
        job.directions = directions;
        job.backward = backward;
        if (job.step == Step::exponentials && !(job.rows && job.labels.codes))
            throw std::invalid_argument("labels or room for the rows' sums are missing");
        plan(job);
        if (int64_t(sums.size()) != sums_size(job)) throw std::invalid_argument("sums of the wrong size");
        return job;
    }
};

Compressed compressed_of(const nb::object &values, const nb::object &indices, const nb::object &starts) {
    const auto v = nb::cast<Anything>(values), i = nb::cast<Anything>(indices), s = nb::cast<Anything>(starts);
    if (!(i.dtype() == s.dtype())) throw std::invalid_argument("indices and indptr of two types");
    return {v.data(), i.data(), s.data(), int64_t(v.size()), v.dtype() == nb::dtype<float>(), i.dtype() == nb::dtype<int64_t>()};
}

}  // namespace

NB_MODULE(_native, module) {
    module.doc() = "Compiled kernels of softgrad; use them through softgrad.kernels.";
    IdleTeams::instance();  // here no other thread can fork meanwhile
    // {name: number}, best first, of those that run on this machine.
    module.def("instruction_sets", [] {
        nb::dict numbers;
        for (int i = 0; i < n_instruction_sets; ++i)
            if (instruction_sets[i].runs_here()) numbers[instruction_sets[i].name] = i;
        return numbers;
    });
    nb::class_<Request>(module, "Request")
        .def("__init__",
             [](Request *self, int isa, int n_threads, int step, bool single, bool backward, int64_t n_classes,
                int64_t directions, bool overwrites, double t, std::optional<Reals> offsets, std::optional<Reals> coef,
                std::optional<Reals> start, std::optional<Reals> base, std::optional<Reals> base_start,
                std::optional<Codes> codes, std::optional<Reals> soft, std::optional<Reals> shares,
                std::optional<Output> logits, std::optional<Anything> other, std::optional<Output> rows, Sums sums) {
                 new (self) Request{isa,  n_threads, step,  single, backward, n_classes, directions, overwrites,
                                    t,    offsets,   coef,  start,  base,     base_start, codes,     soft,
                                    shares, logits,  other, rows,   sums};
             },
             nb::arg("isa"), nb::arg("n_threads"), nb::arg("step"), nb::arg("single"), nb::arg("backward"),
             nb::arg("n_classes"), nb::arg("directions"), nb::arg("overwrites"), nb::arg("t"),
             nb::arg("offsets").none(), nb::arg("coef").none(), nb::arg("start").none(), nb::arg("base").none(),
             nb::arg("base_start").none(), nb::arg("codes").none(), nb::arg("soft").none(), nb::arg("shares").none(),
             nb::arg("logits").none(), nb::arg("other").none(), nb::arg("rows").none(), nb::arg("sums"));
    module.def("run", [](const Request &request, const Anything &X) {
        const Job job = request.job(table_of(X, request.offsets));
        nb::gil_scoped_release released;
        run(job, instruction_sets[request.isa].run, request.n_threads, request.sums.data());
    });
    module.def("run_sparse", [](const Request &request, int64_t n, int64_t d, const nb::tuple &rows,
                                const Bounds &bounds, const nb::object &splits) {
        const Compressed X = compressed_of(rows[0], rows[1], rows[2]);
        const Job job = request.job({nullptr, n, d, 0, 0, Element::f64, nullptr});
        const Parts parts{bounds.data(), nb::cast<Anything>(splits).data(), int64_t(bounds.size()) - 1};
        nb::gil_scoped_release released;
        run_sparse(job, X, parts, instruction_sets[request.isa], request.n_threads, request.sums.data());
    });
}
