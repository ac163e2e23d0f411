// Starts what the page has: the controls, the viewer, and each plot when it comes near the window.
"use strict";
(() => {
  if (!pvdbench.study || !pvdbench.state) return;
  const seen = new Set();
  let last = Promise.resolve();

  // One plot after another, with a breath between, so that the page keeps scrolling.
  function draw(figure) {
    last = last.then(() => new Promise((resolve) => setTimeout(resolve))).then(() => drawNow(figure));
  }

  async function drawNow(figure) {
    try {
      await pvdbench.plots.drawings[figure.dataset.plot](figure);
    } catch (error) {
      pvdbench.plots.caption(figure, `This plot could not be drawn: ${error.message}`);
      console.error(error);
    }
  }

  for (const figure of document.querySelectorAll("[data-plot]")) {
    figure.hidden = false;
    pvdbench.whenSeen(figure, () => (seen.add(figure), draw(figure)));
  }
  pvdbench.onChange(() => seen.forEach(draw));
  pvdbench.controls.start();
  pvdbench.viewer.start();
})();
