// The page for one convention: what is shown where, built anew at a switch and updated at every change.

let updates = [];
const at = (id) => document.getElementById(id);

// Shapes of tables: kinds of the rows and columns, and their numbers, in the convention's layout.
function shapesOf(s) {
  const lay = layoutOf(s);
  const [n, d] = [s.y.length, data.features.length];
  const turned = (shape, turn) => (turn ? [shape[1], shape[0], shape[3], shape[2]] : shape);
  const featuresFirst = conventionOf(s).weights === "features_by_classes";
  return {
    X: turned(["sample", "feature", n, d], lay.columns),
    W: turned(["class", "feature", K, d], featuresFirst),
    b: turned(["", "class", 1, K], lay.columns),
    vector: turned(["", "class", 1, K], lay.columns),
    rows: turned(["sample", "class", n, K], lay.columns),
    jacobian: ["class", "class", K, K],
    scalar: ["", "", 1, 1],
  };
}

const SHAPE_OF_EQUATION = {
  logits: "vector", softmax: "vector", log: "vector", loss: "scalar", jacobian: "jacobian", "by-proba": "vector",
  chain: "vector", residual: "rows", "by-weight": "W", outer: "W", gradient: "W", intercept: "vector", penalty: "W",
  slope: "scalar",
};

const HEAT = new Set(["jacobian", "residual", "outer", "gradient", "penalty"]);

function shown(id, built, valuesOf) {
  at(id).replaceChildren(built.element);
  updates.push((page) => built.set(valuesOf(page)));
}

function build() {
  updates = [];
  const convention = conventionOf(state);
  const letters = convention.letters;
  for (const element of document.querySelectorAll("[data-for]")) element.hidden = element.dataset.for !== state.convention;
  for (const element of document.querySelectorAll("[data-letter]")) element.textContent = letters[element.dataset.letter];
  for (const element of document.querySelectorAll("[data-goal]")) {
    element.hidden = element.dataset.goal !== convention.objective;
  }
  const separate = convention.intercept === "separate";
  for (const element of document.querySelectorAll("[data-intercept]")) {
    element.hidden = separate !== (element.dataset.intercept === "separate");
  }
  document.querySelector("main").dataset.samples = convention.samples;
  at("convention-source").textContent = convention.source;
  const shapes = shapesOf(state);
  at("shapes").replaceChildren("Shapes: ", ...shapesInWords(letters, separate));
  buildExample(shapes, letters, separate);
  buildPictures(shapes, letters);
  document.querySelectorAll(".sides").forEach((element) => buildSides(element, shapes));
  buildMistakes(letters, separate);
}

function buildExample(shapes, letters, separate) {
  const features = data.features;
  const rowFirst = !layoutOf(state).columns;
  const sampleFeature = (i, j) => (rowFirst ? [i, j] : [j, i]);
  const classFirst = conventionOf(state).weights === "classes_by_features";
  const classFeature = (i, j) => (classFirst ? [i, j] : [j, i]);
  shown("data-X", sliderTable(shapes.X, `Features ${letters.X}`, [0, 8, 0.1], 1,
    (i, j) => { const [r, f] = sampleFeature(i, j); return `${features[f]} of sample ${r + 1}`; },
    (i, j, value) => { const [r, f] = sampleFeature(i, j); state.X[r][f] = value; }), (page) => page.results.X);
  const labels = table(shapes.rows, `Labels ${letters.Y}`,
    (cell, i, j) => labelPicker(cell, ...(rowFirst ? [i, j] : [j, i])), "labels");
  shown("data-y", labels, () => layoutOf(state).bySample(oneHot(state.y, K)));
  shown("data-W", sliderTable(shapes.W, `Weights ${letters.W}`, [-3, 3, 0.01], 2,
    (i, j) => { const [k, f] = classFeature(i, j); return `weight of ${features[f]} for ${data.classes[k]}`; },
    (i, j, value) => { const [k, f] = classFeature(i, j); state.W[k][f] = value; }), (page) => page.results.W);
  at("data-b").replaceChildren();
  if (separate) {
    shown("data-b", sliderTable(shapes.b, `Intercepts ${letters.b}`, [-3, 3, 0.01], 2,
      (i, j) => `intercept of ${data.classes[rowFirst ? j : i]}`,
      (i, j, value) => { state.b[rowFirst ? j : i] = value; }),
    (page) => (rowFirst ? [page.results.b] : page.results.b));
  }
}

