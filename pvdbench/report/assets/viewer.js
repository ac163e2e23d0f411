// The viewer: its controls and keys, which frame and which rows it shows, and the addresses that lead to it.
"use strict";
pvdbench.viewer = (() => {
  const { study, create, labelNodes, dataset, scores, slider, pictures, thumbnails } = pvdbench;
  const { chosen } = pictures;
  let opened = "", opening = null, large;

  const byId = (id) => document.getElementById(id);

  function options(select, values, value) {
    select.replaceChildren(...values.map(([name, text]) => create("option", { value: name }, text)));
    select.value = value;
  }

  function draw() {
    const { name, frames } = pictures.clip(), frame = pictures.frameName();
    byId("viewer-name").textContent = `${name}, frame ${frame} (${chosen.frame + 1} of ${frames.length})`;
    byId("viewer-frame").max = frames.length - 1;
    byId("viewer-frame").value = chosen.frame;
    byId("viewer-frame").setAttribute("aria-valuetext", `frame ${frame}`);
    for (const [side, corner] of [["left", ".first"], ["right", ".last"]]) {
      large[side].querySelector(".gone").textContent = pictures.gone();
      slider.show(large[side], pictures.address(chosen[side]), `${pictures.label(chosen[side])}, ${name}, frame ${frame}`);
      byId("comparison").querySelector(corner).replaceChildren(...labelNodes(pictures.label(chosen[side])));
    }
    byId("viewer-note").textContent = pictures.note();
    return thumbnails.draw(Object.values(large));
  }

  // Changes what is shown; a new kind of picture has other sources.
  function choose(values) {
    const other = values.kind !== undefined && values.kind !== chosen.kind;
    pictures.choose(values);
    if (other) fillSources();
    for (const key of ["kind", "left", "right", "clip"]) byId(`viewer-${key}`).value = chosen[key];
    draw();
    pvdbench.filmstrips.draw(chosen);
  }

  // The rows to choose from; the study's example pair where the last choice is not among them.
  function fillSources() {
    const names = pictures.sources().map(([name]) => name);
    const pair = dataset().pairs[pictures.kind().task];
    if (!names.includes(chosen.left)) chosen.left = names.includes(pair[0]) ? pair[0] : names[0];
    if (!names.includes(chosen.right)) chosen.right = names.includes(pair[1]) ? pair[1] : names.at(-1);
    options(byId("viewer-left"), pictures.sources(), chosen.left);
    options(byId("viewer-right"), pictures.sources(), chosen.right);
    thumbnails.build(choose);
  }

  async function openDataset() {
    opened = dataset().name;
    const there = await pictures.open();
    byId("viewer").hidden = !there;
    byId("viewer-gone").hidden = there;
    if (!there) return false;
    for (const option of byId("viewer-kind").options) option.disabled = !dataset().tasks[pictures.KINDS[option.value].task];
    const kind = [...byId("viewer-kind").options].find((option) => !option.disabled).value;
    options(byId("viewer-clip"), dataset().clips.map(({ name }, number) => [number, name]), 0);
    Object.assign(chosen, { clip: 0, frame: 0, kind: dataset().tasks[pictures.kind().task] ? chosen.kind : kind });
    fillSources();
    choose(await firstFrame());
    return true;
  }

  // Where to begin: the counted frame, among those with a picture, that the study's two example rows differ on most.
  async function firstFrame() {
    const { task } = pictures.kind(), pair = dataset().pairs[task], { protocol } = dataset();
    const [metric] = scores.metrics(task, protocol), frames = scores.frames(task);
    const found = metric && (await scores.perFrame(task, protocol));
    const [worse, better] = pair.map((row) => found && found.values(metric, row));
    if (!worse || !better) return {};
    const there = ({ video, frame }) => pictures.clipNumber(video) >= 0 && pictures.address(pair[1], video, frame);
    const gains = [...better].map((value, place) => (found.counted[place] && there(frames[place]) ? scores.sign(metric) * (value - worse[place]) : NaN));
    const best = Math.max(...gains.filter(Number.isFinite));
    return Number.isFinite(best) ? placeOf(frames[gains.indexOf(best)]) : {};
  }

  function placeOf({ video, frame }) {
    const clip = pictures.clipNumber(video);
    return { clip, frame: dataset().clips[clip].frames.indexOf(frame) };
  }

  function key(event) {
    if (["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
    const number = event.code.match(/^(?:Digit|Numpad)(\d)$/)?.[1];
    const steps = { ArrowLeft: { frame: chosen.frame - 1 }, ArrowRight: { frame: chosen.frame + 1 }, ArrowUp: { clip: Math.max(chosen.clip - 1, 0) }, ArrowDown: { clip: Math.min(chosen.clip + 1, dataset().clips.length - 1) } };
    const source = number > 0 && pictures.sources()[number - 1]?.[0];
    if (!steps[event.key] && !source && number !== "0") return;
    event.preventDefault();
    if (number === "0") slider.reset();
    else choose(steps[event.key] ?? (event.shiftKey ? { left: source } : { right: source }));
  }

  function moveBox(event) {
    const view = event.target.closest(".view, #comparison");
    if (!view || event.target.closest(".divider")) return;
    pictures.moveBox(slider.point(view, event));
    draw();
  }

  function listen() {
    for (const side of ["left", "right", "kind"]) byId(`viewer-${side}`).onchange = (event) => choose({ [side]: event.target.value });
    byId("viewer-clip").onchange = (event) => choose({ clip: Number(event.target.value) });
    byId("viewer-frame").oninput = (event) => choose({ frame: Number(event.target.value) });
    byId("viewer-previous").onclick = () => choose({ frame: chosen.frame - 1 });
    byId("viewer-next").onclick = () => choose({ frame: chosen.frame + 1 });
    byId("viewer-view").onchange = (event) => byId("comparison").classList.toggle("difference", event.target.value === "difference");
    byId("viewer-boxes").onchange = () => draw();
    byId("viewer-in").onclick = () => slider.zoom(1.5);
    byId("viewer-out").onclick = () => slider.zoom(1 / 1.5);
    byId("viewer-reset").onclick = () => slider.reset();
    byId("viewer").addEventListener("keydown", key);
    byId("viewer").addEventListener("dblclick", moveBox);
    pvdbench.onChange(() => (opened === dataset().name ? choose({}) : openDataset()));
  }

  const open = () => (opening ??= openOnce());

  async function openOnce() {
    slider.start(byId("viewer"));
    large = slider.double(byId("comparison"));
    await openDataset();
    listen();
  }

  // An address such as #look/sample/deblur/CLIP/FRAME/LEFT/RIGHT, from a plot, a method's page or a colleague.
  async function follow(hash) {
    if (!hash.startsWith("#look/")) return;
    const [, name, kind, video, frame, left, right] = hash.slice(1).split("/").map(decodeURIComponent);
    if (!pictures.KINDS[kind] || !study.datasets.some((one) => one.name === name)) return;
    await open();
    if (name !== dataset().name) {
      pvdbench.controls.choose(name);
      await openDataset();
    }
    if (pictures.clipNumber(video) < 0) return;
    choose({ kind, left: left ?? chosen.left, right: right ?? chosen.right, ...placeOf({ video, frame }) });
    byId("viewer").scrollIntoView();
    byId("comparison").focus({ preventScroll: true });
  }

  function start() {
    if (!byId("viewer")) return;
    pvdbench.whenSeen(byId("look"), open);
    window.addEventListener("hashchange", () => follow(location.hash));
    follow(location.hash);
  }

  return { start, choose };
})();
