// Two strips of frames beneath the viewer: the worst frames of a row, and those on which two rows differ most.
"use strict";
pvdbench.filmstrips = (() => {
  const { create, dataset, state, scores, format, labelNodes, pictures } = pvdbench;
  const SHOWN = 8;
  let drawn = "";

  // The places of the lowest values, or of the highest; only finite ones.
  function extreme(values, highest) {
    const places = [...values.keys()].filter((place) => Number.isFinite(values[place]));
    return places.sort((a, b) => (highest ? values[b] - values[a] : values[a] - values[b]) || a - b).slice(0, SHOWN);
  }

  function strip(words, places, text, task, chosen) {
    const frames = scores.frames(task);
    const buttons = places.map((place) => {
      const { video, frame } = frames[place];
      const src = pictures.address(chosen.right, video, frame);
      const picture = src ? [create("img", { src, alt: "", loading: "lazy" })] : [create("span", { class: "absent" }, "no picture")];
      const open = () => pvdbench.viewer.choose({ clip: pictures.clipNumber(video), frame: dataset().clips[pictures.clipNumber(video)].frames.indexOf(frame) });
      return create("li", {}, create("button", { type: "button", onclick: open }, ...picture, create("span", {}, `${video}, ${frame}`), create("b", {}, text(place))));
    });
    return [create("h3", {}, ...words), create("ol", { class: "filmstrip" }, ...buttons)];
  }

  // Draws both strips for a kind of picture and the rows at the left and the right, if they have scores.
  async function draw(chosen) {
    const now = [dataset().name, state.protocol, chosen.kind, chosen.left, chosen.right].join("\n");
    if (now === drawn) return;
    drawn = now;
    const { task } = pictures.kind(), [metric] = scores.metrics(task, state.protocol);
    const found = metric ? await scores.perFrame(task, state.protocol) : null;
    if (now !== drawn) return; // another pair was chosen meanwhile
    const [right, left] = [chosen.right, chosen.left].map((source) => found && counted(found, metric, source));
    const [rightName, leftName] = [chosen.right, chosen.left].map((source) => labelNodes(pictures.label(source)));
    const differences = right && left && right.map((value, place) => value - left[place]);
    const print = (values, signed) => (place) => format.withUnit(values[place], scores.metric(metric), signed);
    document.getElementById("filmstrips").replaceChildren(
      ...(right ? strip(["Worst frames of ", ...rightName], extreme(right, scores.sign(metric) < 0), print(right, false), task, chosen) : []),
      ...(differences && chosen.left !== chosen.right ? strip(["Where ", ...rightName, " and ", ...leftName, " differ most"], extreme(differences.map(Math.abs), true), print(differences, true), task, chosen) : []));
  }

  // A row's scores where the protocol counts the frame, NaN elsewhere; nothing for the input and the truth.
  function counted(found, metric, source) {
    return found.values(metric, source)?.map((value, place) => (found.counted[place] ? value : NaN));
  }

  return { draw };
})();
