// A slider for how strongly a layer is drawn.
"use strict";

geoplan.opacitySlider = (planMap, key, title) => {
  const { words } = planMap.index;
  const shown = geoplan.el("output", { class: "opacity-share" });
  const slider = geoplan.el("input", {
    type: "range", min: 0, max: 100, step: 5, "data-opacity": key,
    "aria-label": words.say("opacity-of", { title }),
    input: () => {
      planMap.setOpacity(key, Number(slider.value) / 100);
      shown.textContent = `${slider.value}%`;
    },
  });
  const share = planMap.opacities.has(key) ? planMap.opacities.get(key) : 1;
  slider.value = Math.round(share * 100);
  shown.textContent = `${slider.value}%`;
  return geoplan.el("label", { class: "opacity" },
    geoplan.el("span", {}, words.say("opacity")), slider, shown);
};
