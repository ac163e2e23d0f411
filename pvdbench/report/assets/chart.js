// One interactive plot by uPlot: lines or dots with intervals, in the page's colours, with what is under the pointer.
"use strict";
pvdbench.chart = (() => {
  const { create } = pvdbench;
  const PALETTE = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000", "#7A7A7A"]; // Okabe and Ito
  const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const drawn = new Map();

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (number) => (number % PALETTE.length === 6 && dark.matches ? "#FFFFFF" : PALETTE[number % PALETTE.length]);
  const faint = (number) => `${colour(number)}22`;

  // Series with the same colour number are told apart by their dashes.
  const dash = (number) => DASHES[Math.floor(number / PALETTE.length) % DASHES.length];

  function axis(label, more) {
    return { label, stroke: css("--ink"), grid: { stroke: css("--hair"), width: 1 }, ticks: { stroke: css("--hair"), width: 1 }, font: "12px sans-serif", labelFont: "12px sans-serif", ...more };
  }

  // Lines and dots as uPlot takes them: one series per name, and two unseen ones for an interval, with a band beside a line.
  function assemble(series) {
    const list = [{}], data = [], bands = [];
    for (const { label, number, y, low, high, dots, size } of series) {
      const points = { show: size !== 0, size: size ?? (dots ? 6 : 5), fill: colour(number) };
      list.push({ label: label.replaceAll("_", " "), stroke: colour(number), width: 1.6, dash: dash(number), paths: dots ? () => null : undefined, points, value: (_, value) => (value === null ? "\u2013" : value.toPrecision(4)) });
      data.push(y);
      if (!low) continue;
      if (!dots) bands.push({ series: [list.length + 1, list.length], fill: faint(number) });
      for (const bound of [low, high]) {
        list.push({ label: "", stroke: faint(number), width: 1, paths: dots ? () => null : undefined, points: { show: false }, class: "bound" });
        data.push(bound);
      }
    }
    return { list, data, bands };
  }

  // Draws into the figure's canvas, in place of what was there.
  // what: x, series of {label, number, y, low, high, dots}, xLabel, yLabel, ticks (x to name), log, tip (place to nodes), pick.
  function draw(figure, what) {
    const canvas = figure.querySelector(".canvas");
    drawn.get(canvas)?.plot.destroy();
    const { list, data, bands } = assemble(what.series);
    const tip = create("div", { class: "tip", hidden: true });
    const names = what.ticks && { splits: () => [...what.ticks.keys()], values: (_, places) => places.map((place) => what.ticks.get(place) ?? "") };
    const options = {
      width: Math.max(canvas.clientWidth, 280), height: what.height ?? 340,
      scales: { x: { time: false, distr: what.logX ? 3 : 1, range: what.xRange }, y: { distr: what.logY ? 3 : 1 } },
      axes: [axis(what.xLabel, { ...names, rotate: what.rotate ?? 0, size: what.xSize ?? 50 }), axis(what.yLabel, { size: 64 })],
      series: list, bands, legend: { live: !what.tip, show: what.legend ?? true, isolate: true },
      cursor: { drag: { x: true, y: false }, focus: { prox: 24 }, dataIdx: what.tip ? nearest : undefined },
      hooks: { setCursor: [(plot) => what.tip && showTip(plot, tip, what)], draw: [(plot) => what.series.forEach((one) => one.dots && one.low && drawIntervals(plot, what.x, one))] },
    };
    const plot = new uPlot(options, [what.x, ...data], canvas);
    plot.over.append(tip);
    if (what.pick) plot.over.addEventListener("click", () => plot.picked >= 0 && what.pick(plot.picked));
    drawn.set(canvas, { plot, figure, what });
    canvas.setAttribute("aria-label", `${figure.querySelector("h3").textContent}: ${what.yLabel} over ${what.xLabel}, ${what.series.map(({ label }) => label).join(", ")}`);
  }

  // A dot's interval: a line from low to high.
  function drawIntervals({ ctx, valToPos }, x, { number, low, high }) {
    ctx.save();
    ctx.strokeStyle = colour(number);
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.beginPath();
    x.forEach((value, place) => {
      if (low[place] === null || high[place] === null) return;
      const across = valToPos(value, "x", true);
      ctx.moveTo(across, valToPos(low[place], "y", true));
      ctx.lineTo(across, valToPos(high[place], "y", true));
    });
    ctx.stroke();
    ctx.restore();
  }

  // The dot that is nearest to the pointer in both directions, not just along x.
  function nearest(plot, series, place) {
    if (series === 0) {
      plot.picked = closest(plot);
      return plot.picked >= 0 ? plot.picked : place;
    }
    return plot.data[series][plot.picked] === null ? null : plot.picked;
  }

  function closest(plot) {
    const { left, top } = plot.cursor;
    let best = -1, least = 40 ** 2; // pixels
    for (let row = 1; row < plot.data.length; row += 1) {
      plot.data[row].forEach((value, place) => {
        if (value === null || value === undefined) return;
        const distance = (plot.valToPos(plot.data[0][place], "x") - left) ** 2 + (plot.valToPos(value, "y") - top) ** 2;
        if (distance < least) [best, least] = [place, distance];
      });
    }
    return best;
  }

  function showTip(plot, tip, what) {
    tip.hidden = !(plot.cursor.left >= 0 && plot.picked >= 0);
    if (tip.hidden) return;
    tip.replaceChildren(...what.tip(plot.picked));
    const right = plot.cursor.left > plot.over.clientWidth / 2;
    tip.style.left = right ? "" : `${plot.cursor.left + 14}px`;
    tip.style.right = right ? `${plot.over.clientWidth - plot.cursor.left + 14}px` : "";
    tip.style.top = `${Math.max(Math.min(plot.cursor.top, plot.over.clientHeight - 120), 0)}px`;
  }

  function redraw() {
    for (const { figure, what } of [...drawn.values()]) draw(figure, what);
  }

  function resize() {
    for (const [canvas, { plot, what }] of drawn) plot.setSize({ width: Math.max(canvas.clientWidth, 280), height: what.height ?? 340 });
  }

  dark.addEventListener("change", redraw);
  window.addEventListener("resize", resize);
  return { draw, finite: (value) => (Number.isFinite(value) ? value : null) };
})();
