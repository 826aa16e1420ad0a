// Everything follows from the state: a change computes the whole page anew and writes the numbers into place.

function pageOf(s) {
  const results = resultsOf(s);
  const p = problemOf(s);
  const right = gradientOf(p, p.W, p.b);
  const value = scalesOf(s).value;
  const mistakes = MISTAKES.filter((mistake) => p.hasIntercept || !mistake.needsIntercept);
  return {
    results,
    equations: sidesOf(s, results),
    mistakes: Object.fromEntries(mistakes.map((mistake) => [mistake.code, comparison(mistake, p, right)])),
    rightCurve: descent(p, gradientOf, MISTAKE_STEPS).map((v) => v * value),
    rightOrder: remainderOrder(p, right),
  };
}

function changed() {
  const page = pageOf(state);
  updates.forEach((update) => update(page));
  showControls(page);
  showCode(page.results.alpha);
  window.softgrad = { state: copied(state), ...page };
}

function showControls({ results }) {
  const letters = conventionOf(state).letters;
  at("value").textContent = `${letters.value} = ${number(results.dataValue)}`;
  at("alpha-value").textContent = number(results.alpha, 2);
  at("step-value").textContent = number(results.step, 4);
  position(at("alpha"), state.alpha, 2);
  position(at("step"), Math.log10(state.step), 2);
  at("step").ariaValueText = number(results.step, 4);
  for (const element of document.querySelectorAll("[data-sample]")) {
    element.classList.toggle("chosen", Number(element.dataset.sample) === state.sample);
  }
  for (const element of document.querySelectorAll("[data-sample-number]")) element.textContent = state.sample + 1;
  const [now, next] = results.curve;
  const slope = firstOrder(results);
  at("step-words").textContent =
    `One step takes F from ${number(now)} to ${number(next)}. The slope alone would have said ${number(now + slope)}: ` +
    "the rest is curvature, and grows with the square of the step.";
  chart(at("curve"), [{ values: results.curve, className: "right", frames: true, dots: 2 }],
    `The objective F over ${CURVE_STEPS} steps, from ${number(now)} to ${number(results.curve.at(-1))}.`, 220);
}

// What the first-order term predicts for the step: minus (for a likelihood plus) the step times the squared gradient.
function firstOrder(results) {
  const b = results.gradient.intercept ? results.gradient.intercept.flat() : [];
  return -scalesOf(state).sign * results.step * (squaredNorm(results.gradient.weights) + dot(b, b));
}

function showCode(alpha) {
  const code = conventionOf(state).code;
  const text = alpha === 0 ? code.plain : code.penalised.replace(/^alpha = \S+/m, `alpha = ${Number(alpha.toPrecision(12))}`);
  if (at("code").textContent !== text) at("code").textContent = text;
}

async function copyCode() {
  const text = at("code").textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { value: text, ariaLabel: "code to copy" });
    document.body.append(area);
    area.select();
    document.execCommand("copy"); // where the clipboard is closed to pages opened from a file
    area.remove();
  }
  at("copied").textContent = "Copied.";
  setTimeout(() => { at("copied").textContent = ""; }, 2000);
}

function switchTo(name) {
  state.convention = name;
  build();
  changed();
}

function listen() {
  for (const input of document.querySelectorAll("input[name=convention]")) {
    input.checked = input.value === state.convention;
    input.addEventListener("change", () => switchTo(input.value));
  }
  for (const input of document.querySelectorAll("input[name=sample]")) {
    input.checked = Number(input.value) === state.sample;
    input.addEventListener("change", () => {
      state.sample = Number(input.value);
      changed();
    });
  }
  at("alpha").addEventListener("input", (event) => { state.alpha = Number(event.target.value); changed(); });
  at("step").addEventListener("input", (event) => { state.step = 10 ** Number(event.target.value); changed(); });
  at("take-step").addEventListener("click", () => { takeStep(); changed(); });
  for (const button of document.querySelectorAll(".reset")) {
    button.addEventListener("click", () => {
      state = { ...startOf(state.convention), sample: state.sample };
      changed();
    });
  }
  at("copy").addEventListener("click", copyCode);
  window.addEventListener("resize", changed); // charts are drawn to measure
}

listen();
build();
changed();
