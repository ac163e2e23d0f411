// Plots of everything else: one method under every protocol, the pixel volume, training.
"use strict";
(() => {
  const { load, decode, create, dataset, state, statistics, chart, plots } = pvdbench;
  const { choice, taskChoice, rows, caption } = plots;

  plots.lens = async (figure) => {
    const task = taskChoice(figure);
    const row = choice(figure, "Row", rows(task).map(({ name, label }) => [name, label]), dataset().pairs[task][1]);
    const frames = await statistics.frames(dataset(), task);
    const names = dataset().tasks[task].protocols;
    const means = await Promise.all(names.map(async (name) => {
      const scores = await statistics.scores(dataset(), task, name);
      return statistics.mean(scores.psnr_db[row], statistics.groups(frames, scores.counted, state.percent).all, frames);
    }));
    const series = [{ label: pvdbench.label(task, row), number: 0, dots: true, size: 9, y: means.map(({ mean }) => chart.finite(mean)), low: means.map(({ low }) => chart.finite(low)), high: means.map(({ high }) => chart.finite(high)) }];
    const tip = (at) => [create("b", {}, names[at]), create("span", {}, `${statistics.decimal(means[at].mean, 2)} dB (${statistics.decimal(means[at].low, 2)} to ${statistics.decimal(means[at].high, 2)})`)];
    chart.draw(figure, { x: names.map((_, at) => at), series, xLabel: "protocol", yLabel: "PSNR (dB)", ticks: new Map(names.map((name, at) => [at, name])), rotate: -50, xSize: 130, xRange: [-0.5, names.length - 0.5], height: 420, tip });
    caption(figure, "The same frames under every protocol; lines are 95 % intervals over clips. Numbers of different protocols must not be compared.");
  };

  plots.volume = async (figure) => {
    const shares = dataset().volume;
    if (!shares.length) return caption(figure, "The pixel volume was not counted on this data set.");
    const series = [
      { label: "measured", number: 0, dots: true, size: 9, y: shares.map(({ mean }) => mean), low: shares.map(({ low }) => low), high: shares.map(({ high }) => high) },
      { label: "paper, on other videos", number: 1, dots: true, size: 7, y: shares.map(({ paper }) => paper) },
    ];
    const tip = (at) => [create("b", {}, shares[at].label), create("span", {}, `measured ${statistics.decimal(shares[at].mean ?? NaN, 2)} %, paper ${statistics.decimal(shares[at].paper ?? NaN, 2)} %`)];
    chart.draw(figure, { x: shares.map((_, at) => at + 1), series, xLabel: "line of the table of Section 4.4", yLabel: "pixels (%)", xRange: [0.5, shares.length + 0.5], ticks: new Map(shares.map((_, at) => [at + 1, String(at + 1)])), tip });
    return caption(figure, shares.map(({ label }, at) => `${at + 1}: ${label}`).join("; ") + ".");
  };

  plots.training = async (figure) => {
    const task = choice(figure, "Networks", [["motion", "motion estimation"], ["deblur", "PVDNet"]], "deblur");
    const logs = await load(`training/${task}`);
    const names = Object.keys(logs ?? {});
    if (!names.length) return caption(figure, "Nothing was trained.");
    const decoded = names.map((name) => ({ name, step: decode(logs[name].step), loss: decode(logs[name].loss) }));
    const steps = [...new Set(decoded.flatMap(({ step }) => [...step]))].sort((a, b) => a - b);
    const series = decoded.map(({ name, step, loss }, number) => {
      const at = new Map([...step].map((value, place) => [value, place]));
      const mean = smooth(loss);
      return { label: labelOf(task, name), number, size: 0, y: steps.map((value) => (at.has(value) ? chart.finite(mean[at.get(value)]) : undefined)) };
    });
    chart.draw(figure, { x: steps, series, xLabel: "step", yLabel: "loss, running mean", logY: true });
    return caption(figure, "The running mean of each network's loss over a twentieth of its steps. Losses of different kinds (Eq. 1, Eq. 2, true flow) have different scales.");
  };

  const labelOf = (task, name) => rows(task).find((row) => row.name === name)?.label ?? name;

  function smooth(values) {
    const width = Math.max(Math.floor(values.length / 20), 1);
    return values.map((_, at) => {
      const part = values.subarray(Math.max(at - width + 1, 0), at + 1);
      return part.reduce((sum, value) => sum + value, 0) / part.length;
    });
  }
})();
