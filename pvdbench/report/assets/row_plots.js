// Plots whose dots are rows or protocols: quality and cost, and one row under every protocol.
"use strict";
(() => {
  const { dataset, create, state, scores, chart, format, labelNodes, plots } = pvdbench;
  const { choice, taskChoice, rowChoice, metricChoice, rows, caption, read, band } = plots;
  const COSTS = { milliseconds: ["milliseconds per frame", "milliseconds per frame (median)"], parameters: ["parameters", "parameters"] };

  // A series of one dot with its interval, at one of several places.
  function only(at, count, mean) {
    const alone = (value) => Array.from({ length: count }, (_, place) => (place === at ? chart.finite(value) : null));
    return { y: alone(mean.mean), low: alone(mean.low), high: alone(mean.high) };
  }

  plots.drawings.cost = async (figure) => {
    const got = await read(figure, scores.means);
    if (!got) return null;
    const { task, metric, found } = got;
    const unit = choice(figure, "Cost", Object.entries(COSTS).map(([name, [text]]) => [name, text]), "milliseconds");
    const known = rows(task).map((row, number) => ({ ...row, number })).filter((row) => row[unit] > 0).sort((a, b) => a[unit] - b[unit]);
    if (!known.length) return caption(figure, "No row has this cost on record.");
    const means = known.map((row) => found.mean(metric.name, "all", row.name));
    const series = known.map(({ label, number }, at) => ({ label, number, dots: true, size: 9, ...only(at, known.length, means[at]) }));
    const tip = (at) => [create("b", {}, ...labelNodes(known[at].label)), create("span", {}, format.withInterval(means[at], metric)), create("span", {}, `${known[at][unit].toLocaleString("en-US")} ${unit}`)];
    chart.draw(figure, { x: known.map((row) => row[unit]), series, xLabel: COSTS[unit][1], yLabel: metric.heading, logX: true, tip });
    return caption(figure, `${state.protocol}, all counted frames; rows without this cost are left out. Milliseconds are of the machine named at the end of this page.`);
  };

  plots.drawings.lens = async (figure) => {
    const task = taskChoice(figure), protocols = dataset().tasks[task].protocols;
    const metric = metricChoice(figure, [...new Set(protocols.flatMap((one) => one.metrics))]);
    if (!metric) return caption(figure, "Nothing was scored.");
    const row = rowChoice(figure, "Row", task, dataset().pairs[task][1]);
    const names = protocols.filter((one) => one.metrics.includes(metric.name)).map(({ name }) => name);
    const means = (await Promise.all(names.map((name) => scores.means(task, name)))).map((found) => found.mean(metric.name, "all", row));
    const series = [{ label: pvdbench.label(task, row), number: 0, dots: true, size: 9, ...band(means) }];
    const tip = (at) => [create("b", {}, names[at]), create("span", {}, format.withInterval(means[at], metric))];
    chart.draw(figure, { x: names.map((_, at) => at), series, xLabel: "protocol", yLabel: metric.heading, ticks: new Map(names.map((name, at) => [at, name])), rotate: -50, xSize: 130, xRange: [-0.5, names.length - 0.5], height: 420, tip });
    return caption(figure, "The same frames under every protocol; lines are 95 % intervals over clips. Numbers of different protocols must not be compared.");
  };
})();
