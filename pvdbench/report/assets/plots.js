// Plots of scores: against blurriness, frame after frame, two methods against each other, quality against cost.
"use strict";
pvdbench.plots = (() => {
  const { create, dataset, state, statistics, chart, labelNodes } = pvdbench;
  const plots = {};

  const rows = (task) => dataset().tasks[task]?.rows ?? [];
  const caption = (figure, text) => (figure.querySelector("figcaption").textContent = text);

  // A select in the figure's bar that draws the plot again; its value survives a change of data set where it can.
  function choice(figure, name, values, fallback) {
    const bar = figure.querySelector(".bar");
    let select = bar.querySelector(`[data-choice="${name}"]`);
    if (!select) {
      select = create("select", { "data-choice": name, onchange: () => plots[figure.dataset.plot](figure) });
      bar.append(create("label", {}, `${name} `, select));
    }
    const keep = values.some(([value]) => value === select.value) ? select.value : fallback;
    select.replaceChildren(...values.map(([value, text]) => create("option", { value }, text)));
    select.value = keep;
    return keep;
  }

  const taskChoice = (figure) => choice(figure, "Task", Object.keys(dataset().tasks).map((name) => [name, name === "motion" ? "motion estimation" : "deblurring"]), Object.keys(dataset().tasks)[0]);
  const rowChoice = (figure, name, task, fallback) => choice(figure, name, rows(task).map((row) => [row.name, row.label]), fallback);

  async function read(task) {
    const [frames, scores] = await Promise.all([statistics.frames(dataset(), task), statistics.scores(dataset(), task, state.protocol)]);
    return { frames, scores };
  }

  // Means of tenths of every clip's frames with their intervals, a series a row; values(row) gives one number a frame.
  async function tenthSeries(frames, counted, task, values, banded) {
    const groups = statistics.tenths(frames, counted);
    const series = [];
    for (const [number, row] of rows(task).entries()) {
      const all = values(row.name);
      if (!all) continue;
      const means = await Promise.all(groups.map((places) => statistics.mean(all, places.filter((place) => !Number.isNaN(all[place])), frames)));
      const bounds = banded(row.name) ? { low: means.map(({ low }) => chart.finite(low)), high: means.map(({ high }) => chart.finite(high)) } : {};
      series.push({ label: row.label, number, y: means.map(({ mean }) => chart.finite(mean)), ...bounds });
    }
    return series;
  }

  const TENTHS = [5, 15, 25, 35, 45, 55, 65, 75, 85, 95];
  const QUANTILE = "quantile of blur within the clip (%), blurriest first";

  plots.blur = async (figure) => {
    const task = taskChoice(figure);
    const base = choice(figure, "Against", [["", "nothing: PSNR itself"], ...rows(task).map((row) => [row.name, row.label])], "");
    const { frames, scores } = await read(task);
    if (!scores) return caption(figure, `Nothing was scored under ${state.protocol}.`);
    const psnr = scores.psnr_db, pair = dataset().pairs[task];
    const values = (row) => (base ? (row === base ? null : psnr[row].map((value, place) => value - psnr[base][place])) : psnr[row]);
    const banded = (row) => Boolean(base) || pair.includes(row);
    const series = await tenthSeries(frames, scores.counted, task, values, banded);
    chart.draw(figure, { x: TENTHS, series, xLabel: QUANTILE, yLabel: base ? "gain (dB)" : "PSNR (dB)", xRange: [0, 100] });
    caption(figure, `${state.protocol}; each point is a tenth of every clip's frames, bands are 95 % intervals over clips${base ? " of differences paired frame by frame" : ", of two rows so that the rest can be seen"}. Click a name to see it alone.`);
  };

  plots.error = async (figure) => {
    const { frames, scores } = dataset().tasks.motion ? await read("motion") : {};
    const known = frames?.epe_px && Object.values(frames.epe_px).some((values) => values.some((value) => !Number.isNaN(value)));
    if (!known || !scores) return caption(figure, "This data set has no true flow, so the error of an estimate is not known.");
    const region = choice(figure, "Pixels", [["epe_px", "all"], ["epe_visible_px", "seen in both frames"]], "epe_px");
    const series = await tenthSeries(frames, scores.counted, "motion", (row) => frames[region][row], (row) => dataset().pairs.motion.includes(row));
    chart.draw(figure, { x: TENTHS, series, xLabel: QUANTILE, yLabel: "endpoint error (px)", xRange: [0, 100] });
    return caption(figure, "Mean distance between estimated and true flow; bands are 95 % intervals over clips, of two rows.");
  };

  // A tip with the frame's picture, as the viewer would show it.
  function frameTip(list, place, lines) {
    const { video, frame } = list[place];
    return [create("b", {}, `${video}, frame ${frame}`), ...lines.map((line) => create("span", {}, ...line)), create("small", {}, "click to look at it")];
  }

  function openFrame(task, { video, frame }, left, right) {
    location.hash = ["#look", dataset().name, task === "motion" ? "warped" : "deblur", video, frame, left, right].map((part, place) => (place ? encodeURIComponent(part) : part)).join("/");
  }

  plots.frames = async (figure) => {
    const task = taskChoice(figure), clips = dataset().tasks[task].frames;
    const number = Number(choice(figure, "Clip", clips.map(([name], place) => [String(place), name]), "0"));
    const { frames, scores } = await read(task);
    if (!scores) return caption(figure, `Nothing was scored under ${state.protocol}.`);
    const places = [...frames.list.keys()].filter((place) => frames.list[place].clip === number);
    const series = rows(task).map(({ name, label }, row) => ({ label, number: row, y: places.map((place) => chart.finite(scores.psnr_db[name][place])) }));
    const tip = (at) => frameTip(frames.list, places[at], rows(task).map(({ name, label }) => [...labelNodes(label), ` ${statistics.decimal(scores.psnr_db[name][places[at]], 2)} dB`]));
    const pick = (at) => openFrame(task, frames.list[places[at]], ...dataset().pairs[task]);
    chart.draw(figure, { x: places.map((_, at) => at + 1), series, xLabel: "frame of the clip", yLabel: "PSNR (dB)", tip, pick });
    return caption(figure, `${state.protocol}; frames identical to the truth have no dot, as their PSNR is infinite.`);
  };

  plots.pair = async (figure) => {
    const task = taskChoice(figure);
    const [across, up] = [rowChoice(figure, "Across", task, dataset().pairs[task][0]), rowChoice(figure, "Up", task, dataset().pairs[task][1])];
    const { frames, scores } = await read(task);
    if (!scores) return caption(figure, `Nothing was scored under ${state.protocol}.`);
    const [x, y] = [scores.psnr_db[across], scores.psnr_db[up]];
    const places = [...frames.list.keys()].filter((place) => scores.counted[place] && Number.isFinite(x[place]) && Number.isFinite(y[place])).sort((a, b) => x[a] - x[b]);
    const clips = dataset().tasks[task].frames.map(([name]) => name);
    const series = clips.map((name, clip) => ({ label: name, number: clip, dots: true, y: places.map((place) => (frames.list[place].clip === clip ? y[place] : null)) }));
    const same = { label: "equal", number: 7, y: places.map((place) => x[place]), size: 0 };
    const tip = (at) => frameTip(frames.list, places[at], [[`${statistics.decimal(x[places[at]], 2)} dB across, ${statistics.decimal(y[places[at]], 2)} dB up`]]);
    const names = [across, up].map((name) => pvdbench.label(task, name));
    chart.draw(figure, { x: places.map((place) => x[place]), series: [...series, same], xLabel: `${names[0]}, PSNR (dB)`, yLabel: `${names[1]}, PSNR (dB)`, tip, pick: (at) => openFrame(task, frames.list[places[at]], across, up), height: 420 });
    const means = await Promise.all(clips.map((_, clip) => statistics.mean(y.map((value, place) => value - x[place]), places.filter((place) => frames.list[place].clip === clip), frames)));
    return caption(figure, `${state.protocol}; a dot a frame, a colour a clip; above the line ${names[1]} is better. By clip: ${clips.map((name, clip) => `${name} ${statistics.decimal(means[clip].mean, 2, true)} dB`).join(", ")}.`);
  };

  // A series of one dot with its interval, at one of several places.
  function only(at, count, mean) {
    const alone = (value) => Array.from({ length: count }, (_, place) => (place === at ? chart.finite(value) : null));
    return { y: alone(mean.mean), low: alone(mean.low), high: alone(mean.high) };
  }

  plots.cost = async (figure) => {
    const task = taskChoice(figure);
    const unit = choice(figure, "Cost", [["milliseconds", "milliseconds a frame"], ["parameters", "parameters"]], "milliseconds");
    const { frames, scores } = await read(task);
    const known = rows(task).map((row, number) => ({ ...row, number })).filter((row) => row[unit] > 0).sort((a, b) => a[unit] - b[unit]);
    if (!scores || !known.length) return caption(figure, "No row has this cost on record.");
    const { all } = statistics.groups(frames, scores.counted, state.percent);
    const means = await Promise.all(known.map((row) => statistics.mean(scores.psnr_db[row.name], all, frames)));
    const series = known.map(({ label, number }, at) => ({ label, number, dots: true, size: 9, ...only(at, known.length, means[at]) }));
    const tip = (at) => [create("b", {}, ...labelNodes(known[at].label)), create("span", {}, `${statistics.decimal(means[at].mean, 2)} dB (${statistics.decimal(means[at].low, 2)} to ${statistics.decimal(means[at].high, 2)})`), create("span", {}, `${known[at][unit].toLocaleString("en-US")} ${unit}`)];
    chart.draw(figure, { x: known.map((row) => row[unit]), series, xLabel: unit === "milliseconds" ? "milliseconds a frame (median)" : "parameters", yLabel: "PSNR (dB)", logX: true, tip });
    return caption(figure, `${state.protocol}, all counted frames; rows without this cost are left out. Milliseconds are of the machine named at the end of this page.`);
  };

  return Object.assign(plots, { choice, taskChoice, rows, caption });
})();
