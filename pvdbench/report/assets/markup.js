// A table as it stands on the page, hidden rows and columns left out, as LaTeX (booktabs), Markdown or CSV.
"use strict";
pvdbench.markup = (() => {
  const LATEX = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "\u2013": "--", "\u2212": "$-$", "<": "\\textless{}", ">": "\\textgreater{}" };
  for (const character of "&%$#_{}") LATEX[character] = "\\" + character;

  const latexText = (text) => Array.from(text, (character) => LATEX[character] ?? character).join("");
  const markdownText = (text) => text.replace(/([\\`*_{}[\]<>|#&])/g, "\\$1");
  const csvText = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

  // What a cell holds: text, what is small beneath it, its mark; a subscript keeps its underscore.
  function read(cell) {
    const copy = cell.cloneNode(true);
    const notes = [...copy.querySelectorAll("small")].map((note) => (note.remove(), note.textContent));
    copy.querySelectorAll("sub").forEach((sub) => sub.replaceWith("_" + sub.textContent));
    const mark = ["best", "second"].find((name) => cell.classList.contains(name)) ?? "";
    return { text: copy.textContent.trim(), notes, mark, head: cell.tagName === "TH", words: cell.classList.contains("text") };
  }

  // Headings as runs of (text, length) over the columns that are shown, and the rows that are.
  function model(table) {
    const heads = [...table.tHead.rows].map((row) => runs(row));
    const shown = [...table.tHead.rows].at(-1).cells.length;
    const hidden = new Set([...Array(shown).keys()].filter((place) => [...table.tHead.rows].at(-1).cells[place].hidden));
    const headings = heads.map((row) => collapsed(row.filter((_, place) => !hidden.has(place))));
    const body = [...table.tBodies[0].rows].filter((row) => !row.hidden);
    return { headings, rows: body.map((row) => [...row.cells].filter((cell) => !cell.hidden).map(read)) };
  }

  function runs(row) {
    return [...row.cells].flatMap((cell) => Array(Number(cell.dataset.span ?? cell.colSpan)).fill({ cell, text: read(cell).text }));
  }

  function collapsed(cells) {
    const out = [];
    for (const one of cells) {
      if (out.length && out.at(-1).cell === one.cell) out.at(-1).length += 1;
      else out.push({ ...one, length: 1 });
    }
    return out;
  }

  function columnNames({ headings }) {
    const names = headings.map((row) => row.flatMap(({ text, length }) => Array(length).fill(text)));
    return names[0].map((_, place) => names.map((row) => row[place]).filter(Boolean).join(" "));
  }

  function csv(table) {
    const whole = model(table);
    const lines = [columnNames(whole), ...whole.rows.map((row) => row.map((cell) => [cell.text, ...cell.notes.map((note) => `(${note})`)].join(" ").replaceAll("\u2212", "-")))];
    return lines.map((line) => line.map(csvText).join(",")).join("\n") + "\n";
  }

  function markdown(table) {
    const whole = model(table);
    const marks = { best: (text) => `**${text}**`, second: (text) => `<ins>${text}</ins>`, "": (text) => text };
    const cell = ({ text, notes, mark }) => [marks[mark](markdownText(text)), ...notes.map((note) => `\\[${markdownText(note)}\\]`)].join(" ");
    const names = columnNames(whole).map(markdownText);
    const lines = [names, ["---", ...names.slice(1).map(() => "---:")], ...whole.rows.map((row) => row.map(cell))];
    return lines.map((line) => `| ${line.join(" | ")} |`).join("\n") + "\n";
  }

  function latexCell({ text, notes, mark, head }) {
    const label = latexText(text).replace(/\\_([A-Za-z0-9]+)/g, "\\textsubscript{$1}");
    const identical = head ? [] : notes.filter((note) => note.endsWith("identical")).map((note) => `\\textsuperscript{${parseInt(note, 10)}}`);
    return { best: `\\textbf{${label}}`, second: `\\underline{${label}}`, "": label }[mark] + identical.join("");
  }

  function latexHeading(row) {
    if (!row.some(({ text }) => text)) return [];
    let start = 1;
    const rules = row.map(({ text, length }) => ((start += length), text && length > 1 ? `\\cmidrule(lr){${start - length}-${start - 1}}` : ""));
    const cells = row.map(({ text, length }) => (length > 1 ? `\\multicolumn{${length}}{c}{${latexText(text)}}` : latexText(text)));
    return [cells.join(" & ") + " \\\\", rules.filter(Boolean).join(" ")].filter(Boolean);
  }

  function latex(table, title) {
    const whole = model(table);
    const alignment = whole.rows.length ? whole.rows[0].map(({ head, words }) => (head || words ? "l" : "r")).join("") : "l";
    return [
      "\\begin{table}", "\\centering", `\\caption{${latexText(title)}}`, `\\begin{tabular}{${alignment}}`, "\\toprule",
      ...whole.headings.slice(0, -1).flatMap(latexHeading), whole.headings.at(-1).map(({ text }) => latexText(text)).join(" & ") + " \\\\", "\\midrule",
      ...whole.rows.map((row) => row.map(latexCell).join(" & ") + " \\\\"), "\\bottomrule", "\\end{tabular}", "\\end{table}", "",
    ].join("\n");
  }

  return { csv, markdown, latex };
})();
