// The viewer: which frame, which rows, in the large picture and in a small one each, with two boxes magnified.
"use strict";
pvdbench.look = (() => {
  const { study, load, create, label, labelNodes, dataset, statistics, stage } = pvdbench;
  const KINDS = {
    deblur: { task: "deblur", first: ["@blurry", "blurry input"], last: ["@sharp", "truth"] },
    warped: { task: "flow", first: ["@blurry", "blurry frame before"], last: ["@sharp", "truth"] },
    flow: { task: "flow", first: null, last: ["@true", "true flow"] },
  };
  const chosen = { kind: "deblur", clip: 0, frame: 0, left: "", right: "" };
  let pack = null, images = null, opened = "", large, panels = [], moved = null;

  const byId = (id) => document.getElementById(id);
  const kind = () => KINDS[chosen.kind];
  const clip = () => dataset().clips[chosen.clip];
  const clipNumber = (video) => dataset().clips.findIndex(({ name }) => name === video);
  const frameName = () => clip().frames[chosen.frame];

  // What can be looked at: [source, label] of the input, every row and the truth.
  function sources() {
    const rows = dataset().tasks[kind().task]?.rows ?? [];
    return [kind().first, ...rows.map((row) => [row.name, row.label]), kind().last].filter(Boolean);
  }

  const sourceLabel = (source) => sources().find(([name]) => name === source)?.[1] ?? source;

  // A picture's address; empty where it is not on disk or was left out of the single file.
  function address(source, video = clip().name, frame = frameName()) {
    const folder = `${chosen.kind}-${source}`;
    const path = [dataset().name, folder, video, `${frame}.webp`];
    if (images) return images[path.join("/")] ?? "";
    const first = dataset().clips.find((one) => one.name === video).frames[0] === frame;
    const missing = pack.clips[video].missing.includes(`${folder}/${frame}`) || (chosen.kind !== "deblur" && first);
    return missing ? "" : `assets/images/${path.map(encodeURIComponent).join("/")}`;
  }

  // The PNG that was scored: beside the report, in the study's data.
  function original(source) {
    if (images || chosen.kind === "flow") return null;
    if (source.startsWith("@")) {
      const back = chosen.kind === "warped" && source === "@blurry" ? 1 : 0;
      return pack.png[clip().name][source.slice(1)][chosen.frame - back];
    }
    const folder = chosen.kind === "deblur" ? "frames" : "flow";
    return ["../data", folder, ...[dataset().name, source, clip().name, `${frameName()}.png`].map(encodeURIComponent)].join("/");
  }

  const boxes = () => moved ?? pack.clips[clip().name].boxes[`${chosen.kind}/${frameName()}`] ?? [];

  function options(select, values, value) {
    select.replaceChildren(...values.map(([name, text]) => create("option", { value: name }, text)));
    select.value = value;
  }

  // One small picture a source, with its boxes beneath.
  function buildWall() {
    panels = sources().map(([source, text]) => {
      const view = stage.view();
      const crops = newCrops();
      const button = create("button", { type: "button", class: "name", title: "Show at the right; with Shift at the left", onclick: (event) => choose(event.shiftKey ? { left: source } : { right: source }) }, ...labelNodes(text));
      const score = create("span", { class: "soft" });
      const link = create("a", { class: "png", hidden: true, "aria-label": `PNG of ${text}` }, "PNG");
      const figure = create("figure", {}, view, create("div", { class: "crops" }, ...crops), create("figcaption", {}, button, " ", score, " ", link));
      return { source, text, view, crops, score, link, figure };
    });
    byId("wall").replaceChildren(...panels.map((panel) => panel.figure));
  }

  async function draw() {
    const { name } = clip();
    byId("look-name").textContent = `${name}, frame ${frameName()} (${chosen.frame + 1} of ${clip().frames.length})`;
    byId("look-frame").value = chosen.frame;
    byId("look-frame").setAttribute("aria-valuetext", `frame ${frameName()}`);
    for (const side of ["left", "right"]) {
      stage.show(large[side], address(chosen[side]), `${sourceLabel(chosen[side])}, ${name}, frame ${frameName()}`);
    }
    drawBoxes();
    corners();
    drawZooms();
    panels.forEach((panel) => drawPanel(panel));
    byId("look-note").textContent = note();
    await drawScores();
  }

  function corners() {
    byId("stage").querySelector(".first").replaceChildren(...labelNodes(sourceLabel(chosen.left)));
    byId("stage").querySelector(".last").replaceChildren(...labelNodes(sourceLabel(chosen.right)));
  }

  function note() {
    if (chosen.kind !== "deblur" && chosen.frame === 0) return "Flow leads from a frame to the one before it: a clip's first has none.";
    const longest = pack.clips[clip().name].longest[frameName()];
    return chosen.kind === "flow" && longest ? `Colour is direction; the fullest is ${longest} px and longer.` : "";
  }

  function drawBoxes() {
    const shown = byId("look-boxes").checked ? boxes() : [];
    const size = imageSize();
    byId("stage").querySelectorAll(".mark").forEach((mark) => mark.remove());
    if (!size) return;
    shown.forEach((box, number) => {
      for (const view of Object.values(large)) view.querySelector(".pan").append(outline(box, number, size));
    });
  }

  function outline([top, left, height, width], number, size) {
    const mark = create("div", { class: `mark box${number}` });
    const percent = (part, whole) => `${(100 * part) / whole}%`;
    Object.assign(mark.style, { left: percent(left, size.width), top: percent(top, size.height), width: percent(width, size.width), height: percent(height, size.height) });
    return mark;
  }

  const imageSize = () => dataset().size && { width: dataset().size[0], height: dataset().size[1] };

  function drawPanel({ source, text, view, crops, link, figure }) {
    const src = address(source);
    view.querySelector(".gone").textContent = images ? "left out of this file" : "not on disk";
    stage.show(view, src, `${text}, ${clip().name}, frame ${frameName()}`);
    figure.classList.toggle("chosen", source === chosen.left || source === chosen.right);
    link.hidden = !src || !original(source);
    if (!link.hidden) link.href = original(source);
    drawCrops(crops, src);
  }

  // The boxes of a picture, magnified; nothing where there is no picture or no box.
  function drawCrops(crops, src) {
    const size = imageSize();
    crops.forEach((crop, number) => {
      const box = boxes()[number];
      crop.hidden = !src || !box || !size || !byId("look-boxes").checked;
      if (crop.hidden) return;
      const [top, left, height, width] = box;
      const image = crop.firstChild;
      if (image.getAttribute("src") !== src) image.src = src;
      crop.style.aspectRatio = `${width} / ${height}`;
      Object.assign(image.style, { width: `${(100 * size.width) / width}%`, left: `${(-100 * left) / width}%`, top: `${(-100 * top) / height}%` });
    });
  }

  const newCrops = () => [0, 1].map((number) => create("div", { class: `crop box${number}` }, create("img", { alt: "" })));

  // Beside the large picture: the boxes of its two sides and of the truth.
  function drawZooms() {
    const some = boxes().length && byId("look-boxes").checked;
    const shown = some ? [...new Set([chosen.left, chosen.right, sources().at(-1)[0]])] : [];
    byId("zooms").replaceChildren(...shown.map((source) => {
      const crops = newCrops();
      drawCrops(crops, address(source));
      return create("figure", {}, create("figcaption", {}, ...labelNodes(sourceLabel(source))), create("div", { class: "crops" }, ...crops));
    }));
  }

  // Each row's PSNR of this frame under the protocol that the controls name.
  async function drawScores() {
    const at = { ...chosen };
    const { task } = kind();
    const [frames, scores] = await Promise.all([statistics.frames(dataset(), task), statistics.scores(dataset(), task, pvdbench.state.protocol)]);
    if (Object.keys(at).some((key) => at[key] !== chosen[key])) return; // another frame was chosen meanwhile
    const place = frames.list.findIndex((one) => one.video === clip().name && one.frame === frameName());
    for (const { source, score } of panels) {
      const value = scores?.psnr_db[source]?.[place] ?? NaN;
      score.textContent = Number.isNaN(value) ? "" : value === Infinity ? "identical" : `${statistics.decimal(value, 2)} dB`;
    }
  }

  // Changes what is shown; a new kind, data set or clip builds what depends on it anew.
  function choose(values) {
    const rebuild = values.kind !== undefined && values.kind !== chosen.kind;
    if (["kind", "clip", "frame"].some((key) => values[key] !== undefined && values[key] !== chosen[key])) moved = null;
    Object.assign(chosen, values);
    if (rebuild) fillSources();
    chosen.frame = Math.min(Math.max(chosen.frame, 0), clip().frames.length - 1);
    for (const key of ["kind", "left", "right", "clip"]) byId(`look-${key}`).value = chosen[key];
    byId("look-frame").max = clip().frames.length - 1;
    draw();
    pvdbench.strip.draw(chosen);
  }

  function fillSources() {
    const names = sources().map(([name]) => name);
    const pair = dataset().pairs[kind().task];
    if (!names.includes(chosen.left)) chosen.left = names.includes(pair[0]) ? pair[0] : names[0];
    if (!names.includes(chosen.right)) chosen.right = names.includes(pair[1]) ? pair[1] : names.at(-1);
    options(byId("look-left"), sources(), chosen.left);
    options(byId("look-right"), sources(), chosen.right);
    buildWall();
  }

  async function openDataset() {
    opened = dataset().name;
    [pack, images] = await Promise.all([load(`look/${dataset().name}`), load("images")]);
    if (!pack || !dataset().clips.length) {
      byId("viewer").hidden = false;
      byId("viewer").replaceChildren(create("p", { class: "notice" }, "The data set is not on disk here, so there are no frames to look at."));
      return false;
    }
    options(byId("look-clip"), dataset().clips.map(({ name }, number) => [number, name]), 0);
    Object.assign(chosen, { clip: 0, frame: Math.min(chosen.frame, dataset().clips[0].frames.length - 1) });
    fillSources();
    return true;
  }

  function key(event) {
    if (["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
    const number = event.code.match(/^(?:Digit|Numpad)(\d)$/)?.[1];
    const steps = { ArrowLeft: { frame: chosen.frame - 1 }, ArrowRight: { frame: chosen.frame + 1 }, ArrowUp: { clip: Math.max(chosen.clip - 1, 0) }, ArrowDown: { clip: Math.min(chosen.clip + 1, dataset().clips.length - 1) } };
    const source = number > 0 && sources()[number - 1]?.[0];
    if (!steps[event.key] && !source && number !== "0") return;
    event.preventDefault();
    if (number === "0") stage.reset();
    else choose(steps[event.key] ?? (event.shiftKey ? { left: source } : { right: source }));
  }

  // The box whose middle is nearer moves to where was clicked twice.
  function moveBox(event) {
    const view = event.target.closest(".view"), size = imageSize();
    if (!view || boxes().length < 2) return;
    const at = stage.point(view, event);
    const distance = ([top, left, height, width]) => Math.hypot((left + width / 2) / size.width - at.x, (top + height / 2) / size.height - at.y);
    const nearer = distance(boxes()[0]) <= distance(boxes()[1]) ? 0 : 1;
    moved = boxes().map(([top, left, height, width], number) => (number !== nearer ? [top, left, height, width] : [
      Math.round(Math.min(Math.max(at.y * size.height - height / 2, 0), size.height - height)),
      Math.round(Math.min(Math.max(at.x * size.width - width / 2, 0), size.width - width)), height, width]));
    draw();
  }

  // An address such as #look/sample/deblur/CLIP/FRAME/LEFT/RIGHT.
  function follow(hash) {
    const [, name, kindName, video, frame, left, right] = hash.replace(/^#/, "").split("/").map(decodeURIComponent);
    if (!KINDS[kindName] || name !== dataset().name) return;
    const number = clipNumber(video);
    if (number < 0) return;
    choose({ kind: kindName, clip: number, frame: dataset().clips[number].frames.indexOf(frame), left: left ?? chosen.left, right: right ?? chosen.right });
    byId("viewer").scrollIntoView();
    byId("stage").focus({ preventScroll: true });
  }

  function listen() {
    for (const side of ["left", "right", "kind"]) byId(`look-${side}`).onchange = (event) => choose({ [side]: event.target.value });
    byId("look-clip").onchange = (event) => choose({ clip: Number(event.target.value) });
    byId("look-frame").oninput = (event) => choose({ frame: Number(event.target.value) });
    byId("look-previous").onclick = () => choose({ frame: chosen.frame - 1 });
    byId("look-next").onclick = () => choose({ frame: chosen.frame + 1 });
    byId("look-view").onchange = (event) => byId("stage").classList.toggle("difference", event.target.value === "difference");
    byId("look-boxes").onchange = () => draw();
    byId("look-in").onclick = () => stage.zoom(1.5);
    byId("look-out").onclick = () => stage.zoom(1 / 1.5);
    byId("look-reset").onclick = () => stage.reset();
    byId("viewer").addEventListener("keydown", key);
    byId("viewer").addEventListener("dblclick", moveBox);
  }

  // Where to begin: the counted frame that the study's two example rows differ on most.
  async function telling() {
    const { task } = kind();
    if (!dataset().tasks[task]) return {};
    const [frames, scores] = await Promise.all([statistics.frames(dataset(), task), statistics.scores(dataset(), task, dataset().protocol)]);
    const [worse, better] = dataset().pairs[task].map((row) => scores?.psnr_db[row]);
    if (!worse || !better) return {};
    const there = ({ video, frame }) => clipNumber(video) >= 0 && address(dataset().pairs[task][1], video, frame);
    const gains = better.map((value, place) => (scores.counted[place] && Number.isFinite(value - worse[place]) && there(frames.list[place]) ? value - worse[place] : -Infinity));
    const { video, frame } = frames.list[gains.indexOf(Math.max(...gains))];
    const clip = clipNumber(video);
    return clip < 0 ? {} : { clip, frame: dataset().clips[clip].frames.indexOf(frame) };
  }

  let opening = null;
  const open = () => (opening ??= openOnce());

  async function openOnce() {
    byId("viewer").hidden = false;
    stage.start(byId("viewer"));
    large = stage.double(byId("stage"));
    if (!(await openDataset())) return;
    listen();
    pvdbench.onChange(async () => {
      if (opened === dataset().name || (await openDataset())) choose({});
    });
    choose(await telling());
  }

  async function goTo(hash) {
    if (!hash.startsWith("#look/")) return;
    await open();
    follow(hash);
  }

  function start() {
    if (!byId("viewer") || !study.datasets.length) return;
    pvdbench.whenSeen(byId("look"), open);
    window.addEventListener("hashchange", () => goTo(location.hash));
    goTo(location.hash);
  }

  return { start, address, choose, sourceLabel };
})();
