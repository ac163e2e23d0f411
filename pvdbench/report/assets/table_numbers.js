// Tables under any protocol and percentage: each column says which statistic it shows, and its cells are looked up.
"use strict";
pvdbench.tableNumbers = (() => {
  const { state, dataset, create, format, scores, tools } = pvdbench;
  const written = new WeakMap(); // cell to what Python wrote into it
  let turn = 0;

  const lastHead = (table) => [...table.tHead.rows].at(-1);
  const heads = (table) => [...lastHead(table).querySelectorAll("[data-key]")];
  const ownRows = (table) => [...table.tBodies[0].querySelectorAll("[data-row]")];
  const choice = () => [state.dataset, state.protocol, state.percent].join(" ");
  const ownProtocol = () => state.protocol === dataset().protocol && state.percent === dataset().percent;

  // Those of the data set that is shown, and those that belong to whichever is.
  function tables() {
    const shown = (table) => (table.closest("[data-dataset]")?.dataset.dataset ?? state.dataset) === state.dataset;
    return [...document.querySelectorAll("table[data-task]")].filter(shown);
  }

  async function fillAll() {
    const mine = (turn += 1), chosen = choice();
    const counts = new Set();
    for (const table of tables()) {
      const statistics = await look(table, state.protocol);
      if (mine !== turn || chosen !== choice()) return; // another choice was made meanwhile
      fill(table, statistics);
      if (statistics) counts.add(`${statistics.counted} ${table.dataset.task === "motion" ? "warped" : "deblurred"} frames`);
    }
    document.getElementById("control-status").textContent = `${state.protocol} counts ${[...counts].join(", ") || "no frames here"}`;
  }

  // All that a table's columns show; null where none of its rows was scored.
  async function look(table, protocol) {
    const { task } = table.dataset, found = await scores.means(task, protocol);
    const differs = heads(table).some((head) => head.dataset.statistic === "difference");
    return found && { ...found, difference: differs ? await scores.differences(task, protocol) : null };
  }

  // Fills a table; statistics are null where none of its rows was scored.
  function fill(table, statistics) {
    for (const head of heads(table)) {
      if (head.dataset.statistic) fillColumn(table, head, statistics);
      else if (head.dataset.origin === "compared") fillComparison(table, head);
    }
    [...table.tHead.rows].slice(0, -1).flatMap((row) => [...row.cells]).forEach(renameGroup);
    notice(table, statistics);
    if (heads(table).some((head) => head.dataset.statistic === "rank")) order(table, statistics);
    tools.resort(table);
  }

  function fillColumn(table, head, statistics) {
    const printed = ownRows(table).map((row) => write(row.cells[head.cellIndex], head, valueOf(statistics, head, row.dataset.row)));
    mark(table, head, printed);
  }

  // What a column shows of a row: a mean with its interval, or words.
  function valueOf(statistics, head, row) {
    const { statistic, metric, frames, minus } = head.dataset;
    const group = scores.groupAt(frames, state.percent);
    if (!statistics) return "";
    if (statistic === "mean") return statistics.mean(metric, group, row);
    if (statistic === "difference") return statistics.difference?.(metric, group, row, minus) ?? "";
    const [first, last] = statistics.places(metric, group, row) ?? [NaN, NaN];
    if (Number.isNaN(first) || Number.isNaN(statistics.mean(metric, group, row).mean)) return "";
    return statistic === "rank" || first === last ? String(first) : `${first} to ${last}`;
  }

  function write(cell, head, value) {
    if (typeof value === "string") {
      cell.replaceChildren(value || format.NONE);
      return value || format.NONE;
    }
    const digits = Number(head.dataset.digits), signed = "signed" in head.dataset;
    const text = format.decimal(value.mean, digits, signed), bounds = [value.low, value.high].map((bound) => format.decimal(bound, digits, signed));
    const notes = Number.isNaN(value.low) || !("interval" in head.dataset) ? [] : [bounds.join(signed ? " to " : "\u2013")];
    if (value.identical && text !== "identical") notes.push(`${value.identical} identical`);
    cell.replaceChildren(text, ...notes.map((note) => create("small", {}, note)));
    return text;
  }

  // Best and second best by the numbers as printed; a row that looks at the truth earns no mark.
  function mark(table, head, printed) {
    const { better } = head.dataset, rows = ownRows(table), bound = (place) => "bound" in rows[place].dataset;
    const ranked = [...new Set(printed.filter((text, place) => text !== format.NONE && !bound(place)))].sort((a, b) => format.amount(b) - format.amount(a));
    if (better === "lower") ranked.reverse();
    rows.forEach((row, place) => ["best", "second"].forEach((name, at) => {
      row.cells[head.cellIndex].classList.toggle(name, better !== "neither" && !bound(place) && at < ranked.length && printed[place] === ranked[at]);
    }));
  }

  // Measured compared with published, as Python wrote it; under any other protocol or percentage nothing is compared.
  function fillComparison(table, head) {
    for (const row of ownRows(table)) {
      const cell = row.cells[head.cellIndex];
      if (!written.has(cell)) written.set(cell, [...cell.childNodes]);
      cell.replaceChildren(...(ownProtocol() ? written.get(cell) : [format.NONE]));
    }
  }

  // A table of ranks begins with the best row, over all frames.
  function order(table, statistics) {
    const { metric } = heads(table)[0].dataset;
    const value = (row) => { const { mean } = statistics?.mean(metric, "all", row.dataset.row) ?? {}; return Number.isNaN(mean) ? -Infinity : mean * scores.sign(metric); };
    ownRows(table).sort((one, other) => value(other) - value(one) || 0).forEach((row, place) => (row.dataset.place = place));
  }

  // The caption was written for the study's own protocol and percentage; this says what the table shows now.
  function notice(table, statistics) {
    const box = table.closest(".scroll");
    const line = box.parentElement.querySelector(`[data-notice="${CSS.escape(table.dataset.name)}"]`) ?? create("p", { class: "notice", "data-notice": table.dataset.name });
    (box.previousElementSibling?.matches(".tools") ? box.previousElementSibling : box).before(line);
    line.hidden = ownProtocol();
    const published = heads(table).some((head) => head.dataset.origin === "published");
    line.textContent = statistics
      ? `Now under ${state.protocol}, which counts ${statistics.counted} frames; sharpest and blurriest are ${state.percent} % of each clip.${published ? " Published numbers stay as printed; what was not scored as in the paper is not compared with them." : ""}`
      : `None of these rows was scored under ${state.protocol}.`;
  }

  // "Sharpest 10 %" over measured columns follows the control; over published ones it stays what the paper printed.
  function renameGroup(head) {
    const match = head.textContent.match(/^(Sharpest|Blurriest) [\d.]+ %$/);
    if (match && !head.classList.contains("published")) head.textContent = `${match[1]} ${state.percent} %`;
  }

  // Marks the group headings that stand over published columns.
  function markPublished(table) {
    const lines = [...table.tHead.rows];
    let start = 0;
    for (const head of lines.at(-2)?.cells ?? []) {
      if (lines.at(-1).cells[start]?.dataset.origin === "published") head.classList.add("published");
      start += head.colSpan;
    }
  }

  // Shows the columns of one group of frames, and those of none; a table without that group stays as it is.
  function showGroup() {
    for (const table of tables()) {
      const grouped = heads(table).filter(({ dataset: { frames, statistic } }) => ["all", "sharpest", "blurriest"].includes(frames) && statistic !== "difference");
      const has = grouped.some((head) => head.dataset.frames === state.group);
      for (const head of grouped) tools.showColumn(table, head.cellIndex, !has || head.dataset.frames === state.group);
    }
  }

  document.querySelectorAll("table[data-task]").forEach(markPublished);
  return { fillAll, fill, look, showGroup };
})();
