// Both sides of every equation, each computed in its own way. Matrices are in the convention's layout.

function sidesOf(s, results) {
  const p = problemOf(s);
  const lay = layoutOf(s);
  const scale = scalesOf(s);
  const i = s.sample;
  const x = p.X[i];
  const Y = oneHot(p.y, K);
  const Z = logitsOf(p.W, p.b, p.X);
  const z = Z[i];
  const proba = softmax(z);
  const literal = z.map((value) => Math.exp(value));
  const total = sum(literal);
  // The sign and factor of the double sum of Y log p: -1/n for a mean loss, 1 for a log-likelihood.
  const front = -scale.row;
  const constant = (values) => values.map((value) => dual(value));
  const fixedW = mapped(p.W, (w) => dual(w));
  const fixedB = constant(p.b);

  const rowValue = (zi, target) => dualRowValue(dualSoftmax(zi), target);
  const dataTerm = (W, b) =>
    scaled(dualSum(p.X.map((row, r) => rowValue(dualLogits(W, b, row), Y[r]))), front);
  const penalised = (W, b) => {
    const squares = dualSum(W.flat().map((w) => times(w, w)));
    return plus(dataTerm(W, b), scaled(squares, (scale.sign * results.alpha) / 2));
  };
  const rowByLogits = (r) => derivatives((zi) => scaled(rowValue(zi, Y[r]), front), Z[r]);
  const byProba = proba.map((value, k) => (front * Y[i][k]) / value);
  const jacobian = softmaxJacobian(proba);
  const byLogits = Z.map((zr, r) => residualRow(softmax(zr), p.y[r]).map((value) => value * scale.row));
  const dataGradient = matmul(transpose(byLogits), p.X);
  const full = combined(dataGradient, p.W, (g, w) => g + scale.sign * results.alpha * w);
  const byB = transpose(byLogits).map(sum);
  const along = (eta) => {
    const step = times(eta, dual(-scale.sign));
    const W = mapped(p.W, (w, k, j) => plus(dual(w), scaled(step, full[k][j])));
    const b = p.b.map((value, k) => plus(dual(value), p.hasIntercept ? scaled(step, byB[k]) : dual(0)));
    return penalised(W, b);
  };

  const sides = {
    logits: [lay.vector(p.W.map((w, k) => matmul([x], transpose([w]))[0][0] + p.b[k])), lay.vector(z)],
    softmax: [lay.vector(proba), lay.vector(literal.map((value) => value / total))],
    log: [lay.vector(proba.map(Math.log)), lay.vector(z.map((value) => value - logSumExp(z)))],
    loss: [[[results.dataValue]], [[dataTerm(fixedW, fixedB).v]]],
    jacobian: [z.map((_, k) => derivatives((zi) => dualSoftmax(zi)[k], z)), jacobian],
    "by-proba": [lay.vector(derivatives((q) => scaled(dualRowValue(q, Y[i]), front), proba)), lay.vector(byProba)],
    chain: [
      lay.vector(rowByLogits(i)),
      lay.vector(z.map((_, l) => sum(byProba.map((value, k) => value * jacobian[k][l])))),
    ],
    residual: [lay.bySample(Z.map((_, r) => rowByLogits(r))), lay.bySample(byLogits)],
    "by-weight": [
      lay.byWeight(p.W.map((_, k) => derivativesByMatrix((W) => dualLogits(W, fixedB, x)[k], p.W)[k])),
      lay.byWeight(p.W.map(() => x)),
    ],
    outer: [
      lay.byWeight(
        derivativesByMatrix((W) => scaled(rowValue(dualLogits(W, fixedB, x), Y[i]), -scale.sign), p.W),
      ),
      results.outer[i],
    ],
    gradient: [
      lay.byWeight(derivativesByMatrix((W) => dataTerm(W, fixedB), p.W)),
      lay.byWeight(dataGradient),
    ],
    penalty: [lay.byWeight(derivativesByMatrix((W) => penalised(W, fixedB), p.W)), lay.byWeight(full)],
    slope: [[[along(dual(0, 1)).d]], [[-scale.sign * (squaredNorm(full) + (p.hasIntercept ? dot(byB, byB) : 0))]]],
  };
  if (p.hasIntercept) {
    sides.intercept = [lay.vector(derivatives((b) => dataTerm(fixedW, b), p.b)), lay.vector(byB)];
  }
  return Object.fromEntries(Object.entries(sides).map(([key, pair]) => [key, compared(...pair)]));
}

// The largest difference, relative to the entries where these exceed one.
function compared(left, right) {
  const differences = combined(left, right, (a, b) => Math.abs(a - b) / Math.max(1, Math.abs(a), Math.abs(b)));
  return { left, right, difference: Math.max(...differences.flat()) };
}
