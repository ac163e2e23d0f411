// A table of every metric that the chosen protocol measures, a row per method, for each task.
"use strict";
pvdbench.metricTable = (() => {
  const { state, dataset, create, labelNodes, scores, tools, tableNumbers } = pvdbench;
  const GROUPS = [["all", "Entire test set"], ["sharpest", "Sharpest"], ["blurriest", "Blurriest"]];
  const TITLES = { deblur: "Deblurred frames", motion: "Warped frames and flow" };

  // Builds what is not there yet and fills the rest: columns change with the protocol's metrics.
  async function update() {
    for (const place of document.querySelectorAll("[data-metric-table]")) {
      const task = place.dataset.metricTable, names = scores.metrics(task, state.protocol);
      const columns = [dataset().name, ...names].join(" ");
      place.hidden = !names.length;
      if (place.dataset.columns === columns || !names.length) continue;
      place.dataset.columns = columns;
      place.replaceChildren(create("h3", {}, TITLES[task]), create("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": TITLES[task] }, build(task, names)));
      const table = place.querySelector("table");
      tools.add(table);
      const { protocol } = state, statistics = await tableNumbers.look(table, protocol);
      if (table.isConnected && protocol === state.protocol) tableNumbers.fill(table, statistics); // else another choice was made
    }
  }

  function build(task, names) {
    const table = create("table", { class: "tooled", "data-name": `${dataset().name}-protocol-metrics-${task}`, "data-task": task });
    const groups = GROUPS.map(([name, title]) => create("th", { class: "span", scope: "colgroup", colspan: names.length }, name === "all" ? title : `${title} ${state.percent} %`));
    const heads = GROUPS.flatMap(([frames]) => names.map((name) => head(name, frames)));
    table.append(
      create("thead", {}, create("tr", {}, create("td", {}), ...groups), create("tr", {}, create("td", {}), ...heads)),
      create("tbody", {}, ...dataset().tasks[task].rows.map((row) => create("tr", { "data-row": row.name, "data-bound": row.bound }, create("th", { scope: "row" }, ...labelNodes(row.label), ...(row.bound ? [create("small", {}, "upper bound")] : [])), ...heads.map(() => create("td", {}))))),
    );
    return table;
  }

  function head(name, frames) {
    const { heading, digits, better } = scores.metric(name);
    return create("th", { scope: "col", "data-key": `${name}_${frames}`, "data-digits": digits, "data-better": better, "data-origin": "measured", "data-statistic": "mean", "data-metric": name, "data-frames": frames, "data-interval": true }, heading);
  }

  return { update };
})();
