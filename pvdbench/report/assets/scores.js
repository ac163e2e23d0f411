// What Python computed, looked up: statistics of rows and pairs of rows, scores of single frames, metrics.
"use strict";
pvdbench.scores = (() => {
  const { load, decode, study, dataset } = pvdbench;
  const NOTHING = { mean: NaN, low: NaN, high: NaN, identical: 0 };
  const read = new Map(); // key of a pack to the promise of what was made of it

  // Metrics of a protocol, its main one first; none where nothing was scored by it.
  function metrics(task, protocol) {
    return dataset().tasks[task]?.protocols.find(({ name }) => name === protocol)?.metrics ?? [];
  }

  const metric = (name) => study.metrics[name];
  const sign = (name) => (metric(name).better === "lower" ? -1 : 1); // times a value: higher is better

  // Every scored frame of a task, clip after clip, as scores of single frames are ordered.
  function frames(task) {
    return dataset().tasks[task].frames.flatMap(([video, names], clip) => names.map((frame) => ({ video, frame, clip })));
  }

  function once(kind, task, protocol, make) {
    const key = [kind, dataset().name, task, protocol].join("/");
    if (!read.has(key)) read.set(key, load(key).then((pack) => pack && make(pack)));
    return read.get(key);
  }

  // How many frames are counted, and means and places of rows; null where nothing was scored by the protocol.
  const means = (task, protocol) => once("means", task, protocol, ({ counted, rows, metrics: packs }) => {
    const mean = lookUp(packs, "means", rows.length);
    return {
      counted, rows,
      mean: (name, group, row) => mean(name, group, rows.indexOf(row)),
      // The first and the last place that the intervals leave to a row; null where rows are not ranked.
      places: (name, group, row) => packs[name]?.places[group]?.[rows.indexOf(row)] ?? null,
    };
  });

  // What a row has more than another; each pair is there once, in the order of the rows. Null as means.
  async function differences(task, protocol) {
    const found = await means(task, protocol);
    return found && once("differences", task, protocol, ({ metrics: packs }) => {
      const { rows } = found, count = rows.length, pair = lookUp(packs, null, (count * (count - 1)) / 2);
      return (name, group, row, other) => {
        const [one, two] = [rows.indexOf(row), rows.indexOf(other)], low = Math.min(one, two), high = Math.max(one, two);
        if (low < 0 || low === high) return NOTHING;
        const value = pair(name, group, (low * (2 * count - low - 1)) / 2 + high - low - 1);
        return one < two ? value : { ...value, mean: -value.mean, low: -value.high, high: -value.low };
      };
    });
  }

  // A function of metric, group and column (a row or a pair of rows) that finds a mean; parts are decoded once.
  function lookUp(packs, key, columns) {
    const decoded = new Map();
    function parts(name) {
      if (!decoded.has(name)) decoded.set(name, ((key ? packs[name]?.[key] : packs[name]) ?? []).map(part));
      return decoded.get(name);
    }
    return (name, group, column) => {
      const found = column >= 0 && parts(name).find(({ groups }) => groups.includes(group));
      return found ? found.at(found.groups.indexOf(group) * columns + column) : NOTHING;
    };
  }

  function part({ groups, width, bytes, numbers, identical }) {
    const values = decode(numbers, bytes === 4 ? Float32Array : Float64Array), left = identical && decode(identical, Uint32Array);
    const at = (place) => {
      const [mean, low = NaN, high = NaN] = values.subarray(width * place, width * (place + 1));
      return { mean, low, high, identical: left ? left[place] : 0 };
    };
    return { groups, at };
  }

  // Scores of single frames: which count, and a metric's values of each row, each decoded when first looked at.
  const perFrame = (task, protocol) => once("scores", task, protocol, ({ counted, metrics: packs }) => {
    const decoded = new Map();
    function values(name, row) {
      const key = `${name}/${row}`;
      if (!decoded.has(key)) decoded.set(key, packs[name]?.[row] ? decode(packs[name][row]) : null);
      return decoded.get(key);
    }
    return { counted: Uint8Array.from(counted, Number), values };
  });

  // The group of frames that a table or a plot names, at a percentage.
  const groupAt = (name, percent) => (["sharpest", "blurriest"].includes(name) ? `${name}-${percent}` : name);

  return { metrics, metric, sign, frames, means, differences, perFrame, groupAt };
})();
