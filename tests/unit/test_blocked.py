"""Rows in blocks behind an engine: the numbers of rows in memory, few rounds, and blocks that forget."""

import numpy as np
import pytest
import scipy.sparse

from softgrad.fitting import fit
from softgrad.rows import base, tree
from softgrad.rows.blocked import LOGITS, BlockwiseRows
from softgrad.rows.sampling import distinct
from softgrad.rows.shelf import MemoryShelf
from tests import listed_blocks, problems
from tests.blocked_rows import SIZES, protocol
from tests.listed_blocks import ListedBlocks
from tests.unit.test_rows import close, place

SOURCES = [listed_blocks.blockwise, listed_blocks.blockwise_sparse, listed_blocks.blockwise_recomputed]
BUILDS = [problems.plain, problems.weighted, problems.soft_labels, problems.counts]
cases = pytest.mark.parametrize(
    ("source", "build"), [(source, build) for source in SOURCES for build in BUILDS]
)


def everything(point):
    """All sums over the rows at a point."""
    return (
        point.loss,
        point.grad_coef,
        point.grad_intercept,
        *point.intercept_system(),
        point.hessian(),
        np.stack(list(point.class_grams())),
        point.gram(),
        point.diagonal(),
    )


def assert_same(ours, theirs, rtol=1e-13):
    for left, right in zip(ours, theirs, strict=True):
        close(left, right, rtol)


# ---------------------------------------------------------------------------------------------------- the sums


@cases
def test_the_sums_of_rows_in_memory(rng, source, build):
    problem = build(rng)
    rows, same = source(problem), problems.dense(problem)
    coef, intercept = place(rng, rows)
    assert (rows.n_rows, rows.n_features, rows.n_classes) == (
        same.n_rows,
        same.n_features,
        same.n_classes,
    ) or (build is problems.weighted)
    close(rows.weight_sum, same.weight_sum)
    close(rows.class_weights, same.class_weights)
    assert_same(rows.moments(), same.moments())
    assert_same(everything(rows.at(coef, intercept)), everything(same.at(coef, intercept)))


@cases
def test_the_points_of_rows_in_memory(rng, source, build):
    """Moved, shifted, towards another, a combination, a product's direction: again and again from one point."""
    problem = build(rng)
    rows, same = source(problem), problems.dense(problem)
    (coef, intercept), (v, c), (u, e) = (place(rng, rows) for _ in range(3))
    steps = np.array([0.0, 1.0, -0.7])

    def found(rows):
        here, there = rows.at(coef, intercept), rows.at(u, e)
        by_coef, by_intercept, followed = here.product(v, c)
        towards, direct = here.toward(there), here.direction(u, e)
        combined = here.product(v, c)[2].times(0.5).plus(-2.0, here.direction(u, e))
        yield from (by_coef, by_intercept)
        for direction in (followed, towards, direct, combined):
            yield from here.along(direction, steps)
            yield from (direction.coef, direction.intercept)
            yield from everything(here.move(direction, 0.3))
        yield from everything(here.move(towards, 0.3).shift(c).move(direct, 0.1).shift(e))
        yield from here.shift(c).along(towards.times(0.5), steps)
        yield from everything(there)

    assert_same(list(found(rows)), list(found(same)), 1e-12)


@pytest.mark.parametrize("source", SOURCES)
def test_the_protocol(rng, source):
    rows = source(problems.plain(rng))
    point = rows.at(*place(rng, rows))
    for thing, contract in (
        (rows, base.Rows),
        (point, base.Point),
        (point.direction(point.coef, point.intercept), base.Direction),
    ):
        assert protocol(contract) <= set(dir(thing))


def test_separates(rng):
    problem = problems.separable(rng)
    wrong = problem.targets.copy()
    wrong[7] = (wrong[7] + 1) % 3
    for source in SOURCES:
        assert source(problem).at(5 * np.eye(3), np.zeros(3)).separates()
        assert (
            not source(problems.Problem(problem.X, wrong, 3, 0.0)).at(5 * np.eye(3), np.zeros(3)).separates()
        )