// One radio button an entry: together they are the one-hot labels.
function labelPicker(cell, i, k) {
  const input = make("input", { type: "radio", name: `label-${i}`, ariaLabel: `sample ${i + 1} is ${data.classes[k]}` });
  input.addEventListener("change", () => {
    state.y[i] = k;
    changed();
  });
  cell.append(input);
  return (value) => { input.checked = value === 1; };
}

// The shapes in letters and numbers, as the convention has them.
function shapesInWords(letters, separate) {
  const lay = layoutOf(state);
  const [n, d] = [state.y.length, data.features.length];
  const size = (rows, columns) => `${rows[0]} \u00d7 ${columns[0]} (${rows[1]} \u00d7 ${columns[1]})`;
  const [samples, features, classes] = [[n, letters.n], [d, letters.d], [K, letters.K]];
  const turned = (a, b, turn) => (turn ? size(b, a) : size(a, b));
  const featuresFirst = conventionOf(state).weights === "features_by_classes";
  const index = conventionOf(state).labels === "index";
  return [
    `${letters.X} is ${turned(samples, features, lay.columns)}`,
    `${letters.W} is ${turned(classes, features, featuresFirst)}`,
    ...(separate ? [`${letters.b} is ${lay.columns ? `${K} \u00d7 1 (${letters.K} \u00d7 1)` : `${K} (${letters.K})`}`] : []),
    ...(index ? [`the labels are ${n} whole numbers (${letters.n})`] : []),
    `${letters.Z}${index ? ` and ${letters.P}` : `, ${letters.P} and ${letters.Y}`} are ${turned(samples, classes, lay.columns)}`,
  ].flatMap((words, i, all) => [make("span", { className: "nowrap" }, words), i + 1 < all.length ? "; " : "."]);
}

function buildPictures(shapes, letters) {
  const ofSample = (M) => (layoutOf(state).columns ? transpose(M) : M)[state.sample];
  const truth = () => state.y[state.sample];
  const logits = bars("Logit", [-6, 6, 0.05], 3, setLogit);
  const proba = bars("Probability", [0.005, 0.995, 0.005], 3, setProba);
  at("logit-bars").replaceChildren(logits.element);
  at("proba-bars").replaceChildren(proba.element);
  updates.push(({ results }) => {
    logits.set(ofSample(results.logits), truth());
    proba.set(ofSample(results.proba), truth());
    at("logit-sums").replaceChildren(...data.classes.map((_, k) => make("p", {}, classMark(k), ` ${writtenOut(k)}`)));
  });
  const losses = lossBars("Loss of every sample");
  at("loss-bars").replaceChildren(losses.element);
  updates.push(({ results }) => losses.set(results.losses));
  shown("residual-P", heatTable(shapes.rows, letters.P), (page) => page.results.proba);
  shown("residual-Y", numberTable(shapes.rows, `\u2212 ${letters.Y}`, 0), () => layoutOf(state).bySample(oneHot(state.y, K)));
  shown("residual-heat", heatTable(shapes.rows, `= ${letters.P} \u2212 ${letters.Y}`), (page) => page.results.residual);
  const outers = state.y.map((_, i) => heatTable(shapes.W, `Sample ${i + 1}`));
  at("outer-heats").replaceChildren(...outers.map((outer, i) => {
    outer.element.dataset.sample = i;
    return outer.element;
  }));
  updates.push(({ results }) => outers.forEach((outer, i) => outer.set(results.outer[i])));
  shown("step-W", numberTable(shapes.W, `${letters.W} now`), (page) => page.results.W);
  shown("step-G", heatTable(shapes.W, "Gradient G of F"), (page) => page.results.gradient.weights);
  shown("step-next", numberTable(shapes.W, `${letters.W} after the step`), (page) => page.results.next.W);
}

// A logit as the sum it is, in numbers.
function writtenOut(k) {
  const p = problemOf(state);
  const x = p.X[state.sample];
  const terms = x.map((value, j) => `${number(value, 1)} \u00d7 ${signed(p.W[k][j])}`);
  if (p.hasIntercept) terms.push(signed(p.b[k]));
  return `${terms.join(" + ")} = ${number(logitsOf([p.W[k]], [p.b[k]], [x])[0][0], 3)}`;
}

