// Wrong gradients that people write, each as a change of the right one, on the mean scale.

const MISTAKE_STEPS = 60;

const probabilities = (p, W, b) => logitsOf(W, b, p.X).map(softmax);

// A gradient from any stand-in for the residual.
function fromRows(rows, p, W, X = p.X) {
  const gradient = pulledBack(mapped(rows, (r) => r / p.y.length), X, p.alpha, W);
  return p.hasIntercept ? gradient : { W: gradient.W, b: gradient.b.map(() => 0) };
}

const multiplied = (gradient, factor) => ({
  W: mapped(gradient.W, (g) => g * factor),
  b: gradient.b.map((g) => g * factor),
});

const residuals = (P, y) => P.map((row, i) => residualRow(row, y[i]));
const shifted = (y) => y.map((k) => (k + 1) % K);
const means = (X) => transpose(X).map((column) => sum(column) / column.length);
const summed = () => conventionOf(state).reduction === "sum";
const format = (value) => (Math.abs(value) < 0.0005 ? "0" : number(value, 3));

const MISTAKES = [
  {
    code: "scale",
    title: (l) => (summed() ? "Divided by the number of samples" : `1/${l.n} forgotten`),
    words: (l) =>
      summed()
        ? `A summed log-likelihood has no 1/${l.n}; this gradient has one.`
        : `The residuals are summed over the samples, and not divided by ${l.n}.`,
    tells: (l, c) => `Least squares of this gradient on the right one leaves no rest: the factor is ${format(c.factor)}, ` +
      `which is ${summed() ? "1/" : ""}${l.n}.`,
    gradient: (p, W, b) => multiplied(gradientOf(p, W, b), summed() ? 1 / p.y.length : p.y.length),
  },
  {
    code: "sign",
    title: (l) => `${l.Y} and ${l.P} the wrong way round`,
    words: () =>
      `The whole gradient is negated: every step goes ${summed() ? "down the likelihood" : "up the loss"}.`,
    tells: (l, c) => `The same least squares: the factor is ${format(c.factor)}.`,
    gradient: (p, W, b) => multiplied(gradientOf(p, W, b), -1),
  },
  {
    code: "penalty-missing",
    title: () => "Penalty left out",
    words: (l) => `The value has the penalty with \u03b1, the gradient has no \u03b1${l.W}.`,
    tells: (l) => `Least squares on the data term and on ${l.W} gives ${l.W} the coefficient 0 where \u03b1 is expected.`,
    gradient: (p, W, b) => gradientOf({ ...p, alpha: 0 }, W, b),
  },
  {
    code: "intercept-missing",
    needsIntercept: true,
    title: () => "Intercept never moves",
    words: (l) => `The gradient for ${l.b} is left at zero.`,
    tells: (l) => `Least squares with a coefficient for each block: 1 for ${l.W}, 0 for ${l.b}.`,
    gradient: (p, W, b) => ({ W: gradientOf(p, W, b).W, b: b.map(() => 0) }),
  },
  {
    code: "softmax-axis",
    title: () => "Softmax over the samples",
    words: () => "Every class's probabilities sum to one over the samples, and not over the classes.",
    tells: (l, c) => `A right data term sums to zero over the classes; this one is off by up to ${format(c.classSum)}. ` +
      "Softmax along the other axis reproduces every entry.",
    gradient: (p, W, b) => {
      const P = transpose(transpose(logitsOf(W, b, p.X)).map(softmax));
      return fromRows(combined(P, oneHot(p.y, K), (s, y) => s - y), p, W);
    },
  },
  {
    code: "sigmoid",
    title: () => "One sigmoid a class",
    words: () => "Every class gets 1 / (1 + exp(\u2212logit)), and the classes do not compete.",
    tells: (l, c) => `The sum over the classes is off by up to ${format(c.classSum)}: the probabilities do not add up to one.`,
    gradient: (p, W, b) => {
      const P = mapped(logitsOf(W, b, p.X), (z) => 1 / (1 + Math.exp(-z)));
      return fromRows(combined(P, oneHot(p.y, K), (s, y) => s - y), p, W);
    },
  },
  {
    code: "jacobian-diagonal",
    tied: "true-class-only",
    title: () => "Only the Jacobian\u2019s diagonal",
    words: (l) => `Only ${l.P}(1 \u2212 ${l.P}) is kept, so that only the true class learns.`,
    tells: () => "The Jacobian of this gradient is not symmetric: it is the gradient of no function at all. " +
      "It is the same array as true-class-only, and the report names both.",
    gradient: (p, W, b) =>
      fromRows(residuals(probabilities(p, W, b), p.y).map((r, i) => r.map((v, k) => (k === p.y[i] ? v : 0))), p, W),
  },
  {
    code: "extra-derivative",
    title: (l) => `An extra ${l.P}(1 \u2212 ${l.P})`,
    words: () => "The softmax\u2019s derivative is multiplied in a second time, as one does for a squared error.",
    tells: () => "Its Jacobian is not symmetric; residual \u00d7 p(1 \u2212 p) reproduces every entry to round-off.",
    gradient: (p, W, b) => {
      const P = probabilities(p, W, b);
      return fromRows(combined(residuals(P, p.y), P, (r, s) => r * s * (1 - s)), p, W);
    },
  },
  {
    code: "labels-shifted",
    title: () => "Labels off by one",
    words: () => "Labels that count from 1 are used as if they counted from 0.",
    tells: () => `At weights of zero the labels can be read off: ${shifted(state.y).join(" ")}, ` +
      `where the data have ${state.y.join(" ")}.`,
    gradient: (p, W, b) => fromRows(residuals(probabilities(p, W, b), shifted(p.y)), p, W),
  },
  {
    code: "features-differ",
    title: () => "Two versions of the features",
    words: (l) => `The probabilities use ${l.X} as it is, the outer product uses centred features.`,
    tells: () => "Gradients at several random weights give back the features that the outer product uses: " +
      `column 1 is x\u2081 \u2212 ${format(means(state.X)[0])}, column 2 is x\u2082 \u2212 ${format(means(state.X)[1])}.`,
    gradient: (p, W, b) => {
      const middle = means(p.X);
      const centred = p.X.map((x) => x.map((value, j) => value - middle[j]));
      return fromRows(residuals(probabilities(p, W, b), p.y), p, W, centred);
    },
  },
  {
    code: "rows-dropped",
    title: () => "= in place of +=",
    words: () => "The loop over the samples overwrites the sum, so that only the last sample counts.",
    tells: () => "Changing samples 1 to 3 changes nothing: their weight in the gradient is 0, the last one\u2019s is 1.",
    gradient: (p, W, b) =>
      fromRows(residuals(probabilities(p, W, b), p.y).map((r, i) => r.map((v) => (i === p.y.length - 1 ? v : 0))), p, W),
  },
];

