// Every table's tools: sort by a column, search rows, show and hide columns, copy and download.
"use strict";
pvdbench.tools = (() => {
  const { create, markup } = pvdbench;
  const lastHead = (table) => [...table.tHead.rows].at(-1);

  // Of a cell as printed: a number, infinity for frames equal to the truth, NaN for none; words stay words.
  function value(cell) {
    const text = (cell.firstChild?.textContent ?? "").trim();
    if (text === "identical") return Infinity;
    const number = parseFloat(text.replaceAll("\u2212", "-").replaceAll(",", ""));
    return cell.tagName === "TH" || cell.classList.contains("text") ? text : number;
  }

  function compare(first, second, sign) {
    if (typeof first === "string") return sign * first.localeCompare(second, "en", { numeric: true });
    if (Number.isNaN(first) || Number.isNaN(second)) return Number.isNaN(first) - Number.isNaN(second); // none goes last
    return first === second ? 0 : sign * (first < second ? -1 : 1);
  }

  // Descending first for numbers, as higher is mostly better; the third click brings the first order back.
  function sort(table, place) {
    const heads = lastHead(table).cells;
    const next = { none: "descending", descending: "ascending", ascending: "none" }[heads[place].ariaSort ?? "none"];
    for (const head of heads) if (head.ariaSort) head.ariaSort = "none";
    heads[place].ariaSort = next;
    resort(table);
  }

  function resort(table) {
    const place = [...lastHead(table).cells].findIndex((head) => ["ascending", "descending"].includes(head.ariaSort));
    const sign = place >= 0 && lastHead(table).cells[place].ariaSort === "ascending" ? 1 : -1;
    const rows = [...table.tBodies[0].rows].sort((one, other) => one.dataset.place - other.dataset.place);
    if (place >= 0) rows.sort((one, other) => compare(value(one.cells[place]), value(other.cells[place]), sign));
    table.tBodies[0].append(...rows);
  }

  function search(table, text) {
    for (const row of table.tBodies[0].rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(text.toLowerCase());
  }

  // Hides a column with its cells; headings that span it shrink, and go with the last of theirs.
  function showColumn(table, place, shown) {
    lastHead(table).cells[place].hidden = !shown;
    for (const row of table.tBodies[0].rows) row.cells[place].hidden = !shown;
    for (const row of [...table.tHead.rows].slice(0, -1)) shrinkHeadings(table, row);
  }

  function shrinkHeadings(table, row) {
    let start = 0;
    for (const cell of row.cells) {
      const length = Number((cell.dataset.span ??= cell.colSpan));
      const left = [...lastHead(table).cells].slice(start, start + length).filter((head) => !head.hidden).length;
      cell.hidden = left === 0;
      cell.colSpan = Math.max(left, 1);
      start += length;
    }
  }

  // A button in each heading of the last line; the empty corner above the labels sorts nothing.
  function addSorting(table) {
    [...table.tBodies[0].rows].forEach((row, place) => (row.dataset.place = place));
    [...lastHead(table).cells].forEach((head, place) => {
      if (!head.textContent.trim()) return;
      head.ariaSort = "none";
      const button = create("button", { type: "button", class: "sort", onclick: () => sort(table, place) });
      button.append(...head.childNodes);
      head.append(button);
    });
  }

  function columnName(table, place) {
    const names = [...table.tHead.rows].map((row) => {
      let start = 0;
      return [...row.cells].find((cell) => (start += Number(cell.dataset.span ?? cell.colSpan)) > place).textContent.trim();
    });
    return names.filter(Boolean).join(", ");
  }

  function columnChoice(table) {
    const choices = [...lastHead(table).cells].map((_, place) => place).slice(1).map((place) => {
      const box = create("input", { type: "checkbox", checked: true, onchange: () => showColumn(table, place, box.checked) });
      box.dataset.place = place;
      return create("label", {}, box, " ", columnName(table, place));
    });
    return create("details", { class: "choice" }, create("summary", {}, "Columns"), create("div", {}, ...choices));
  }

  async function copy(text, status) {
    try {
      await navigator.clipboard.writeText(text);
      status.textContent = "copied";
    } catch {
      offer(text, status);
    }
  }

  // Where the browser gives no clipboard to a page on disk: the text, chosen, to copy by hand.
  function offer(text, status) {
    const area = create("textarea", { readonly: true, rows: 8, "aria-label": "Copy this text" });
    area.value = text;
    status.replaceChildren(area);
    area.select();
  }

  function download(text, name) {
    const link = create("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  function addTools(table) {
    const box = table.closest(".scroll");
    const title = box.getAttribute("aria-label");
    const status = create("span", { role: "status", class: "status" });
    const button = (name, act, about) => create("button", { type: "button", "aria-label": `${about}: ${title}`, onclick: act }, name);
    addSorting(table);
    box.classList.add("equipped");
    box.before(create("div", { class: "tools" },
      create("input", { type: "search", placeholder: "Search rows", "aria-label": `Search rows: ${title}`, oninput: (event) => search(table, event.target.value) }),
      columnChoice(table),
      create("span", { class: "buttons" },
        button("LaTeX", () => copy(markup.latex(table, title), status), "Copy as LaTeX"),
        button("Markdown", () => copy(markup.markdown(table), status), "Copy as Markdown"),
        button("CSV", () => copy(markup.csv(table), status), "Copy as CSV"),
        button("Download", () => download(markup.csv(table), `${table.dataset.name}.csv`), "Download as CSV")),
      status));
  }

  document.querySelectorAll("table.tooled").forEach((table) => pvdbench.whenSeen(table, () => addTools(table)));
  return { add: addTools, resort, showColumn };
})();
