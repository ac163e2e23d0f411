// What all plots share: their selects, captions, the metric they show, and the way from a dot to the viewer.
"use strict";
pvdbench.plots = (() => {
  const { create, dataset, state, scores, chart } = pvdbench;
  const drawings = {}; // key of a figure to the function that draws it

  const rows = (task) => dataset().tasks[task]?.rows ?? [];
  const caption = (figure, text) => (figure.querySelector("figcaption").textContent = text);

  // A select in the figure's bar that draws the plot again; its value survives a change of data set where it can.
  function choice(figure, name, values, fallback) {
    const bar = figure.querySelector(".bar");
    let select = bar.querySelector(`[data-choice="${name}"]`);
    if (!select) {
      select = create("select", { "data-choice": name, onchange: () => drawings[figure.dataset.plot](figure) });
      bar.append(create("label", {}, `${name} `, select));
    }
    const keep = values.some(([value]) => value === select.value) ? select.value : fallback;
    select.replaceChildren(...values.map(([value, text]) => create("option", { value }, text)));
    select.value = keep;
    return keep;
  }

  const taskChoice = (figure) => choice(figure, "Task", Object.keys(dataset().tasks).map((name) => [name, name === "motion" ? "motion estimation" : "deblurring"]), Object.keys(dataset().tasks)[0]);
  const rowChoice = (figure, name, task, fallback) => choice(figure, name, rows(task).map((row) => [row.name, row.label]), fallback);

  // One of some metrics, with all that is known of it; null where there are none.
  function metricChoice(figure, names) {
    if (!names.length) return null;
    const name = choice(figure, "Metric", names.map((one) => [one, scores.metric(one).heading]), names[0]);
    return { name, ...scores.metric(name) };
  }

  // The task, the metric and what load gives under the chosen protocol; null, and said so, where nothing was scored.
  async function read(figure, load) {
    const task = taskChoice(figure), metric = metricChoice(figure, scores.metrics(task, state.protocol));
    const found = metric && (await load(task, state.protocol));
    if (!found) caption(figure, metric ? `This report carries no scores of single frames under ${state.protocol}.` : `Nothing was scored under ${state.protocol}.`);
    return found ? { task, metric, found } : null;
  }

  // Means as a plot takes them, with their intervals.
  function band(means, banded = true) {
    const y = means.map(({ mean }) => chart.finite(mean));
    return banded ? { y, low: means.map(({ low }) => chart.finite(low)), high: means.map(({ high }) => chart.finite(high)) } : { y };
  }

  // What is under the pointer where a dot is a frame.
  function frameTip({ video, frame }, lines) {
    return [create("b", {}, `${video}, frame ${frame}`), ...lines.map((line) => create("span", {}, ...line)), create("small", {}, "click to look at it")];
  }

  function openFrame(task, { video, frame }, left, right) {
    location.hash = ["#look", dataset().name, task === "motion" ? "warped" : "deblur", video, frame, left, right].map((part, place) => (place ? encodeURIComponent(part) : part)).join("/");
  }

  return { drawings, rows, caption, choice, taskChoice, rowChoice, metricChoice, read, band, frameTip, openFrame };
})();
