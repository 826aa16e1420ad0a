// Elements: tables of numbers, sliders, bars and charts. Everything is built once a convention, then only updated.

const MARKS = ["\u25cf", "\u25b2", "\u25a0"]; // class marks: never colour alone
const SUBSCRIPTS = ["\u2081", "\u2082", "\u2083", "\u2084"];

function number(value, digits = 4) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "\u221e" : "\u2212\u221e";
  const size = Math.abs(value);
  const text = size !== 0 && (size >= 1e5 || size < 0.5 * 10 ** -digits) ? size.toExponential(1) : size.toFixed(digits);
  return (value < 0 ? "\u2212" : "") + text;
}

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const classMark = (k) => make("span", { className: `mark class-${k}`, ariaHidden: "true" }, MARKS[k]);
const hidden = (text) => make("span", { className: "hidden" }, text);

// What stands at the head of a row or column: a class (mark), a sample (number) or a feature (x with index).
function header(kind, place, scope) {
  const cell = make("th", { scope });
  if (kind === "class") cell.append(classMark(place), hidden(data.classes[place]));
  else if (kind === "sample") cell.append(hidden("sample "), String(place + 1));
  else if (kind === "feature") cell.append(`x${SUBSCRIPTS[place]}`, hidden(` ${data.features[place]}`));
  else cell.append(kind ? hidden(kind) : "");
  if (kind === "sample") cell.dataset.sample = place;
  return cell;
}

// A table with one cell an entry; `cell` makes its content and returns what sets it.
function table(shape, title, cell, className) {
  const [rowKind, columnKind, rows, columns] = shape;
  const head = make("tr", {}, make("td", {}));
  for (let j = 0; j < columns; j += 1) head.append(header(columnKind, j, "col"));
  const element = make("table", { className: `matrix ${className}` }, make("caption", {}, title), make("thead", {}, head));
  const body = make("tbody");
  const setters = [];
  for (let i = 0; i < rows; i += 1) {
    const line = make("tr", {}, header(rowKind, i, "row"));
    setters.push(Array.from({ length: columns }, (_, j) => {
      const place = make("td");
      line.append(place);
      return cell(place, i, j);
    }));
    body.append(line);
  }
  element.append(body);
  return { element, set: (values) => setters.forEach((row, i) => row.forEach((set, j) => set(values[i][j]))) };
}

const numberTable = (shape, title, digits = 4) =>
  table(shape, title, (place) => (value) => { place.textContent = number(value, digits); }, "numbers");

// Cells tinted by sign and size, relative to the largest entry; the number is always there too.
function heatTable(shape, title) {
  const cells = [];
  const built = table(shape, title, (place) => {
    cells.push(place);
    return (value) => {
      place.textContent = number(value, 3);
      place.dataset.value = value;
    };
  }, "heat");
  const set = (values) => {
    built.set(values);
    const largest = Math.max(...values.flat().map(Math.abs)) || 1;
    for (const place of cells) {
      const value = Number(place.dataset.value);
      place.className = value < 0 ? "negative" : "positive";
      place.style.setProperty("--strength", `${Math.round((45 * Math.abs(value)) / largest)}%`);
    }
  };
  return { element: built.element, set };
}

function slider(name, range, onInput) {
  const [min, max, step] = range;
  const input = make("input", { type: "range", min, max, step, ariaLabel: name });
  input.addEventListener("input", () => {
    onInput(Number(input.value));
    changed();
  });
  return input;
}

function position(input, value, digits) {
  if (Number(input.value) !== value) input.value = value;
  input.ariaValueText = number(value, digits).replace("\u2212", "minus ");
}

function sliderTable(shape, title, range, digits, nameOf, onInput) {
  return table(shape, title, (cell, i, j) => {
    const shown = make("span", { className: "value" });
    const input = slider(nameOf(i, j), range, (value) => onInput(i, j, value));
    cell.append(shown, input);
    return (value) => {
      shown.textContent = number(value, digits);
      position(input, value, digits);
    };
  }, "sliders");
}

// One bar a class, whose end can be dragged; the bar starts at zero.
function bars(title, range, digits, onInput) {
  const [min, max] = range;
  const percent = (value) => (100 * (Math.min(max, Math.max(min, value)) - min)) / (max - min);
  const element = make("div", { className: "bars", role: "group", ariaLabel: title });
  const setters = data.classes.map((name, k) => {
    const input = slider(`${title}: ${name}`, range, (value) => onInput(k, value));
    const fill = make("div", { className: `fill class-${k}` });
    const zero = make("div", { className: "zero" });
    const shown = make("span", { className: "value" });
    zero.style.left = `${percent(0)}%`;
    element.append(make("div", { className: "bar" },
      make("span", { className: "name" }, classMark(k), ` ${name}`, make("span", { className: "truth" })),
      make("div", { className: "track" }, fill, zero, input), shown));
    return (value) => {
      fill.style.left = `${Math.min(percent(0), percent(value))}%`;
      fill.style.width = `${Math.abs(percent(value) - percent(0))}%`;
      shown.textContent = number(value, digits);
      position(input, value, digits);
    };
  });
  const set = (values, truth) => {
    setters.forEach((setter, k) => setter(values[k]));
    element.querySelectorAll(".truth").forEach((mark, k) => { mark.textContent = k === truth ? " (true)" : ""; });
  };
  return { element, set };
}

const SVG = "http://www.w3.org/2000/svg";

function drawn(tag, attributes, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

// Curves over the steps; values beyond the frame are cut off at its edge. `frame` curves decide the range.
function chart(svg, curves, label, height) {
  const width = Math.max(240, svg.clientWidth || 360);
  const [left, right, top, bottom] = [52, 12, 12, 28];
  const values = curves.filter((curve) => curve.frames).flatMap((curve) => curve.values).filter(Number.isFinite);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = (high - low || 1) * 0.12;
  const [from, to] = [low - margin, high + margin];
  const last = curves[0].values.length - 1;
  const x = (t) => left + ((width - left - right) * t) / last;
  const y = (value) => top + ((height - top - bottom) * (to - value)) / (to - from);
  const inside = (value) => Math.min(height - bottom, Math.max(top, y(value)));
  const points = (curve) => {
    const end = curve.values.findIndex((value) => !Number.isFinite(value));
    const finite = end < 0 ? curve.values : curve.values.slice(0, end);
    return finite.map((value, t) => `${x(t).toFixed(1)},${inside(value).toFixed(1)}`).join(" ");
  };
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.replaceChildren(
    drawn("path", { class: "axis", d: `M${left},${top}V${height - bottom}H${width - right}` }),
    ...[low, high].map((value) => drawn("text", { x: left - 6, y: y(value) + 4, class: "tick end" }, number(value, 2))),
    drawn("text", { x: left, y: height - 8, class: "tick" }, "0"),
    drawn("text", { x: width - right, y: height - 8, class: "tick end" }, `${last} steps`),
    ...curves.map((curve) => drawn("polyline", { class: `curve ${curve.className}`, points: points(curve) })),
    ...curves.filter((curve) => curve.dots).flatMap((curve) => curve.values.slice(0, curve.dots).map((value, t) =>
      drawn("circle", { class: t ? "dot next" : "dot", cx: x(t), cy: inside(value), r: 4 }))),
  );
}
