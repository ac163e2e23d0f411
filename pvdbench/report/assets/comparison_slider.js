// Two pictures over each other with a line to drag between them; zoom and place are shared by all pictures of the viewer.
"use strict";
pvdbench.slider = (() => {
  const { create } = pvdbench;
  const place = { scale: 1, x: 0, y: 0 }; // x and y in percent of a picture's width and height
  const LARGEST = 16;
  let viewer;
  let split = 50;

  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  function apply() {
    place.x = clamp(place.x, -(place.scale - 1) * 100, 0);
    place.y = clamp(place.y, -(place.scale - 1) * 100, 0);
    for (const [name, value] of Object.entries(place)) viewer.style.setProperty(`--${name}`, value);
    viewer.classList.toggle("zoomed", place.scale > 1);
    document.getElementById("viewer-reset").textContent = `${Number(place.scale.toFixed(1))}\u00d7`;
  }

  // Zooms so that the point (in percent of the picture) stays where it is.
  function zoom(factor, x = 50, y = 50) {
    const scale = clamp(place.scale * factor, 1, LARGEST);
    place.x = x - ((x - place.x) * scale) / place.scale;
    place.y = y - ((y - place.y) * scale) / place.scale;
    place.scale = scale;
    apply();
  }

  function reset() {
    Object.assign(place, { scale: 1, x: 0, y: 0 });
    apply();
  }

  const within = (view, event) => {
    const box = view.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * 100, y: ((event.clientY - box.top) / box.height) * 100 };
  };

  // The point of the frame, from 0 to 1, under the pointer.
  function point(view, event) {
    const { x, y } = within(view, event);
    return { x: (x - place.x) / place.scale / 100, y: (y - place.y) / place.scale / 100 };
  }

  function wheel(event) {
    const view = event.target.closest(".view, #comparison");
    if (!view || !(event.ctrlKey || viewer.contains(document.activeElement))) return; // else the page scrolls
    event.preventDefault();
    const { x, y } = within(view, event);
    zoom(event.deltaY < 0 ? 1.25 : 0.8, x, y);
  }

  function drag(event) {
    const view = event.target.closest(".view, #comparison");
    if (!view || event.target.closest(".divider") || place.scale === 1) return;
    const from = within(view, event), old = { ...place };
    follow(view, event, (moved) => {
      const to = within(view, moved);
      place.x = old.x + to.x - from.x;
      place.y = old.y + to.y - from.y;
      apply();
    });
  }

  function follow(element, event, move) {
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    element.onpointermove = move;
    element.onpointerup = element.onpointercancel = () => (element.onpointermove = null);
  }

  // A picture that can be zoomed; with name for who cannot see it.
  function view() {
    const image = create("img", { alt: "", draggable: "false", hidden: true });
    const note = create("span", { class: "gone", hidden: true }, "not on disk");
    return create("div", { class: "view" }, create("div", { class: "pan" }, image), note);
  }

  // Shows a picture by its address, or says that there is none.
  function show(element, address, alt) {
    const image = element.querySelector("img");
    element.querySelector(".gone").hidden = Boolean(address);
    image.hidden = !address;
    if (address && image.getAttribute("src") !== address) image.src = address;
    image.alt = alt;
  }

  // Right beneath, left above it and cut off at the line.
  function double(box) {
    const right = view(), left = view();
    left.classList.add("above");
    const line = create("div", { class: "divider", role: "slider", tabindex: "0", "aria-label": "How much of the left picture is shown", "aria-valuemin": "0", "aria-valuemax": "100" });
    box.replaceChildren(right, left, line, create("span", { class: "corner first" }), create("span", { class: "corner last" }));
    line.addEventListener("pointerdown", (event) => {
      line.focus();
      follow(line, event, (moved) => wipe(box, within(box, moved).x));
    });
    line.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -2, ArrowRight: 2, Home: -100, End: 100 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation(); // here arrows move the line, elsewhere they change the frame
      wipe(box, split + step);
    });
    wipe(box, split);
    return { right, left };
  }

  function wipe(box, percent) {
    split = clamp(percent, 0, 100);
    box.style.setProperty("--split", `${split}%`);
    box.querySelector(".divider").setAttribute("aria-valuenow", Math.round(split));
  }

  function start(element) {
    viewer = element;
    viewer.addEventListener("wheel", wheel, { passive: false });
    viewer.addEventListener("pointerdown", drag);
    apply();
  }

  return { start, double, view, show, zoom, reset, point };
})();
