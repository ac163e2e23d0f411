// The report's one global: the study's index, numbers that load when first asked for, and what the controls say.
"use strict";
const pvdbench = (() => {
  const index = document.getElementById("study");
  const study = index && JSON.parse(index.textContent);
  const received = new Map();
  const asked = new Map();
  const listeners = [];

  // A page on disk may not fetch files, but it may load scripts; each script of numbers calls this.
  function receive(key, value) {
    received.set(key, value);
  }

  function load(key) {
    if (received.has(key)) return Promise.resolve(received.get(key));
    if (!study.files[key]) return Promise.resolve(null);
    if (!asked.has(key)) asked.set(key, loadScript(key));
    return asked.get(key);
  }

  function loadScript(key) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = "assets/" + study.files[key].split("/").map(encodeURIComponent).join("/");
      script.onload = () => resolve(received.get(key));
      script.onerror = () => reject(new Error(`${study.files[key]}: this file is missing beside the report`));
      document.head.append(script);
    });
  }

  function decode(text, Type = Float64Array) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Type(bytes.buffer);
  }

  const state = study && study.datasets.length
    ? { dataset: study.datasets[0].name, protocol: study.datasets[0].protocol, percent: study.datasets[0].percent, group: "" }
    : null;

  function change(values) {
    Object.assign(state, values);
    listeners.forEach((listener) => listener());
  }

  const dataset = () => study.datasets.find((one) => one.name === state.dataset);
  const label = (task, name) => dataset().tasks[task].rows.find((row) => row.name === name).label;

  // A label as text; what follows an underscore is a subscript, as in the paper.
  function labelNodes(text) {
    return text.split(/(_[A-Za-z0-9]+)/).map((part) => (/^_[A-Za-z0-9]+$/.test(part) ? create("sub", {}, part.slice(1)) : part));
  }

  function create(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  }

  // Calls draw once, when the element comes near the window.
  function whenSeen(element, draw) {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      draw();
    }, { rootMargin: "400px" });
    observer.observe(element);
  }

  return { study, state, receive, load, decode, change, onChange: (listener) => listeners.push(listener), dataset, label, labelNodes, create, whenSeen };
})();
