"use strict";
// A click on a heading sorts its table: numbers as numbers, empty cells last, a second click the other way round.
// The parts of a run stay below it, sorted among themselves.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (table.tBodies[0].rows[0]?.cells[column]?.classList.contains("number")) head.classList.add("number");
    head.querySelector("button")?.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const families = [];
      for (const row of table.tBodies[0].rows)
        row.classList.contains("part") && families.length ? families.at(-1).push(row) : families.push([row]);
      const sorted = (items, rowOf) => items.map((item) => {
        const row = rowOf(item);
        const cell = row.cells[column];
        const text = cell.dataset.sort ?? cell.textContent.trim();
        const number = Number(text);
        const empty = text === "" || text === "nan";
        return { item, text, number, empty, isNumber: !empty && !Number.isNaN(number) };
      }).sort((a, b) => {
        if (a.empty || b.empty) return a.empty - b.empty;
        const order = a.isNumber && b.isNumber ? a.number - b.number
          : a.isNumber !== b.isNumber ? b.isNumber - a.isNumber : a.text.localeCompare(b.text);
        return up ? order : -order;
      }).map((each) => each.item);
      for (const [row, ...parts] of sorted(families, ([first]) => first))
        table.tBodies[0].append(row, ...sorted(parts, (part) => part));
    });
  });
}

const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};
const short = (value) => value === 0 ? "0" : Math.abs(value) >= 1e5 || Math.abs(value) < 1e-4
  ? value.toExponential(2) : Number(value.toPrecision(4)).toLocaleString("en");

