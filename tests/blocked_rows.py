"""BlockedRows: a row source of ragged blocks that offers the Rows protocol and nothing else; and a fence for others.

It stands for sources whose rows are never in one array (a stream, a cluster). What a solver needs beyond the
protocol of `softgrad.rows.base` it does not find here: every name that is not the protocol's is private.
"""

from functools import cached_property

import numpy as np

from softgrad.maths import regression
from softgrad.maths.cross_entropy import hessian_action, residual_of, row_losses
from softgrad.maths.logits import softmax
from softgrad.rows import base

SIZES = (1, 7, 64, 3, 2, 11, 5)


def protocol(contract):
    """The public names of a protocol class."""
    return frozenset(name for name in vars(contract) if not name.startswith("_"))


class Block:
    """Independent copies of a few rows."""

    def __init__(self, X, targets, weights):
        self.X, self.targets, self.weights = (
            np.array(X, dtype=np.float64),
            np.array(targets),
            np.array(weights),
        )


def cut(X, targets, weights, sizes=SIZES):
    """Blocks of the sizes given, again and again until the rows are used up."""
    blocks, start, turn = [], 0, 0
    while start < len(X):
        part = slice(start, start + sizes[turn % len(sizes)])
        blocks.append(Block(X[part], targets[part], weights[part]))
        start, turn = part.stop, turn + 1
    return blocks