const flat = (gradient) => [...gradient.W.flat(), ...gradient.b];

// Three fixed directions: in a single one a wrong gradient's error may happen to be nearly zero.
const directions = (p) => [1, 2, 3].map((turn) => ({
  W: mapped(p.W, (_, k, j) => Math.cos(turn + 2 * k + 5 * j * turn)),
  b: p.b.map((_, k) => (p.hasIntercept ? Math.sin(turn + k) : 0)),
}));

// log2 of the Taylor remainder's fall when the step is halved: 2 for a right gradient, 1 for a wrong one.
function remainderOrder(p, gradient) {
  const now = objective(p, p.W, p.b);
  const remainder = (h) => sum(directions(p).map((direction) => {
    const at = moved(p.W, p.b, direction, -h);
    return Math.abs(objective(p, at.W, at.b) - now - h * dot(flat(gradient), flat(direction)));
  }));
  return Math.log2(remainder(2e-4) / remainder(1e-4));
}

function comparison(mistake, p, right) {
  const wrong = mistake.gradient(p, p.W, p.b);
  const [g, r] = [flat(wrong), flat(right)];
  const penalty = mistake.code === "penalty-missing" ? 0 : p.alpha;
  const dataTerm = combined(wrong.W, p.W, (value, w) => value - penalty * w);
  return {
    gradient: wrong,
    factor: dot(g, r) / dot(r, r),
    cosine: dot(g, r) / Math.sqrt(dot(g, g) * dot(r, r)),
    error: Math.max(...g.map((value, k) => Math.abs(value - r[k]))) / Math.max(...r.map(Math.abs)),
    classSum: Math.max(...transpose(dataTerm).map((column) => Math.abs(sum(column)))) * scalesOf(state).units,
    order: remainderOrder(p, wrong),
    curve: descent(p, mistake.gradient, MISTAKE_STEPS).map((value) => value * scalesOf(state).value),
  };
}