def test_blocks_without_weight_count_nothing(rng):
    problem = problems.plain(rng)
    weights = np.ones(60)
    weights[8:72] = 0  # the third block, whole
    some = problems.Problem(problem.X, problem.targets, 3, 0.1, weights)
    rows, same = listed_blocks.blockwise(some), problems.dense(some)
    assert None in rows.engine.blocks
    coef, intercept = place(rng, rows)
    assert_same(everything(rows.at(coef, intercept)), everything(same.at(coef, intercept)))
    nothing = problems.Problem(problem.X, problem.targets, 3, 0.1, np.zeros(60))
    with pytest.raises(ValueError, match="all sample weights are zero"):
        listed_blocks.blockwise(nothing)


# ------------------------------------------------------------------------------------------------------- fits


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", ["newton", "newton-pcg", "lbfgs", "accelerated-gradient"])
@pytest.mark.parametrize("build", problems.BENIGN)
def test_fits_as_rows_in_memory_do(rng, source, name, build):
    problem = build(rng)
    tol = 1e-8 if name == "accelerated-gradient" else 1e-12
    given = {
        "alpha": problem.alpha,
        "solver": name,
        "tol": tol,
        "fit_intercept": problem.fit_intercept,
        "max_iter": 5000,
    }
    ours = fit(source(problem), **given)
    theirs = fit(
        problem.X, problem.targets, sample_weight=problem.weights, n_classes=problem.n_classes, **given
    )
    assert ours.status == theirs.status == "converged"
    assert ours.gap <= tol
    assert ours.objective == pytest.approx(theirs.objective, rel=2 * tol)


@pytest.mark.parametrize("name", ["newton", "newton-pcg"])
def test_the_same_bits_every_time(rng, name):
    problem = problems.ten_classes(rng)
    first, again = (fit(listed_blocks.blockwise(problem), alpha=0.05, solver=name) for _ in range(2))
    np.testing.assert_array_equal(first.coef, again.coef)
    assert first.history[-1].objective == again.history[-1].objective


# ------------------------------------------------------------------------------------------ rounds and shelves


def engine_of(problem, **options):
    return ListedBlocks(problem.X, problem.targets, problem.n_classes, problem.weights, **options)


def test_rounds(rng):
    """What asks nothing, and what asks once."""
    engine = engine_of(problems.plain(rng))
    rows = BlockwiseRows(engine)
    (coef, intercept), (v, c) = place(rng, rows), place(rng, rows)

    def rounds(work):
        before = len(engine.rounds)
        result = work()
        return result, len(engine.rounds) - before

    here, once = rounds(lambda: rows.at(coef, intercept))
    there = rows.at(v, c)
    assert once == 1
    direction, none = rounds(lambda: here.direction(v, c))
    assert none == 0
    assert rounds(lambda: here.toward(there))[1] == 0
    assert rounds(lambda: (here.loss, here.grad_coef, here.grad_intercept))[1] == 0
    assert rounds(lambda: here.along(direction, np.linspace(0, 1, 9)))[1] == 1
    moved, none = rounds(lambda: here.move(direction, 0.4).shift(c))
    assert none == 0
    assert rounds(lambda: (moved.loss, moved.grad_intercept))[1] == 1
    for asked in (moved.intercept_system, moved.separates, lambda: here.product(v, c), here.release):
        assert rounds(asked)[1] == (asked != here.release)


def test_passes(rng):
    """What reads X is counted, once; what is on the shelves is not read again."""
    rows = listed_blocks.blockwise(problems.plain(rng))
    (coef, intercept), (v, c) = place(rng, rows), place(rng, rows)

    def passes(work):
        before = rows.meter.passes
        work()
        return pytest.approx(rows.meter.passes - before, abs=1e-9)

    here = rows.at(coef, intercept)
    direction = here.direction(v, c)
    steps = np.array([0.5, 1.0])
    assert passes(lambda: rows.at(v, c)) == 1
    assert passes(lambda: here.product(v, c)) == 1
    assert passes(lambda: here.along(direction, steps)) == 1
    assert passes(lambda: here.along(direction, steps)) == 0
    assert passes(lambda: here.move(direction, 0.5).shift(c).intercept_system()) == 0
    assert passes(here.separates) == 0
    assert passes(lambda: here.move(direction, 0.5).grad_coef) == 1
    assert passes(rows.moments) == 2
    assert rows.meter.flop_per_pass == 4 * 60 * 3 * 3


