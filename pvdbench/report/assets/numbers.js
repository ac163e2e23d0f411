// Tables 1 to 3 under any protocol and split: the controls above, and cells computed from the scores of every frame.
"use strict";
pvdbench.numbers = (() => {
  const { study, state, dataset, change, create, statistics, tools } = pvdbench;
  const MEASURED = /^(psnr_db|ssim)_(all|sharpest|blurriest)$/;
  const written = new WeakMap(); // cell to what Python wrote into it
  let turn = 0;

  const byId = (id) => document.getElementById(id);
  const tables = () => [...document.querySelectorAll(`[data-dataset="${CSS.escape(state.dataset)}"] table[data-task]`)];

  function fillControls() {
    const protocols = [...new Set(Object.values(dataset().tasks).flatMap((task) => task.protocols))];
    byId("control-protocol").replaceChildren(...protocols.map((name) => create("option", {}, name)));
    byId("control-protocol").value = state.protocol;
    byId("control-percent").value = state.percent;
  }

  function showDataset() {
    for (const part of document.querySelectorAll("[data-dataset]")) part.hidden = part.dataset.dataset !== state.dataset;
  }

  // Which columns a split shows: those of its group, and those that belong to none; only where the split changed.
  function showSplit() {
    for (const table of tables()) {
      [...table.tHead.rows].at(-1).querySelectorAll("[data-key]").forEach((head) => {
        const group = head.dataset.key.match(/_(all|sharpest|blurriest)(10)?$/)?.[1];
        if (group) tools.showColumn(table, head.cellIndex, !state.split || group === state.split);
      });
    }
  }

  async function compute() {
    const mine = (turn += 1);
    const counts = [];
    for (const table of tables()) {
      const cells = await averages(table);
      if (mine !== turn) return; // another choice was made meanwhile
      if (cells) counts.push(`${table.dataset.task === "motion" ? "warped" : "deblurred"}: ${cells.counted} frames`);
      fill(table, cells);
    }
    byId("control-status").textContent = `${state.protocol} counts ${[...new Set(counts)].join(", ") || "no frames here"}`;
  }

  // Of one table: key and row to the mean; null where its rows were not scored by the protocol.
  async function averages(table) {
    const name = table.dataset.task;
    if (!dataset().tasks[name]) return null;
    const [task, scores] = await Promise.all([statistics.frames(dataset(), name), statistics.scores(dataset(), name, state.protocol)]);
    if (!scores) return null;
    const places = statistics.groups(task, scores.counted, state.percent);
    const cells = new Map();
    for (const { dataset: { row } } of table.tBodies[0].querySelectorAll("[data-row]")) {
      for (const key of keys(table)) cells.set(`${key}/${row}`, await cell(key, row, task, scores, places));
    }
    return { cells, counted: places.all.length };
  }

  function keys(table) {
    const all = [...[...table.tHead.rows].at(-1).querySelectorAll("[data-key]")].map((head) => head.dataset.key);
    return all.filter((key) => MEASURED.test(key) || key.startsWith("epe_"));
  }

  function cell(key, row, task, scores, places) {
    if (key.startsWith("epe_")) {
      const values = task[key]?.[row] ?? [];
      return statistics.mean(values, places.all.filter((place) => !Number.isNaN(values[place] ?? NaN)), task);
    }
    const [, quantity, group] = key.match(MEASURED);
    const values = scores[quantity][row];
    return values ? statistics.mean(values, places[group], task) : { mean: NaN, low: NaN, high: NaN, identical: 0 };
  }

  const ownProtocol = () => state.protocol === dataset().protocol && state.percent === dataset().percent;

  function fill(table, averaged) {
    for (const head of [...table.tHead.rows].at(-1).querySelectorAll("[data-key]")) {
      if (MEASURED.test(head.dataset.key) || head.dataset.key.startsWith("epe_")) fillColumn(table, head, averaged?.cells);
      if (head.dataset.key.startsWith("difference_db_")) fillDifferences(table, head);
    }
    [...table.tHead.rows].slice(0, -1).flatMap((row) => [...row.cells]).forEach(renameGroup);
    tell(table, averaged);
    tools.resort(table);
  }

  // The caption was written for the study's own protocol and split; this says what stands in the table now.
  function tell(table, averaged) {
    const box = table.closest(".scroll");
    const line = box.parentElement.querySelector(`[data-told="${table.dataset.name}"]`) ?? create("p", { class: "notice", "data-told": table.dataset.name });
    box.before(line);
    line.hidden = ownProtocol();
    line.textContent = averaged ? `Now under ${state.protocol}, which counts ${averaged.counted} frames; sharpest and blurriest are ${state.percent} % of each clip. The paper's columns stay as printed; what was not scored as in the paper is not compared with it.` : `None of these rows was scored under ${state.protocol}.`;
  }

  function fillColumn(table, head, cells) {
    const rows = [...table.tBodies[0].querySelectorAll("[data-row]")];
    const printed = rows.map((row) => write(row.cells[head.cellIndex], cells?.get(`${head.dataset.key}/${row.dataset.row}`), Number(head.dataset.digits)));
    const bound = (place) => "bound" in rows[place].dataset; // looks at the truth: no result
    const places = [...new Set(printed.filter((text, place) => text !== "\u2013" && !bound(place)))].sort((a, b) => amount(b) - amount(a));
    if (head.dataset.better === "lower") places.reverse();
    rows.forEach((row, place) => {
      row.cells[head.cellIndex].classList.toggle("best", !bound(place) && printed[place] === places[0]);
      row.cells[head.cellIndex].classList.toggle("second", !bound(place) && printed[place] === places[1] && places.length > 1);
    });
  }

  // Measured minus published, as Python wrote it; under any other protocol or split there is nothing to compare.
  function fillDifferences(table, head) {
    for (const row of table.tBodies[0].querySelectorAll("[data-row]")) {
      const cell = row.cells[head.cellIndex];
      if (!written.has(cell)) written.set(cell, [...cell.childNodes]);
      cell.replaceChildren(...(ownProtocol() ? written.get(cell) : ["\u2013"]));
    }
  }

  const amount = (text) => (text === "identical" ? Infinity : parseFloat(text.replace("\u2212", "-").replaceAll(",", "")));

  function write(cell, average, digits) {
    const { mean, low, high, identical } = average ?? { mean: NaN, low: NaN, high: NaN, identical: 0 };
    const text = statistics.decimal(mean, digits);
    const notes = Number.isNaN(low) ? [] : [`${statistics.decimal(low, digits)}\u2013${statistics.decimal(high, digits)}`];
    if (identical && text !== "identical" && digits === 2) notes.push(`${identical} identical`);
    cell.replaceChildren(text, ...notes.map((note) => create("small", {}, note)));
    return text;
  }

  // "Sharpest 10 %" over measured columns follows the control; the paper's stay what the paper printed.
  function renameGroup(head) {
    if (head.closest("table").tHead.querySelectorAll("th.span").length === 0) return;
    const match = head.textContent.match(/^(Sharpest|Blurriest) [\d.]+ %$/);
    if (!match || head.classList.contains("papers")) return;
    head.textContent = `${match[1]} ${state.percent} %`;
  }

  // The paper's own group headings begin where its columns do.
  function markPapers(table) {
    const lines = [...table.tHead.rows];
    const first = [...lines.at(-1).cells].findIndex((head) => head.dataset.key?.startsWith("paper_"));
    let start = 0;
    for (const head of lines.at(-2)?.cells ?? []) {
      if (first >= 0 && start >= first) head.classList.add("papers");
      start += head.colSpan;
    }
  }

  function start() {
    const form = byId("controls");
    if (!form || !state) return;
    document.querySelectorAll("table[data-task]").forEach(markPapers);
    fillControls();
    showDataset();
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    byId("control-dataset").onchange = (event) => choose(event.target.value);
    byId("control-protocol").onchange = (event) => change({ protocol: event.target.value });
    byId("control-split").onchange = (event) => { change({ split: event.target.value }); showSplit(); };
    byId("control-percent").onchange = (event) => change({ percent: Math.min(Math.max(Number(event.target.value) || 10, 1), 50) });
    pvdbench.onChange(() => { byId("control-percent").value = state.percent; compute(); });
  }

  function choose(name) {
    const next = study.datasets.find((one) => one.name === name);
    Object.assign(state, { dataset: name });
    if (!Object.values(next.tasks).some((task) => task.protocols.includes(state.protocol))) state.protocol = next.protocol;
    byId("control-dataset").value = name;
    fillControls();
    showDataset();
    showSplit();
    change({});
  }

  return { start, choose };
})();
