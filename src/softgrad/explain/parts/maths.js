// The formulas, on plain arrays: classes x features weights W, one b a class, rows of X as samples.

const sum = (values) => values.reduce((total, value) => total + value, 0);
const dot = (u, v) => sum(u.map((value, j) => value * v[j]));
const transpose = (M) => M[0].map((_, j) => M.map((row) => row[j]));
const matmul = (A, B) => A.map((row) => transpose(B).map((column) => dot(row, column)));
const mapped = (M, f) => M.map((row, i) => row.map((value, j) => f(value, i, j)));
const combined = (A, B, f) => mapped(A, (value, i, j) => f(value, B[i][j]));
const zeros = (rows, columns) => Array.from({ length: rows }, () => Array(columns).fill(0));
const oneHot = (y, K) => y.map((k) => Array.from({ length: K }, (_, l) => (l === k ? 1 : 0)));

function topPlace(z) {
  return z.indexOf(Math.max(...z));
}

// log sum_l exp(z_l): the largest logit is taken out, and the rest goes through log1p.
function logSumExp(z) {
  const top = topPlace(z);
  return z[top] + Math.log1p(sum(z.map((value, k) => (k === top ? 0 : Math.exp(value - z[top])))));
}

function softmax(z) {
  const top = z[topPlace(z)];
  const exponentials = z.map((value) => Math.exp(value - top));
  const total = sum(exponentials);
  return exponentials.map((value) => value / total);
}

// -log p_y as the log-sum-exp of z - z_y, so that a sure row keeps its tiny loss.
const rowLoss = (z, y) => logSumExp(z.map((value) => value - z[y]));

// p - Y; the true class's entry is minus the sum of the others, never p - 1.
function residualRow(p, y) {
  const others = sum(p.map((value, k) => (k === y ? 0 : value)));
  return p.map((value, k) => (k === y ? -others : value));
}

// p_k (delta_kl - p_l); the diagonal is p_k times the sum of the others.
function softmaxJacobian(p) {
  return p.map((pk, k) => p.map((pl, l) => (k === l ? -pk * residualRow(p, k)[k] : -pk * pl)));
}

const logitsOf = (W, b, X) => X.map((x) => W.map((w, k) => dot(w, x) + b[k]));
const squaredNorm = (M) => sum(M.map((row) => dot(row, row)));

// The data term and the objective on the mean scale, as a loss.
const meanLoss = (Z, y) => sum(Z.map((z, i) => rowLoss(z, y[i]))) / y.length;
const objective = (p, W, b) => meanLoss(logitsOf(W, b, p.X), p.y) + (p.alpha / 2) * squaredNorm(W);

// A gradient with respect to the logits (n x K), carried to W and b, and the penalty's share.
function pulledBack(rows, X, alpha, W) {
  const byW = matmul(transpose(rows), X);
  return { W: combined(byW, W, (g, w) => g + alpha * w), b: transpose(rows).map(sum) };
}

// The mean-scale gradient of the objective.
function gradientOf(p, W, b) {
  const rows = logitsOf(W, b, p.X).map((z, i) => residualRow(softmax(z), p.y[i]).map((r) => r / p.y.length));
  const gradient = pulledBack(rows, p.X, p.alpha, W);
  return p.hasIntercept ? gradient : { W: gradient.W, b: b.map(() => 0) };
}

const moved = (W, b, gradient, step) => ({
  W: combined(W, gradient.W, (w, g) => w - step * g),
  b: b.map((value, k) => value - step * gradient.b[k]),
});

// The objective after 0, 1, ... steps of descent with some gradient.
function descent(p, gradient, steps) {
  let at = { W: p.W, b: p.b };
  const values = [objective(p, at.W, at.b)];
  for (let t = 0; t < steps; t += 1) {
    at = moved(at.W, at.b, gradient(p, at.W, at.b), p.step);
    values.push(objective(p, at.W, at.b));
  }
  return values;
}
