// Plots whose dots are frames: a clip frame by frame, and two rows compared on every frame.
"use strict";
(() => {
  const { dataset, state, scores, chart, format, labelNodes, plots } = pvdbench;
  const { choice, rowChoice, rows, caption, read, frameTip, openFrame } = plots;

  plots.drawings.frames = async (figure) => {
    const got = await read(figure, scores.perFrame);
    if (!got) return;
    const { task, metric, found } = got, list = scores.frames(task);
    const clip = Number(choice(figure, "Clip", dataset().tasks[task].frames.map(([name], place) => [String(place), name]), "0"));
    const places = [...list.keys()].filter((place) => list[place].clip === clip);
    const value = (row, place) => found.values(metric.name, row)?.[place] ?? NaN;
    const series = rows(task).map(({ name, label }, number) => ({ label, number, y: places.map((place) => chart.finite(value(name, place))) }));
    const tip = (at) => frameTip(list[places[at]], rows(task).map(({ name, label }) => [...labelNodes(label), ` ${format.withUnit(value(name, places[at]), metric)}`]));
    const pick = (at) => openFrame(task, list[places[at]], ...dataset().pairs[task]);
    chart.draw(figure, { x: places.map((_, at) => at + 1), series, xLabel: "frame of the clip", yLabel: metric.heading, tip, pick });
    caption(figure, `${state.protocol}; frames identical to the truth have no dot where their value is infinite.`);
  };

  plots.drawings.pair = async (figure) => {
    const got = await read(figure, scores.perFrame);
    if (!got) return;
    const { task, metric, found } = got, list = scores.frames(task);
    const difference = await scores.differences(task, state.protocol);
    const [across, up] = [rowChoice(figure, "Across", task, dataset().pairs[task][0]), rowChoice(figure, "Up", task, dataset().pairs[task][1])];
    const [x, y] = [across, up].map((row) => found.values(metric.name, row) ?? []);
    const places = [...list.keys()].filter((place) => found.counted[place] && Number.isFinite(x[place]) && Number.isFinite(y[place])).sort((a, b) => x[a] - x[b]);
    const clips = dataset().tasks[task].frames.map(([name]) => name);
    const series = clips.map((name, clip) => ({ label: name, number: clip, dots: true, y: places.map((place) => (list[place].clip === clip ? y[place] : null)) }));
    const same = { label: "equal", number: 7, y: places.map((place) => x[place]), size: 0 };
    const tip = (at) => frameTip(list[places[at]], [[`${format.withUnit(x[places[at]], metric)} across, ${format.withUnit(y[places[at]], metric)} up`]]);
    const names = [across, up].map((name) => pvdbench.label(task, name));
    const pick = (at) => openFrame(task, list[places[at]], across, up);
    chart.draw(figure, { x: places.map((place) => x[place]), series: [...series, same], xLabel: `${names[0]}, ${metric.heading}`, yLabel: `${names[1]}, ${metric.heading}`, tip, pick, height: 420 });
    const gain = (clip) => format.withUnit(difference?.(metric.name, `clip-${clip}`, up, across).mean ?? NaN, metric, true);
    const side = metric.better === "lower" ? "below" : "above";
    caption(figure, `${state.protocol}; one dot per frame, one colour per clip; ${side} the line ${names[1]} is better. Differences by clip: ${clips.map((clip) => `${clip} ${gain(clip)}`).join(", ")}.`);
  };
})();