class BlockedRows:
    """See :class:`softgrad.rows.base.Rows`. `keep` says whether points keep their logits or compute them anew."""

    def __init__(self, X, targets, n_classes, sample_weight=None, *, sizes=SIZES, keep=True):
        X, targets = np.asarray(X), np.asarray(targets)
        weights = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        self._set_up(cut(X, targets, weights, sizes), n_classes, keep)

    def _set_up(self, blocks, n_classes, keep, meter=None, share=1.0):
        self._blocks, self._keep, self._share = blocks, keep, share
        self._entries = sum(block.X.size for block in blocks)
        self._total = float(sum(block.weights.sum() for block in blocks))
        self._n_classes = n_classes
        self._meter = base.Meter(4.0 * self._entries * n_classes) if meter is None else meter

    @property
    def n_rows(self):
        return sum(len(block.X) for block in self._blocks)

    @property
    def n_features(self):
        return self._blocks[0].X.shape[1]

    @property
    def n_classes(self):
        return self._n_classes

    @property
    def weight_sum(self):
        return self._total

    @property
    def class_weights(self):
        return sum(block.weights @ self._distributions(block) for block in self._blocks)

    @property
    def logits_are(self):
        return "kept" if self._keep else "recomputed"

    @property
    def meter(self):
        return self._meter

    def at(self, coef, intercept):
        point = BlockedPoint(self, coef, intercept)
        logits = [regression.logits(block.X, coef, intercept) for block in self._blocks]
        parts = [
            regression.loss_and_gradient_at(z, block.X, block.targets, block.weights / self._total)
            for z, block in zip(logits, self._blocks, strict=True)
        ]
        point.loss, point.grad_coef, point.grad_intercept = (sum(part) for part in zip(*parts, strict=True))
        self._read()
        if self._keep:
            point._kept = logits
        return point

    def moments(self):
        total, squares = 0.0, 0.0
        for block in self._blocks:
            total = total + block.weights @ block.X
        mean = total / self._total
        for block in self._blocks:
            squares = squares + block.weights @ (block.X - mean) ** 2
        self._read(reads=2.0)
        return mean, np.sqrt(squares / self._total)

    def sample(self, size, seed):
        rng = np.random.default_rng(seed)
        _, targets, weights = self._joined()
        strata = targets if targets.ndim == 1 else targets.argmax(axis=1)
        chosen, new = [], []
        for k in range(self._n_classes):
            members = np.flatnonzero((strata == k) & (weights > 0))
            count = min(len(members), max(1, size // self._n_classes))
            taken = np.sort(rng.choice(members, count, replace=False)) if count else members
            chosen.append(taken)
            new.append(weights[taken] * (weights[members].sum() / max(weights[taken].sum(), 1e-300)))
        return self._part(np.concatenate(chosen), np.concatenate(new))

    def subset(self, fraction):
        size = max(1, round(fraction * self.n_rows))
        chosen = np.sort(np.random.default_rng(1).permutation(self.n_rows)[:size])
        return self._part(chosen, self._joined()[2][chosen])

    def _joined(self):
        names = ("X", "targets", "weights")
        return [np.concatenate([getattr(block, name) for block in self._blocks]) for name in names]

    def _part(self, chosen, weights):
        X, targets, _ = self._joined()
        part = object.__new__(BlockedRows)
        share = self._share * len(chosen) / self.n_rows
        blocks = cut(X[chosen], targets[chosen], weights)
        part._set_up(blocks, self._n_classes, self._keep, self._meter, share)
        return part

    def _distributions(self, block):
        return np.eye(self._n_classes)[block.targets] if block.targets.ndim == 1 else block.targets

    def _read(self, flop_per_entry=0.0, reads=1.0):
        self._meter.add(flop=flop_per_entry * self._entries, reads=reads * self._share)


class BlockedDirection:
    """A direction; with its logits block by block where the source keeps them."""

    def __init__(self, coef, intercept, logits):
        self.coef, self.intercept, self._logits = coef, intercept, logits

    def plus(self, factor, other):
        pairs = None
        if self._logits is not None:
            pairs = [a + factor * b for a, b in zip(self._logits, other._logits, strict=True)]
        coef, intercept = self.coef + factor * other.coef, self.intercept + factor * other.intercept
        return BlockedDirection(coef, intercept, pairs)

    def times(self, factor):
        scaled = None if self._logits is None else [factor * part for part in self._logits]
        return BlockedDirection(factor * self.coef, factor * self.intercept, scaled)


class BlockedPoint:
    """See :class:`softgrad.rows.base.Point`: every sum is a loop over the blocks."""

    def __init__(self, rows, coef, intercept, kept=None):
        self._rows, self.coef, self.intercept, self._kept = rows, coef, intercept, kept
        self._released = False

    def _logits(self):
        if self._released:
            raise AssertionError("a released point was asked for its row data")
        if self._kept is not None:
            return self._kept
        self._rows._read()
        return [regression.logits(block.X, self.coef, self.intercept) for block in self._rows._blocks]

    def _each(self):
        """(block, its shares, its logits) for each block."""
        for block, z in zip(self._rows._blocks, self._logits(), strict=True):
            yield block, block.weights / self._rows._total, z

    @cached_property
    def loss(self):
        return float(sum(regression.weighted_loss(z, block.targets, om) for block, om, z in self._each()))

    def _residuals(self):
        for block, om, z in self._each():
            yield block, om[:, None] * residual_of(softmax(z), block.targets)

    @cached_property
    def grad_coef(self):
        if self._kept is not None:
            self._rows._read()
        return sum(r.T @ block.X for block, r in self._residuals())

    @cached_property
    def grad_intercept(self):
        return sum(r.sum(axis=0) for _, r in self._residuals())

    def direction(self, coef, intercept):
        if not self._rows._keep:
            return BlockedDirection(coef, intercept, None)
        if coef.any():
            self._rows._read()
        parts = [regression.logits(block.X, coef, intercept) for block in self._rows._blocks]
        return BlockedDirection(coef, intercept, parts)

    def toward(self, other):
        logits = None
        if self._rows._keep:
            logits = [b - a for a, b in zip(self._logits(), other._logits(), strict=True)]
        return BlockedDirection(other.coef - self.coef, other.intercept - self.intercept, logits)

    def _changes(self, direction):
        """(block, shares, logits here, change of the logits) for each block."""
        for b, (block, om, z) in enumerate(self._each()):
            if direction._logits is None:
                yield block, om, z, regression.logits(block.X, direction.coef, direction.intercept)
            else:
                yield block, om, z, direction._logits[b]

    def product(self, coef, intercept):
        if self._kept is not None:
            self._rows._read()
        parts = [regression.logits(block.X, coef, intercept) for block in self._rows._blocks]
        direction = BlockedDirection(coef, intercept, parts if self._rows._keep else None)
        by_coef, by_intercept = np.zeros_like(self.coef), np.zeros_like(self.intercept)
        for (block, om, z), change in zip(self._each(), parts, strict=True):
            curved = om[:, None] * hessian_action(softmax(z), change)
            by_coef, by_intercept = by_coef + curved.T @ block.X, by_intercept + curved.sum(axis=0)
        return by_coef, by_intercept, direction

    def curved(self, negligible):
        return self

    def along(self, direction, steps):
        losses, slopes = np.zeros(len(steps)), np.zeros(len(steps))
        for block, om, z, change in self._changes(direction):
            for i, step in enumerate(steps):
                moved = z + step * change
                losses[i] += regression.weighted_loss(moved, block.targets, om)
                slopes[i] += om @ (residual_of(softmax(moved), block.targets) * change).sum(axis=1)
        return losses, slopes

    def move(self, direction, step):
        kept = None
        if self._rows._keep:
            pairs = zip(self._logits(), direction._logits, strict=True)
            kept = [z + step * change for z, change in pairs]
        coef, intercept = self.coef + step * direction.coef, self.intercept + step * direction.intercept
        return BlockedPoint(self._rows, coef, intercept, kept)

    def shift(self, intercept):
        kept = [z + intercept for z in self._logits()] if self._rows._keep else None
        return BlockedPoint(self._rows, self.coef, self.intercept + intercept, kept)

    def intercept_system(self):
        system = np.zeros((len(self.intercept),) * 2)
        for _, om, z in self._each():
            p = softmax(z)
            curvature = np.einsum("i,ik,il->kl", om, p, p)
            system += np.diag(om @ p) - curvature
        return self.grad_intercept, system

    def hessian(self):
        parts = [regression.hessian_at(softmax(z), block.X, om) for block, om, z in self._each()]
        self._rows._read(self._rows.n_classes * (self._rows.n_classes + 1.0) * self._rows.n_features)
        return sum(parts)

    def class_grams(self, negligible=0.0):
        grams = 0.0
        for block, om, z in self._each():
            p, extended = softmax(z), np.column_stack([block.X, np.ones(len(block.X))])
            grams = grams + np.einsum("ik,ia,ib->kab", om[:, None] * p * (1 - p), extended, extended)
        self._rows._read(2.0 * self._rows.n_classes * self._rows.n_features)
        return iter(grams)

    def gram(self):
        total = 0.0
        for block, om, z in self._each():
            p, extended = softmax(z), np.column_stack([block.X, np.ones(len(block.X))])
            total = total + (extended * (om * (1 - (p**2).sum(axis=1)))[:, None]).T @ extended
        self._rows._read(2.0 * self._rows.n_features)
        return total

    def diagonal(self):
        return np.array([np.diagonal(gram) for gram in self.class_grams()])

    def separates(self):
        for block, om, z in self._each():
            counted = om > 0
            if block.targets.ndim == 2 and (block.targets[counted].max(axis=1, initial=0.0) < 1).any():
                return False
            if (row_losses(z, block.targets)[counted] >= np.log(2)).any():
                return False
        return True

    def margins(self, direction, slack):
        result = np.zeros((3, self._rows.n_classes, self._rows.n_classes))
        for block, om, _, change in self._changes(direction):
            for weight, label, row in zip(om, self._rows._distributions(block), change, strict=True):
                for k in np.flatnonzero(label):
                    for l in np.flatnonzero(np.arange(len(row)) != k):
                        margin = row[k] - row[l]
                        kind = 0 if margin > slack else 1 if margin >= -slack else 2
                        result[kind, k, l] += weight
        return result

    def release(self):
        self._released, self._kept = True, None


class Fenced:
    """Another object, of which only the protocol's names may be used; what it returns is fenced too."""

    def __init__(self, inner, contract):
        self._inner, self._contract = inner, contract

    def __getattr__(self, name):
        if name not in protocol(self._contract):
            raise AssertionError(f"{name} is outside the protocol {self._contract.__name__}")
        value = getattr(self._inner, name)
        return self._fenced_call(value) if callable(value) else value

    def _fenced_call(self, method):
        def call(*args, **kwargs):
            bare = [arg._inner if isinstance(arg, Fenced) else arg for arg in args]
            result = method(*bare, **kwargs)
            return self if result is self._inner else fenced(result)

        return call


def fenced(value):
    """`value` behind its protocol's fence where it is a Rows, a Point or a Direction."""
    if isinstance(value, tuple):
        return tuple(fenced(part) for part in value)
    for contract in (base.Rows, base.Point, base.Direction):
        if protocol(contract) <= set(dir(value)):
            return Fenced(value, contract)
    return value
