// Dual numbers: a value v and its derivative d. Arithmetic on them differentiates exactly, with no step to choose.
// The left sides of the derivative equations are computed this way, from the definitions alone.

const dual = (v, d = 0) => ({ v, d });
const plus = (a, b) => dual(a.v + b.v, a.d + b.d);
const minus = (a, b) => dual(a.v - b.v, a.d - b.d);
const times = (a, b) => dual(a.v * b.v, a.d * b.v + a.v * b.d);
const over = (a, b) => dual(a.v / b.v, (a.d - (a.v / b.v) * b.d) / b.v);
const exponential = (a) => dual(Math.exp(a.v), Math.exp(a.v) * a.d);
const logarithm = (a) => dual(Math.log(a.v), a.d / a.v);
const scaled = (a, factor) => dual(a.v * factor, a.d * factor);
const dualSum = (terms) => terms.reduce(plus, dual(0));

function dualSoftmax(z) {
  const top = dual(Math.max(...z.map((value) => value.v)));
  const exponentials = z.map((value) => exponential(minus(value, top)));
  const total = dualSum(exponentials);
  return exponentials.map((value) => over(value, total));
}

// sum_k Y_k log p_k of one row.
const dualRowValue = (p, target) =>
  dualSum(p.map((value, k) => (target[k] === 0 ? dual(0) : scaled(logarithm(value), target[k]))));

const dualLogits = (W, b, x) =>
  W.map((w, k) => plus(dualSum(w.map((value, j) => scaled(value, x[j]))), b[k]));

// d f(x) / d x_place for every place of a vector x; f takes and returns duals.
const derivatives = (f, x) =>
  x.map((_, place) => f(x.map((value, j) => dual(value, j === place ? 1 : 0))).d);

// d f(W) / d W, entry by entry.
const derivativesByMatrix = (f, W) =>
  mapped(W, (_, k, j) => f(mapped(W, (value, l, m) => dual(value, k === l && j === m ? 1 : 0))).d);
