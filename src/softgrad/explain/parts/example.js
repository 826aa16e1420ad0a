// The example: what the reader can change, and everything that follows from it, in the convention's layout.

const data = JSON.parse(document.getElementById("softgrad-data").textContent);
const K = data.classes.length;
const CURVE_STEPS = 40;

const copied = (value) => JSON.parse(JSON.stringify(value));
const startOf = (name) => ({ convention: name, sample: 2, ...copied(data.example) });

let state = startOf(data.start);

const conventionOf = (s) => data.conventions[s.convention];

// Scales of the convention: its value is `value` times the mean loss, its alpha `n` times where it sums.
function scalesOf(s) {
  const convention = conventionOf(s);
  const n = s.y.length;
  const sign = convention.objective === "loss" ? 1 : -1;
  const summed = convention.reduction === "sum";
  return { sign, value: summed ? sign * n : sign, row: summed ? sign : sign / n, units: summed ? n : 1 };
}

// The same problem on the mean scale; without an intercept b is zero.
function problemOf(s) {
  const hasIntercept = conventionOf(s).intercept === "separate";
  return { X: s.X, y: s.y, W: s.W, b: hasIntercept ? s.b : s.b.map(() => 0), alpha: s.alpha, step: s.step, hasIntercept };
}

function layoutOf(s) {
  const convention = conventionOf(s);
  const columns = convention.samples === "columns";
  return {
    columns,
    bySample: (M) => (columns ? transpose(M) : M),
    byWeight: (M) => (convention.weights === "features_by_classes" ? transpose(M) : M),
    byClass: (v) => (columns ? v.map((value) => [value]) : v),
    vector: (v) => (columns ? v.map((value) => [value]) : [v]),
  };
}

function resultsOf(s) {
  const p = problemOf(s);
  const lay = layoutOf(s);
  const scale = scalesOf(s);
  const Z = logitsOf(p.W, p.b, p.X);
  const P = Z.map(softmax);
  const R = P.map((row, i) => residualRow(row, p.y[i]));
  const byLogits = mapped(R, (r) => r * scale.row);
  const byData = pulledBack(byLogits, p.X, 0, p.W);
  const penalty = scale.sign * s.alpha * scale.units;
  const weights = combined(byData.W, p.W, (g, w) => g + penalty * w);
  const mean = gradientOf(p, p.W, p.b);
  const next = moved(p.W, p.b, mean, p.step);
  return {
    X: lay.bySample(p.X),
    W: lay.byWeight(p.W),
    b: p.hasIntercept ? lay.byClass(p.b) : null,
    y: conventionOf(s).labels === "index" ? p.y : lay.bySample(oneHot(p.y, K)),
    alpha: s.alpha * scale.units,
    step: s.step / scale.units,
    logits: lay.bySample(Z),
    proba: lay.bySample(P),
    jacobian: softmaxJacobian(P[s.sample]),
    residual: lay.bySample(R),
    losses: Z.map((z, i) => rowLoss(z, p.y[i])),
    dataValue: meanLoss(Z, p.y) * scale.value,
    value: objective(p, p.W, p.b) * scale.value,
    gradient: {
      logits: lay.bySample(byLogits),
      data: lay.byWeight(byData.W),
      weights: lay.byWeight(weights),
      intercept: p.hasIntercept ? lay.byClass(byData.b) : null,
    },
    outer: p.X.map((x, i) => lay.byWeight(R[i].map((r) => x.map((value) => scale.sign * r * value)))),
    next: { W: lay.byWeight(next.W), b: p.hasIntercept ? lay.byClass(next.b) : null },
    curve: descent(p, gradientOf, CURVE_STEPS).map((value) => value * scale.value),
  };
}

// Dragging a logit moves its class's weights (and intercept) by the shortest change that gives it.
function setLogit(k, value) {
  const p = problemOf(state);
  const x = p.X[state.sample];
  const length = dot(x, x) + (p.hasIntercept ? 1 : 0);
  if (length === 0) return;
  const change = (value - logitsOf(p.W, p.b, p.X)[state.sample][k]) / length;
  state.W[k] = state.W[k].map((w, j) => w + change * x[j]);
  if (p.hasIntercept) state.b[k] += change;
}

// Dragging a probability moves that class's logit, the others staying: z_k = log(p / (1 - p)) + logsumexp of the others.
function setProba(k, value) {
  const p = problemOf(state);
  const z = logitsOf(p.W, p.b, p.X)[state.sample];
  setLogit(k, Math.log(value / (1 - value)) + logSumExp(z.filter((_, l) => l !== k)));
}

function takeStep() {
  const p = problemOf(state);
  const next = moved(p.W, p.b, gradientOf(p, p.W, p.b), p.step);
  state.W = next.W;
  if (p.hasIntercept) state.b = next.b;
}
