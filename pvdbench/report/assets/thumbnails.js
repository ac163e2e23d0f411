// The viewer's small pictures, one per row, with their scores; and the two boxes, outlined and magnified.
"use strict";
pvdbench.thumbnails = (() => {
  const { create, labelNodes, dataset, state, scores, format, slider, pictures } = pvdbench;
  const { chosen } = pictures;
  let panels = [];

  const byId = (id) => document.getElementById(id);
  const newCrops = () => [0, 1].map((number) => create("div", { class: `crop box${number}` }, create("img", { alt: "" })));
  const boxes = () => (byId("viewer-boxes").checked ? pictures.boxes() : []);
  const percent = (part, whole) => `${(100 * part) / whole}%`;

  // One small picture per source, with its boxes beneath; choose is called with the side and source of a click.
  function build(choose) {
    panels = pictures.sources().map(([source, text]) => {
      const view = slider.view(), crops = newCrops();
      const button = create("button", { type: "button", class: "name", title: "Show at the right; with Shift at the left", onclick: (event) => choose(event.shiftKey ? { left: source } : { right: source }) }, ...labelNodes(text));
      const score = create("span", { class: "soft" });
      const link = create("a", { class: "png", hidden: true, "aria-label": `PNG of ${text}` }, "PNG");
      const figure = create("figure", {}, view, create("div", { class: "crops" }, ...crops), create("figcaption", {}, button, " ", score, " ", link));
      return { source, text, view, crops, score, link, figure };
    });
    byId("thumbnails").replaceChildren(...panels.map((panel) => panel.figure));
  }

  // Draws everything but the large pictures, whose two views get the outlines.
  function draw(large) {
    drawOutlines(large);
    drawZooms();
    panels.forEach(drawPanel);
    return drawScores();
  }

  function drawOutlines(large) {
    byId("comparison").querySelectorAll(".mark").forEach((mark) => mark.remove());
    boxes().forEach((box, number) => large.forEach((view) => view.querySelector(".pan").append(outline(box, number))));
  }

  function outline([top, left, height, width], number) {
    const whole = pictures.size(), mark = create("div", { class: `mark box${number}` });
    Object.assign(mark.style, { left: percent(left, whole.width), top: percent(top, whole.height), width: percent(width, whole.width), height: percent(height, whole.height) });
    return mark;
  }

  function drawPanel({ source, text, view, crops, link, figure }) {
    const src = pictures.address(source);
    view.querySelector(".gone").textContent = pictures.gone();
    slider.show(view, src, `${text}, ${pictures.clip().name}, frame ${pictures.frameName()}`);
    figure.classList.toggle("chosen", source === chosen.left || source === chosen.right);
    link.hidden = !(src || pictures.leftOut()) || !pictures.original(source);
    if (!link.hidden) link.href = pictures.original(source);
    drawCrops(crops, src);
  }

  // The boxes of a picture, magnified; nothing where there is no picture or no box.
  function drawCrops(crops, src) {
    crops.forEach((crop, number) => {
      const box = boxes()[number];
      crop.hidden = !src || !box;
      if (crop.hidden) return;
      const [top, left, height, width] = box, image = crop.firstChild;
      if (image.getAttribute("src") !== src) image.src = src;
      crop.style.aspectRatio = `${width} / ${height}`;
      Object.assign(image.style, { width: percent(pictures.size().width, width), left: percent(-left, width), top: percent(-top, height) });
    });
  }

  // Beside the large picture: the boxes of its two sides and of the truth.
  function drawZooms() {
    const shown = boxes().length ? [...new Set([chosen.left, chosen.right, pictures.sources().at(-1)[0]])] : [];
    byId("magnified").replaceChildren(...shown.map((source) => {
      const crops = newCrops();
      drawCrops(crops, pictures.address(source));
      return create("figure", {}, create("figcaption", {}, ...labelNodes(pictures.label(source))), create("div", { class: "crops" }, ...crops));
    }));
  }

  // Each row's score of this frame: the main metric of the protocol that the controls name.
  async function drawScores() {
    const at = { ...chosen }, { task } = pictures.kind(), [metric] = scores.metrics(task, state.protocol);
    const found = metric && (await scores.perFrame(task, state.protocol));
    if (Object.keys(at).some((key) => at[key] !== chosen[key])) return; // another frame was chosen meanwhile
    const place = found ? scores.frames(task).findIndex((one) => one.video === pictures.clip().name && one.frame === pictures.frameName()) : -1;
    for (const { source, score } of panels) {
      const value = (found && found.values(metric, source)?.[place]) ?? NaN;
      score.textContent = Number.isNaN(value) ? "" : format.withUnit(value, scores.metric(metric));
    }
  }

  return { build, draw };
})();
