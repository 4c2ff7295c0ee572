"use strict";
// A click on a heading sorts its table: numbers as numbers, empty cells last, a second click the other way round.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (table.tBodies[0].rows[0]?.cells[column]?.classList.contains("number")) head.classList.add("number");
    head.querySelector("button")?.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const keyed = [...table.tBodies[0].rows].map((row) => {
        const cell = row.cells[column];
        const text = cell.dataset.sort ?? cell.textContent.trim();
        const number = Number(text);
        const empty = text === "" || text === "nan";
        return { row, text, number, empty, isNumber: !empty && !Number.isNaN(number) };
      });
      keyed.sort((a, b) => {
        if (a.empty || b.empty) return a.empty - b.empty;
        const order = a.isNumber && b.isNumber ? a.number - b.number
          : a.isNumber !== b.isNumber ? b.isNumber - a.isNumber : a.text.localeCompare(b.text);
        return up ? order : -order;
      });
      table.tBodies[0].append(...keyed.map((each) => each.row));
    });
  });
}
// Figures are drawn when they come near the window, so that a long page is there at once.
const stored = document.getElementById("figures");
if (stored) {
  const figures = JSON.parse(stored.textContent);
  const draw = (place) => {
    const { data, layout } = figures[place.dataset.figure];
    if (place.clientWidth < 700) { // The legend goes below where there is no room beside.
      layout.legend = { ...layout.legend, orientation: "h", y: -0.2, maxheight: 160 };
      layout.height += 120;
    }
    Plotly.newPlot(place, data, layout, {
      responsive: true, displaylogo: false, displayModeBar: true,
      showSendToCloud: false, // Plotly's own default puts a button there that uploads the data to its makers.
      modeBarButtons: [["toImage"], ["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]],
    });
  };
  const watch = new IntersectionObserver((seen) => {
    for (const each of seen) if (each.isIntersecting) { watch.unobserve(each.target); draw(each.target); }
  }, { rootMargin: "400px" });
  for (const place of document.querySelectorAll("[data-figure]")) watch.observe(place);
}