def test_recomputing_costs_what_the_protocol_says(rng):
    rows = listed_blocks.blockwise_recomputed(problems.plain(rng))
    (coef, intercept), (v, c) = place(rng, rows), place(rng, rows)
    here = rows.at(coef, intercept)
    direction, steps = here.direction(v, c), np.array([1.0])
    for work, cost in (
        (lambda: here.product(v, c), 1.5),
        (lambda: here.along(direction, steps), 1),
        (lambda: here.move(direction, 0.5).intercept_system(), 1),
    ):
        before = rows.meter.passes
        work()
        assert rows.meter.passes - before == pytest.approx(cost)


@pytest.mark.parametrize("name", ["newton", "newton-pcg", "lbfgs"])
def test_questions_that_do_not_read_get_by_without_columns(rng, name):
    """What a stream relies on: where `reads` is false the shelves hold every leaf."""
    problem = problems.ten_classes(rng)

    class WithoutColumns(ListedBlocks):
        spared = 0

        def sums(self, question):
            whole = self.blocks
            if not question.reads:
                self.spared += 1
                self.blocks = [
                    rows and type(rows)(rows.X[:, :0], rows.targets, rows.n_classes, rows.weights)
                    for rows in whole
                ]
            try:
                return super().sums(question)
            finally:
                self.blocks = whole

    engine = WithoutColumns(problem.X, problem.targets, problem.n_classes)
    solution = fit(BlockwiseRows(engine), alpha=problem.alpha, solver=name)
    assert solution.status == "converged"
    assert engine.spared >= 3


class Forgetful(MemoryShelf):
    """Loses everything every third time it is looked at."""

    looks = 0

    def get(self, key):
        self.looks += 1
        if self.looks % 3 == 0:
            self._arrays.clear()
        return super().get(key)


@pytest.mark.parametrize("name", ["newton", "newton-pcg", "lbfgs"])
def test_blocks_that_forget_give_the_same_fit(rng, name):
    problem = problems.ten_classes(rng)
    engine = engine_of(problem)
    engine.shelves[2], engine.shelves[5] = Forgetful(), Forgetful()
    given = {"alpha": problem.alpha, "solver": name, "tol": 1e-13}
    ours, undisturbed = fit(BlockwiseRows(engine), **given), fit(listed_blocks.blockwise(problem), **given)
    assert engine.shelves[2].looks > 4
    assert ours.objective == pytest.approx(undisturbed.objective, rel=1e-12)
    close(ours.coef, undisturbed.coef, 1e-6)