// A figure: its curves with uPlot, a legend of check boxes, and what the pointer or the arrow keys are at.
const figure = (place, { ylabel, epochs, step, limits, curves }) => {
  const decode = (text) => Array.from(
    new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer),
    (value) => Number.isNaN(value) ? null : value);
  const x = Array.from({ length: Math.ceil(epochs / step) }, (_, index) => 1 + index * step);
  const lines = curves.flatMap((curve) => [
    ...curve.trainings.map((text) => ({ curve, kind: "single", text })),
    ...(curve.training ? [{ curve, kind: "training", text: curve.training }] : []),
    { curve, kind: "mean", text: curve.mean },
  ]);
  const data = [x, ...lines.map(({ text }) => {
    const values = decode(text);
    return x.map((_, index) => values[index] ?? null);
  })];
  const shown = new Set(curves.filter((curve) => !curve.hidden));
  const state = { log: Boolean(limits.log), whole: false, training: true, plot: null };

  const check = (text, checked, change) => {
    const box = element("input", { type: "checkbox", checked });
    box.addEventListener("change", () => change(box.checked));
    return element("label", {}, box, " ", text);
  };
  const readout = element("output", { className: "readout" });
  const canvas = element("div", { className: "canvas", tabIndex: 0 });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${place.getAttribute("aria-label")}. Arrow keys go from epoch to epoch, + and - zoom, 0 shows all.`);
  const controls = element("div", { className: "controls" }, check("log axis", state.log, (on) => { state.log = on; draw(); }));
  if (curves.some((curve) => curve.training))
    controls.append(check("training curves (dotted)", true, (on) => { state.training = on; show(); }));
  if (limits.cut)
    controls.append(check("values outside the axis too", false, (on) => { state.whole = on; draw(); }));
  const legend = element("div", { className: "legend" });
  for (const curve of curves) {
    const label = check("", shown.has(curve), (on) => { shown[on ? "add" : "delete"](curve); show(); });
    const swatch = element("span", { className: "swatch" });
    swatch.style.borderTop = `3px ${curve.dash.length ? "dashed" : "solid"} ${curve.color}`;
    label.append(swatch, " ", curve.name);
    legend.append(label);
  }
  place.append(controls, canvas, readout, legend);

  const visible = ({ curve, kind }) => shown.has(curve) && (kind !== "training" || state.training);
  const show = () => {
    lines.forEach((line, index) => state.plot.setSeries(index + 1, { show: visible(line) }, false));
    state.plot.redraw();
  };
  const range = (_, low, high) => {
    if (!state.whole && limits.high !== undefined && (!state.log || limits.low > 0)) return [limits.low, limits.high];
    if (low === null) return [state.log ? 0.1 : 0, 1];
    return state.log ? uPlot.rangeLog(low, high, 10, true) : uPlot.rangeNum(low, high, 0.06, true);
  };
  const say = (plot) => {
    const { idx } = plot.cursor;
    if (idx == null) { readout.textContent = ""; return; }
    const texts = lines.flatMap((line, index) => {
      const value = data[index + 1][idx];
      return visible(line) && line.kind === "mean" && value !== null ? [[value, `${line.curve.name} ${short(value)}`]] : [];
    });
    const few = texts.slice(0, 4).map(([, text]) => text);
    readout.textContent = `epoch ${x[idx]}: ${few.join("; ")}${texts.length > 4 ? ` and ${texts.length - 4} more` : ""}`;
  };
  const dots = (plot) => {
    const { ctx } = plot;
    for (const curve of shown) {
      if (!curve.best) continue;
      const [across, up] = [plot.valToPos(curve.best[0], "x", true), plot.valToPos(curve.best[1], "y", true)];
      const box = plot.bbox;
      if (across < box.left || across > box.left + box.width || up < box.top || up > box.top + box.height) continue;
      ctx.beginPath();
      ctx.arc(across, up, 5 * uPlot.pxRatio, 0, 2 * Math.PI);
      ctx.fillStyle = curve.color;
      ctx.strokeStyle = "white";
      ctx.lineWidth = 1.5 * uPlot.pxRatio;
      ctx.fill();
      ctx.stroke();
    }
  };
  const draw = () => {
    state.plot?.destroy();
    const look = getComputedStyle(document.documentElement);
    const [ink, line] = ["--ink", "--line"].map((name) => look.getPropertyValue(name));
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    state.plot = new uPlot({
      width: canvas.clientWidth,
      height: canvas.clientWidth < 600 ? 300 : 420,
      legend: { show: false },
      cursor: { drag: { x: true, y: false }, points: { show: false } },
      scales: {
        x: { time: false, range: (_, low, high) => low === high ? [low - 1, high + 1] : [low, high] },
        y: { distr: state.log ? 3 : 1, range },
      },
      axes: [
        { ...axis, label: "epoch", incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] },
        { ...axis, label: ylabel, size: 64, values: (_, splits) => splits.map((value) => value === null ? null : short(value)) },
      ],
      series: [{}, ...lines.map((each) => ({
        show: visible(each),
        stroke: each.curve.color,
        width: each.kind === "mean" ? 2 : each.kind === "training" ? 1.5 : 1,
        alpha: each.kind === "single" ? 0.3 : 1,
        dash: each.kind === "training" ? [2, 3] : each.kind === "mean" ? each.curve.dash : [],
        points: { show: x.length === 1 },
        spanGaps: false,
      }))],
      hooks: { draw: [dots], setCursor: [say] },
    }, data, canvas);
  };
  draw();

  canvas.addEventListener("keydown", (event) => {
    const { plot } = state;
    const { min, max } = plot.scales.x;
    const at = plot.cursor.idx ?? plot.valToIdx(min);
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const zoom = { "+": 0.5, "-": 2, 0: Infinity }[event.key];
    if (move === undefined && zoom === undefined) return;
    event.preventDefault();
    if (move !== undefined) {
      const index = Math.min(x.length - 1, Math.max(0, at + move));
      plot.setCursor({ left: plot.valToPos(x[index], "x"), top: 10 });
      return;
    }
    const half = (max - min) * zoom / 2;
    plot.setScale("x", { min: Math.max(x[0], x[at] - half), max: Math.min(x[x.length - 1], x[at] + half) });
  });
  new ResizeObserver(() => {
    if (canvas.clientWidth && canvas.clientWidth !== state.plot.width)
      state.plot.setSize({ width: canvas.clientWidth, height: state.plot.height });
  }).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
};

// Figures are drawn when they come near the window, so that a long page is there at once.
const stored = document.getElementById("figures");
if (stored) {
  const figures = JSON.parse(stored.textContent);
  const watch = new IntersectionObserver((seen) => {
    for (const each of seen) if (each.isIntersecting) {
      watch.unobserve(each.target);
      figure(each.target, figures[each.target.dataset.figure]);
    }
  }, { rootMargin: "400px" });
  for (const place of document.querySelectorAll("[data-figure]")) watch.observe(place);
}
