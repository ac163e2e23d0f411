// Starts what the page has: the controls, the viewer, and each plot when it comes into view.
"use strict";
(() => {
  if (!pvdbench.study || !pvdbench.state) return;
  const seen = new Set();

  async function draw(figure) {
    try {
      await pvdbench.plots[figure.dataset.plot](figure);
    } catch (error) {
      pvdbench.plots.caption(figure, `This plot could not be drawn: ${error.message}`);
      throw error;
    }
  }

  for (const figure of document.querySelectorAll("[data-plot]")) {
    figure.hidden = false;
    pvdbench.whenSeen(figure, () => (seen.add(figure), draw(figure)));
  }
  pvdbench.onChange(() => seen.forEach(draw));
  pvdbench.numbers.start();
  pvdbench.look.start();
})();