def test_a_fresh_read_gives_the_bits_that_were_lost(rng):
    """The logits of `at` and those computed from its coefficients are the same numbers."""
    problem = problems.ten_classes(rng)
    coef, intercept = place(rng, problems.dense(problem))
    kept, lost = (BlockwiseRows(engine_of(problem)) for _ in range(2))
    points = [rows.at(coef, intercept) for rows in (kept, lost)]
    for shelf in lost.engine.shelves:
        shelf.keep(())
    for ours, theirs in zip(*(point.shift(intercept).intercept_system() for point in points), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_shelves_stay_small(rng):
    problem = problems.plain(rng, n=60)
    engine = engine_of(problem)
    most = 0

    class Watched(MemoryShelf):
        def put(self, key, values):
            nonlocal most
            super().put(key, values)
            most = max(most, len(self._arrays))

    engine.shelves = [Watched() for _ in engine.shelves]
    fit(BlockwiseRows(engine), alpha=1e-3, solver="newton-pcg", tol=1e-12)
    assert 2 <= most <= LOGITS + 1


# ------------------------------------------------------------------------------------------- samples, subsets


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("build", [problems.zipf_classes, problems.weighted, problems.soft_labels])
def test_samples_are_those_of_rows_in_memory(rng, source, build):
    problem = build(rng)
    rows, same = source(problem), problems.dense(problem)
    for size, seed in ((40, 7), (25, 7), (50, 7), (40, 8), (1000, 7)):
        ours, theirs = rows.sample(size, seed), same.sample(size, seed)
        close(ours.class_weights, theirs.class_weights)
        X = ours.X if isinstance(ours.X, np.ndarray) else ours.X.toarray()
        np.testing.assert_array_equal(X, theirs.X)
        np.testing.assert_array_equal(ours.targets, theirs.targets)
        close(ours.weights, theirs.weights)


@pytest.mark.parametrize("n", [0, 1, 2, 10, 300])
def test_draws_are_distinct_and_nested(n):
    whole = distinct(n, n, (3, 1))
    assert sorted(whole.tolist()) == list(range(n))
    for count in range(0, n, max(n // 7, 1)):
        np.testing.assert_array_equal(distinct(n, count, (3, 1)), whole[:count])
    assert n < 10 or whole.tolist() != distinct(n, n, (3, 2)).tolist()


def test_a_sample_estimates_the_whole(rng):
    problem = problems.plain(rng, n=200)
    engine = engine_of(problem)
    rows = BlockwiseRows(engine)
    coef, intercept = place(rng, rows)
    losses = [
        BlockwiseRows(engine, rows._census).sample(60, seed).at(coef, intercept).loss for seed in range(100)
    ]
    assert abs(np.mean(losses) - rows.at(coef, intercept).loss) < 4 * np.std(losses) / np.sqrt(100)


def test_a_sample_of_everything_is_everything(rng):
    problem = problems.weighted(rng)
    for source in SOURCES:
        whole = source(problem).sample(1000, 0)
        assert whole.n_rows == (problem.weights > 0).sum()
        coef, intercept = place(rng, whole)
        assert_same(
            everything(whole.at(coef, intercept)), everything(problems.dense(problem).at(coef, intercept))
        )


def test_samples_are_gathered_once(rng):
    """A first small sample is drawn from a larger one that serves all later ones."""
    X = rng.normal(size=(4000, 3))
    engine = ListedBlocks(X, rng.integers(3, size=4000), 3, sizes=(500,))
    rows = BlockwiseRows(engine)
    assert rows.sample(100, 0).n_rows <= 110
    assert abs(rows.sample(250, 0).n_rows - 250) <= 3
    assert engine.rounds.count("Draw") == 1
    assert abs(rows.sample(1000, 0).n_rows - 1000) <= 3
    assert engine.rounds.count("Draw") == 2


def test_subsets(rng):
    problem = problems.plain(rng, n=2000)
    rows = BlockwiseRows(ListedBlocks(problem.X, problem.targets, 3, sizes=(1, 300, 45)))
    small, large = rows.subset(0.1), rows.subset(0.5)
    assert abs(small.n_rows - 200) < 60
    assert abs(large.n_rows - 1000) < 100
    assert small.meter is rows.meter
    before = rows.meter.passes
    point = small.at(*place(rng, rows))
    assert rows.meter.passes - before == pytest.approx(small.n_rows / 2000)
    nested = rows.subset(0.5).subset(0.2)
    assert nested.n_rows == small.n_rows
    assert nested.at(point.coef, point.intercept).loss == point.loss
    np.testing.assert_array_equal(small.class_weights, np.round(small.class_weights))
    assert small.sample(50, 0).n_rows <= 55
    with pytest.raises(ValueError, match=r"subset of fraction .* \(0, 1\]"):
        rows.subset(0)


# ---------------------------------------------------------------------------------------------------- the tree


def grouped(terms):
    """The tree level by level, as a cluster adds it."""
    while len(terms) > 1:
        terms = [tree.total(terms[i : i + tree.ARITY]) for i in range(0, len(terms), tree.ARITY)]
    return terms[0] if terms else None


@pytest.mark.parametrize("n", [0, 1, 2, 7, 8, 9, 17, 63, 64, 65, 73, 513, 600])
def test_both_ways_of_adding_give_the_same_bits(rng, n):
    terms = [(float(x), rng.normal(size=2)) for x in rng.normal(size=n)]
    for i in range(0, n, 5):
        terms[i] = None
    tally = tree.Tally()
    for term in terms:
        tally.add(term)
    ours, theirs = tally.total(), grouped(terms)
    if theirs is None:
        assert ours is None
        return
    assert ours[0] == theirs[0] == pytest.approx(sum(term[0] for term in terms if term), rel=1e-12)
    np.testing.assert_array_equal(ours[1], theirs[1])


def test_blocks_of_other_sizes(rng):
    """Any split gives the same sums."""
    problem = problems.weighted(rng)
    coef, intercept = place(rng, problems.dense(problem))
    expected = everything(problems.dense(problem).at(coef, intercept))
    for sizes in ((1,), (2, 3), (64,), (1000,), SIZES):
        for X in (problem.X, scipy.sparse.csr_array(problem.X)):
            engine = ListedBlocks(X, problem.targets, 3, problem.weights, sizes=sizes)
            assert_same(everything(BlockwiseRows(engine).at(coef, intercept)), expected)
