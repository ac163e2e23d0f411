// The controls at the top: data set, protocol, group of frames and percentage of what tables and plots show.
"use strict";
pvdbench.controls = (() => {
  const { study, state, dataset, change, create, tableNumbers, metricTable } = pvdbench;
  const byId = (id) => document.getElementById(id);
  const option = (value) => create("option", { value }, value);

  function fill() {
    const protocols = Object.values(dataset().tasks).flatMap((task) => task.protocols.map(({ name }) => name));
    byId("control-protocol").replaceChildren(...[...new Set(protocols)].map(option));
    byId("control-protocol").value = state.protocol;
    byId("control-percent").replaceChildren(...study.percents.map(option));
    byId("control-percent").value = state.percent;
  }

  function showDataset() {
    for (const part of document.querySelectorAll("[data-dataset]")) part.hidden = part.dataset.dataset !== state.dataset;
  }

  // Another data set; a protocol that it was not scored by gives way to its own.
  function choose(name) {
    const next = study.datasets.find((one) => one.name === name);
    Object.assign(state, { dataset: name });
    if (!Object.values(next.tasks).some((task) => task.protocols.some((one) => one.name === state.protocol))) state.protocol = next.protocol;
    byId("control-dataset").value = name;
    fill();
    showDataset();
    change({});
  }

  async function showNumbers() {
    await metricTable.update();
    tableNumbers.showGroup();
    await tableNumbers.fillAll();
  }

  function start() {
    const form = byId("controls");
    if (!form || !state) return;
    fill();
    showDataset();
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    byId("control-dataset").onchange = (event) => choose(event.target.value);
    for (const key of ["protocol", "group", "percent"]) byId(`control-${key}`).onchange = (event) => change({ [key]: event.target.value });
    pvdbench.onChange(showNumbers);
    metricTable.update();
  }

  return { start, choose };
})();
