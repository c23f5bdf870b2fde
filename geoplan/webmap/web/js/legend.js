// The signs of the legend that tell how far a drawing can be trusted.
"use strict";

geoplan.signs = (() => {
  const TYPICAL = { fill: "#8C9199", stroke: "#3F454C", cue: "solid" };

  /** One swatch for areas and points, and one for each look that a broken line takes. */
  const swatches = (index, found, trust) => {
    const kinds = new Map();
    for (const { layer } of found) {
      const symbol = index.symbolOf(layer);
      const line = layer.geometry === "line";
      const key = line && layer.role === "plan" ? layer.kind : layer.geometry;
      if (!kinds.has(key)) {
        kinds.set(key, geoplan.paint.layerSwatch(layer, line ? symbol : TYPICAL, trust));
      }
    }
    const order = ["area", "point", "line"];
    return [...kinds.keys()].sort((a, b) => order.indexOf(a) - order.indexOf(b))
      .filter((key, place, keys) => key !== "point" || keys.length === 1)
      .map((key) => kinds.get(key)).slice(0, 3);
  };

  const sign = (index, name, trust) => {
    const plan = index.drawnWith(name, index.layersOf("plan"));
    const found = plan.length ? plan : index.drawnWith(name, index.layersOf("context"));
    if (!found.length) return null;
    return geoplan.el("li", { class: "sign", "data-sign": name },
      geoplan.el("span", { class: "sign-swatches" }, swatches(index, found, trust)),
      geoplan.el("span", {}, index.words.say(`sign-${name}`)));
  };

  /** A list of the signs that the map uses, or null where it uses none. */
  return (index) => {
    const rows = [
      sign(index, "schematic", { schematic: true, estimated: false }),
      sign(index, "estimated", { schematic: false, estimated: true }),
    ].filter(Boolean);
    return rows.length ? geoplan.el("ul", { class: "signs" }, rows) : null;
  };
})();