const signed = (value) => (value < 0 ? `(${number(value, 2)})` : number(value, 2));

// Horizontal bars of the samples' losses, not to be dragged.
function lossBars(title) {
  const element = make("div", { className: "bars", role: "group", ariaLabel: title });
  const setters = state.y.map((_, i) => {
    const fill = make("div", { className: "fill plain" });
    const shownValue = make("span", { className: "value" });
    element.append(make("div", { className: "bar", "data-sample": i },
      make("span", { className: "name" }, `sample ${i + 1}`), make("div", { className: "track still" }, fill), shownValue));
    return (value) => {
      fill.style.width = `${Math.min(100, 25 * value)}%`;
      shownValue.textContent = number(value, 4);
    };
  });
  return { element, set: (values) => setters.forEach((setter, i) => setter(values[i])) };
}

function buildSides(element, shapes) {
  const key = element.dataset.equation;
  const how = conventionOf(state).how[key];
  element.replaceChildren();
  if (!how) return;
  const shape = shapes[SHAPE_OF_EQUATION[key]];
  const [left, right] = ["Left side", "Right side"].map((side, which) => {
    const built = HEAT.has(key) ? heatTable(shape, side) : numberTable(shape, side);
    element.append(make("div", { className: "side" }, built.element, make("p", { className: "how" }, how[which])));
    return built;
  });
  const verdict = make("p", { className: "verdict" });
  element.append(verdict);
  updates.push(({ equations }) => {
    const { left: l, right: r, difference } = equations[key];
    left.set(l);
    right.set(r);
    const size = difference === 0 ? "0" : difference.toExponential(0).replace("-", "\u2212");
    verdict.replaceChildren(difference < 1e-12 ? "\u2713 The sides agree: " : "The sides differ: ",
      make("span", { className: "nowrap" }, `largest difference ${size}`));
  });
}

function buildMistakes(letters, separate) {
  const list = MISTAKES.filter((mistake) => separate || !mistake.needsIntercept);
  at("mistake-list").replaceChildren(...list.map((mistake) => {
    const words = make("p", {}, mistake.words(letters));
    const facts = make("p", { className: "facts" });
    const ends = make("p", { className: "ends" });
    const tells = make("p", { className: "tells" });
    const svg = document.createElementNS(SVG, "svg");
    const codes = [mistake.code, ...(mistake.tied ? [mistake.tied] : [])];
    updates.push((page) => {
      const c = page.mistakes[mistake.code];
      facts.textContent = c.error < 1e-12
        ? "With these values it is no mistake: nothing differs."
        : `Off by ${number(100 * c.error, 0)} % here, cosine ${number(c.cosine, 2)} with the right one. ` +
          `Taylor remainder of order ${number(c.order, 1)} (right: ${number(page.rightOrder, 1)}).`;
      ends.textContent = `After ${MISTAKE_STEPS} steps: ${number(page.rightCurve.at(-1), 3)} right, ${number(c.curve.at(-1), 3)} wrong.`;
      tells.textContent = mistake.tells(letters, c);
      const [wrongEnd, rightEnd] = [c.curve.at(-1), page.rightCurve.at(-1)].map((value) => number(value, 3));
      const curves = [
        { values: page.rightCurve, className: "right", frames: true },
        { values: c.curve, className: "wrong", frames: mistake.code !== "sign" && bounded(c.curve) },
      ];
      chart(svg, curves, `${letters.value} over ${MISTAKE_STEPS} steps: ends at ${rightEnd} with the right gradient, ` +
        `at ${wrongEnd} with this one.`, 150);
    });
    return make("article", { className: "mistake" },
      make("h3", {}, mistake.title(letters)), words, svg, ends, facts,
      make("p", { className: "codes" }, ...codes.flatMap((code, i) => [...(i ? [" tied with "] : []), make("code", {}, code)])),
      tells);
  }));
}

const bounded = (curve) => curve.every((value) => Number.isFinite(value) && Math.abs(value) < 5 * Math.abs(curve[0]) + 5);
