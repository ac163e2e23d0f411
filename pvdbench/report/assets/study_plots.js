// Plots of the study as a whole: the pixel volume of Section 4.4, and training curves.
"use strict";
(() => {
  const { load, decode, create, dataset, format, chart, plots } = pvdbench;
  const { choice, rows, caption } = plots;

  plots.drawings.volume = async (figure) => {
    const shares = dataset().volume;
    if (!shares.length) return caption(figure, "The pixel volume was not counted on this data set.");
    const series = [
      { label: "measured", number: 0, dots: true, size: 9, y: shares.map(({ mean }) => mean), low: shares.map(({ low }) => low), high: shares.map(({ high }) => high) },
      { label: "paper, on other videos", number: 1, dots: true, size: 7, y: shares.map(({ paper }) => paper) },
    ];
    const tip = (at) => [create("b", {}, shares[at].label), create("span", {}, `measured ${format.decimal(shares[at].mean ?? NaN, 2)} %, paper ${format.decimal(shares[at].paper ?? NaN, 2)} %`)];
    chart.draw(figure, { x: shares.map((_, at) => at + 1), series, xLabel: "line of the table of Section 4.4", yLabel: "pixels (%)", xRange: [0.5, shares.length + 0.5], ticks: new Map(shares.map((_, at) => [at + 1, String(at + 1)])), tip });
    return caption(figure, shares.map(({ label }, at) => `${at + 1}: ${label}`).join("; ") + ".");
  };

  plots.drawings.training = async (figure) => {
    const task = choice(figure, "Networks", [["motion", "motion estimation"], ["deblur", "PVDNet"]], "deblur");
    const logs = await load(`training/${task}`);
    const names = Object.keys(logs ?? {});
    if (!names.length) return caption(figure, "Nothing was trained.");
    const decoded = names.map((name) => ({ name, step: decode(logs[name].step), loss: decode(logs[name].loss) }));
    const steps = [...new Set(decoded.flatMap(({ step }) => [...step]))].sort((a, b) => a - b);
    const series = decoded.map(({ name, step, loss }, number) => {
      const at = new Map([...step].map((value, place) => [value, place]));
      return { label: labelOf(task, name), number, size: 0, y: steps.map((value) => (at.has(value) ? chart.finite(loss[at.get(value)]) : undefined)) };
    });
    chart.draw(figure, { x: steps, series, xLabel: "step", yLabel: "loss, running mean", logY: true });
    return caption(figure, "The running mean of each network's loss over a twentieth of its steps. Losses of different kinds (Eq. 1, Eq. 2, true flow) have different scales.");
  };

  const labelOf = (task, name) => rows(task).find((row) => row.name === name)?.label ?? name;
})();
