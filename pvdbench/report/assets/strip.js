// Two strips of frames beneath the viewer, chosen from the scores: the worst of a row, and where two rows differ most.
"use strict";
pvdbench.strip = (() => {
  const { create, dataset, state, statistics, labelNodes, pictures } = pvdbench;
  const SHOWN = 8;
  let drawn = "";

  // The places of the lowest values, or of the highest; only finite ones.
  function extreme(values, highest) {
    const places = [...values.keys()].filter((place) => Number.isFinite(values[place]));
    return places.sort((a, b) => (highest ? values[b] - values[a] : values[a] - values[b]) || a - b).slice(0, SHOWN);
  }

  function strip(words, places, text, frames, chosen) {
    const buttons = places.map((place) => {
      const { video, frame } = frames.list[place];
      const src = pictures.address(chosen.right, video, frame);
      const picture = src ? [create("img", { src, alt: "", loading: "lazy" })] : [create("span", { class: "absent" }, "no picture")];
      const open = () => pvdbench.look.choose({ clip: pictures.clipNumber(video), frame: dataset().clips[pictures.clipNumber(video)].frames.indexOf(frame) });
      return create("li", {}, create("button", { type: "button", onclick: open }, ...picture, create("span", {}, `${video}, ${frame}`), create("b", {}, text(place))));
    });
    return [create("h3", {}, ...words), create("ol", { class: "strip" }, ...buttons)];
  }

  // Draws both strips for a kind of picture and the rows at the left and the right, if they have scores.
  async function draw(chosen) {
    const now = [dataset().name, state.protocol, chosen.kind, chosen.left, chosen.right].join("\n");
    if (now === drawn) return;
    drawn = now;
    const task = chosen.kind === "deblur" ? "deblur" : "motion";
    const [frames, scores] = await Promise.all([statistics.frames(dataset(), task), statistics.scores(dataset(), task, state.protocol)]);
    if (now !== drawn) return; // another pair was chosen meanwhile
    const right = counted(scores, chosen.right), left = counted(scores, chosen.left);
    const names = [chosen.right, chosen.left].map((source) => labelNodes(pictures.label(source)));
    const differences = right && left && right.map((value, place) => value - left[place]);
    const signed = (place) => `${statistics.decimal(differences[place], 2, true)} dB`;
    document.getElementById("strips").replaceChildren(
      ...(right ? strip(["Worst frames of ", ...names[0]], extreme(right, false), (place) => `${statistics.decimal(right[place], 2)} dB`, frames, chosen) : []),
      ...(differences && chosen.left !== chosen.right ? strip(["Where ", ...names[0], " and ", ...names[1], " differ most"], extreme(differences.map(Math.abs), true), signed, frames, chosen) : []));
  }

  // A row's PSNR where the protocol counts the frame, NaN elsewhere; nothing for the input and the truth.
  function counted(scores, source) {
    return scores?.psnr_db[source]?.map((value, place) => (scores.counted[place] ? value : NaN));
  }

  return { draw };
})();
