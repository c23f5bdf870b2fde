// The signs of the legend that tell how far a thing is on its way, and how far a drawing can be trusted.
"use strict";

geoplan.signs = (() => {
  const TYPICAL = { fill: "#8C9199", stroke: "#3F454C", cue: "solid" };
  /** Wide enough for the longest dash and what follows it [px]. */
  const WIDTHS = { area: 36, point: 26, line: 58 };

  /** One swatch for areas, one for points, one for lines, of those that there are. */
  const swatches = (index, found, trust) =>
    Object.entries(WIDTHS).map(([geometry, width]) => {
      const one = found.find(({ layer }) => layer.geometry === geometry);
      const symbol = one && (geometry === "line" ? index.symbolOf(one.layer) : TYPICAL);
      return one ? geoplan.paint.layerSwatch(one.layer, symbol, trust, width) : null;
    });

  const sign = (index, name, found, trust, words) => (found.length
    ? geoplan.el("li", { class: "sign", "data-sign": name },
      geoplan.el("span", { class: "sign-swatches" }, swatches(index, found, trust)),
      geoplan.el("span", {}, words))
    : null);

  /** How far one may trust: what stands in the plan, or else what stands around it. */
  const trusted = (index, name) => {
    const plan = index.drawnWith(name, index.layersOf("plan"));
    const found = plan.length ? plan : index.drawnWith(name, index.layersOf("context"));
    const trust = { schematic: false, estimated: false, status: null, [name]: true };
    return sign(index, name, found, trust, index.words.say(`sign-${name}`));
  };

  /** Each status that occurs; a whole line also stands for what is not known. */
  const statuses = (index) => {
    const unknown = index.drawnAs(null);
    const rows = Object.keys(index.data.marks.status).map((status) => {
      const built = status === "built";
      const found = built ? [...index.drawnAs(status), ...unknown] : index.drawnAs(status);
      const words = built && unknown.length
        ? index.words.say(index.drawnAs(status).length ? "sign-built-or-unknown" : "sign-unknown")
        : index.words.say(`sign-${status}`);
      return sign(index, `status-${status}`, found, { schematic: false, estimated: false, status }, words);
    }).filter(Boolean);
    const broken = Object.keys(index.data.marks.status)
      .some((status) => status !== "built" && index.drawnAs(status).length);
    return broken ? rows : [];
  };

  /** Two that may coincide within their accuracy, though they are drawn apart. */
  const maybe = (index) => (index.overlaps().some((row) => geoplan.sharing(row) === "near")
    ? geoplan.el("li", { class: "sign", "data-sign": "near" },
      geoplan.el("span", { class: "sign-swatches" },
        geoplan.paint.swatch("line", [geoplan.strokes.conflictMaybe(index.data.symbols.conflict)], WIDTHS.line)),
      geoplan.el("span", {}, index.words.say("sign-near")))
    : null);

  /** A list of the signs that the map uses, or null where it uses none. */
  return (index) => {
    const rows = [...statuses(index), trusted(index, "schematic"), trusted(index, "estimated"), maybe(index)]
      .filter(Boolean);
    return rows.length ? geoplan.el("ul", { class: "signs" }, rows) : null;
  };
})();
