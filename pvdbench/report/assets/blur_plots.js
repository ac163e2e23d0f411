// Plots of quality over blur: a metric in each tenth of every clip's frames, and the error of flow.
"use strict";
(() => {
  const { dataset, state, scores, chart, plots } = pvdbench;
  const { choice, rows, caption, read, band, metricChoice } = plots;
  const TENTHS = Array.from({ length: 10 }, (_, tenth) => `tenth-${tenth}`);
  const QUANTILE = { x: TENTHS.map((_, tenth) => 10 * tenth + 5), xLabel: "quantile of blur within the clip (%), blurriest first", xRange: [0, 100] };

  plots.drawings.blur = async (figure) => {
    const got = await read(figure, scores.means);
    if (!got) return null;
    const { task, metric, found } = got;
    const base = choice(figure, "Compared with", [["", "nothing"], ...rows(task).map((row) => [row.name, row.label])], "");
    const difference = base && (await scores.differences(task, state.protocol));
    if (base && !difference) return caption(figure, `This report carries no differences under ${state.protocol}.`);
    const value = (row, group) => (base ? difference(metric.name, group, row, base) : found.mean(metric.name, group, row));
    const series = rows(task).map(({ name, label }, number) => ({ name, label, number })).filter(({ name }) => name !== base)
      .map(({ name, label, number }) => ({ label, number, ...band(TENTHS.map((group) => value(name, group)), Boolean(base) || dataset().pairs[task].includes(name)) }));
    chart.draw(figure, { ...QUANTILE, series, yLabel: base ? `${metric.heading}, difference` : metric.heading });
    return caption(figure, `${state.protocol}; each point is a tenth of every clip's frames, bands are 95 % intervals over clips${base ? " of differences paired frame by frame" : ", of two rows so that the rest can be seen"}. Click a name to see it alone.`);
  };

  plots.drawings.error = async (figure) => {
    const metric = metricChoice(figure, scores.metrics("motion", "endpoint"));
    const found = metric && (await scores.means("motion", "endpoint"));
    if (!found) return caption(figure, "This data set has no true flow, so the error of an estimate is not known.");
    const series = rows("motion").map(({ name, label }, number) => ({ label, number, ...band(TENTHS.map((group) => found.mean(metric.name, group, name)), dataset().pairs.motion.includes(name)) }));
    chart.draw(figure, { ...QUANTILE, series, yLabel: metric.heading });
    return caption(figure, "Mean distance between estimated and true flow; bands are 95 % intervals over clips, of two rows.");
  };
})();
