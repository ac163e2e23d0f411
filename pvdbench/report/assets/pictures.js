// Which picture the viewer shows of a frame: its sources, their addresses, boxes and PNGs.
"use strict";
pvdbench.pictures = (() => {
  const { load, dataset } = pvdbench;
  const KINDS = {
    deblur: { task: "deblur", folder: "deblur", first: ["@blurry", "blurry input"], last: ["@sharp", "truth"] },
    warped: { task: "motion", folder: "motion", first: ["@blurry", "blurry frame before"], last: ["@sharp", "truth"] },
    flow: { task: "motion", folder: "", first: null, last: ["@true", "true flow"] },
  };
  const chosen = { kind: "deblur", clip: 0, frame: 0, left: "", right: "" };
  let pack = null, images = null, moved = null;

  const kind = () => KINDS[chosen.kind];
  const clip = () => dataset().clips[chosen.clip];
  const clipNumber = (video) => dataset().clips.findIndex(({ name }) => name === video);
  const frameName = () => clip().frames[chosen.frame];
  const size = () => ({ width: dataset().size[0], height: dataset().size[1] });

  // Loads what is known of the data set's pictures; false where it is not on disk.
  async function open() {
    [pack, images] = await Promise.all([load(`viewer/${dataset().name}`), load("images")]);
    moved = null;
    return Boolean(pack) && dataset().clips.length > 0;
  }

  // What can be looked at: [source, label] of the input, every row and the truth.
  function sources() {
    const rows = dataset().tasks[kind().task]?.rows ?? [];
    return [kind().first, ...rows.map((row) => [row.name, row.label]), kind().last].filter(Boolean);
  }

  const label = (source) => sources().find(([name]) => name === source)?.[1] ?? source;

  // Whether the report's pictures would have weighed too much with this frame's.
  const leftOut = (video = clip().name, frame = frameName()) => pack.clips[video].left_out.includes(frame);

  // A picture's address; empty where it is not on disk or was left out.
  function address(source, video = clip().name, frame = frameName()) {
    const folder = `${chosen.kind}-${source}`;
    const path = [dataset().name, folder, video, `${frame}.webp`];
    if (images) return images[path.join("/")] ?? "";
    const first = dataset().clips[clipNumber(video)].frames[0] === frame;
    const missing = leftOut(video, frame) || pack.clips[video].missing.includes(`${folder}/${frame}`) || (chosen.kind !== "deblur" && first);
    return missing ? "" : `assets/images/${path.map(encodeURIComponent).join("/")}`;
  }

  // The PNG that was scored: beside the report, in the study's data; flow in colours has none.
  function original(source) {
    if (images || !kind().folder) return null;
    if (source.startsWith("@")) {
      const back = chosen.kind === "warped" && source === "@blurry" ? 1 : 0;
      return pack.png[clip().name][source.slice(1)][chosen.frame - back];
    }
    return ["../data", kind().folder, ...[dataset().name, source, clip().name, `${frameName()}.png`].map(encodeURIComponent)].join("/");
  }

  // Why there is no picture, and what flow's colours mean.
  const gone = () => (images ? "left out of this file" : leftOut() ? "left out of this report" : "not on disk");

  function note() {
    if (!images && leftOut()) return `Left out: the pictures of this report are kept to ${pack.megabytes} MB. PNG opens what was scored.`;
    if (chosen.kind !== "deblur" && chosen.frame === 0) return "Flow leads from a frame to the one before it: a clip's first has none.";
    const longest = pack.clips[clip().name].longest[frameName()];
    return chosen.kind === "flow" && longest ? `Colour is direction; the fullest is ${longest} px and longer.` : "";
  }

  // Two boxes of top, left, height and width in pixels: those chosen by rule, until one is moved.
  const boxes = () => moved ?? pack.clips[clip().name].boxes[`${chosen.kind}/${frameName()}`] ?? [];

  // Changes what is shown; boxes that were moved stay with their frame.
  function choose(values) {
    if (["kind", "clip", "frame"].some((key) => values[key] !== undefined && values[key] !== chosen[key])) moved = null;
    Object.assign(chosen, values);
    chosen.frame = Math.min(Math.max(chosen.frame, 0), clip().frames.length - 1);
  }

  // Puts the middle of the nearer box where x and y (0 to 1 of the frame) are.
  function moveBox({ x, y }) {
    if (boxes().length < 2) return;
    const { width, height } = size();
    const distance = ([top, left, h, w]) => Math.hypot((left + w / 2) / width - x, (top + h / 2) / height - y);
    const nearer = distance(boxes()[0]) <= distance(boxes()[1]) ? 0 : 1;
    const within = (value, most) => Math.round(Math.min(Math.max(value, 0), most));
    moved = boxes().map((box, number) => {
      const [, , h, w] = box;
      return number === nearer ? [within(y * height - h / 2, height - h), within(x * width - w / 2, width - w), h, w] : box;
    });
  }

  return { KINDS, chosen, kind, clip, clipNumber, frameName, size, open, sources, label, address, original, leftOut, gone, note, boxes, choose, moveBox };
})();
