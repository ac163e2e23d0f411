// Groups by blur, means and bootstrap intervals, computed as pvdbench/tables does, to the last digit that is printed.
"use strict";
pvdbench.statistics = (() => {
  const { load, decode, study } = pvdbench;
  const tasks = new Map();
  const protocols = new Map();
  const draws = new Map();

  // One task's frames: a list of (clip, frame), blurriness and endpoint errors.
  function frames(dataset, task) {
    const key = `${dataset.name}/${task}`;
    if (!tasks.has(key)) tasks.set(key, readFrames(dataset, task, key));
    return tasks.get(key);
  }

  async function readFrames(dataset, task, key) {
    const pack = await load(key);
    const list = dataset.tasks[task].frames.flatMap(([video, names], clip) => names.map((frame) => ({ video, frame, clip })));
    const errors = Object.fromEntries(Object.entries(pack).filter(([name]) => name !== "blurriness").map(([name, rows]) => [name, decodeAll(rows)]));
    return { list, blurriness: decode(pack.blurriness), ...errors };
  }

  // Every row's numbers, each decoded when first looked at.
  function decodeAll(rows) {
    const decoded = {};
    for (const [name, text] of Object.entries(rows)) {
      let numbers = null;
      Object.defineProperty(decoded, name, { enumerable: true, get: () => (numbers ??= decode(text)) });
    }
    return decoded;
  }

  // One protocol's scores: which frames count, psnr_db and ssim a row; null where nothing was scored by it.
  function scores(dataset, task, protocol) {
    const key = `${dataset.name}/${task}/${protocol}`;
    if (!protocols.has(key)) protocols.set(key, load(key).then((pack) => pack && {
      counted: Uint8Array.from(pack.counted, Number), psnr_db: decodeAll(pack.psnr_db), ssim: decodeAll(pack.ssim),
    }));
    return protocols.get(key);
  }

  // Counted frames of each clip, blurriest first; ties go by frame, which is the order of the list.
  function ranked({ list, blurriness }, counted, sharpest = false) {
    const clips = new Map();
    list.forEach(({ clip }, place) => counted[place] && (clips.get(clip) ?? clips.set(clip, []).get(clip)).push(place));
    const sign = sharpest ? -1 : 1;
    for (const places of clips.values()) places.sort((a, b) => sign * (blurriness[a] - blurriness[b]) || a - b);
    return [...clips.values()];
  }

  // The frames of all, sharpest and blurriest: ceil(n * percent / 100) of each clip's n.
  function groups(task, counted, percent) {
    const leading = (clips) => clips.flatMap((places) => places.slice(0, Math.ceil((places.length * percent) / 100)));
    return { all: ranked(task, counted).flat(), sharpest: leading(ranked(task, counted, true)), blurriest: leading(ranked(task, counted)) };
  }

  // The tenths of each clip's frames, blurriest first.
  function tenths(task, counted) {
    const out = Array.from({ length: 10 }, () => []);
    for (const places of ranked(task, counted)) {
      places.forEach((place, rank) => out[Math.floor(((2 * rank + 1) * 10) / (2 * places.length))].push(place));
    }
    return out;
  }

  // The mean of one value a frame with its interval: infinite ones are left out and counted; whole clips are drawn.
  async function mean(values, places, { list }) {
    const totals = new Map();
    let identical = 0;
    for (const place of places) {
      if (Math.abs(values[place]) === Infinity) { identical += 1; continue; }
      const total = totals.get(list[place].clip) ?? totals.set(list[place].clip, [0, 0]).get(list[place].clip);
      total[0] += values[place];
      total[1] += 1;
    }
    const clips = [...totals].sort(([a], [b]) => a - b).map(([, total]) => total);
    const sum = clips.reduce((all, [one]) => all + one, 0), count = clips.reduce((all, [, one]) => all + one, 0);
    const middle = count ? sum / count : identical ? Infinity : NaN;
    return { mean: middle, identical, count, videos: clips.length, ...(await bounds(clips, middle)) };
  }

  async function bounds(clips, middle) {
    if (clips.length < 2 || !Number.isFinite(middle)) return { low: NaN, high: NaN };
    const drawn = await drawsOf(clips.length);
    const ratios = new Float64Array(drawn.length / clips.length);
    for (let row = 0, place = 0; row < ratios.length; row += 1) {
      let sum = 0, count = 0;
      for (let column = 0; column < clips.length; column += 1, place += 1) { const [one, weight] = clips[drawn[place]]; sum += one; count += weight; }
      ratios[row] = sum / count;
    }
    ratios.sort();
    const tail = (1 - study.confidence) / 2;
    return { low: quantile(ratios, tail), high: quantile(ratios, 1 - tail) };
  }

  function drawsOf(clips) {
    if (!draws.has(clips)) draws.set(clips, load(`draws/${clips}`).then((pack) => decode(pack.draws, Uint16Array)));
    return draws.get(clips);
  }

  // Linear between neighbours, as SciPy's.
  function quantile(sorted, share) {
    const place = share * (sorted.length - 1), below = Math.floor(place);
    return below + 1 < sorted.length ? sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]) : sorted[below];
  }

  const formats = {};
  const format = (digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits, roundingMode: "halfEven" });

  // A number as printed: an en dash for none, a word for frames equal to the truth, a minus that is one.
  function decimal(value, digits, signed = false) {
    if (Number.isNaN(value)) return "\u2013";
    if (Math.abs(value) === Infinity) return "identical";
    const text = (formats[digits] ??= format(digits)).format(Math.abs(value));
    if (!/[1-9]/.test(text)) return text;
    return (value < 0 ? "\u2212" : signed ? "+" : "") + text;
  }

  return { frames, scores, groups, tenths, mean, decimal };
})();
