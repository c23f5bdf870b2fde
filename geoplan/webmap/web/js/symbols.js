// One way to draw a symbol: the map and the legend both ask here.
"use strict";

geoplan.paint = (() => {
  const { svg } = geoplan;
  const CONFLICT_BAND = 16;

  /** A pattern that repeats a cue over a light ground of the symbol's own colour. */
  const pattern = (id, size, colour, ground, ...marks) =>
    svg("pattern", { id, width: size, height: size, patternUnits: "userSpaceOnUse" },
      svg("rect", { width: size, height: size, fill: colour, "fill-opacity": ground }), marks);

  const stripes = (colour, size, up, width) => {
    const d = up
      ? `M-1 1L1 -1M0 ${size}L${size} 0M${size - 1} ${size + 1}L${size + 1} ${size - 1}`
      : `M-1 ${size - 1}L1 ${size + 1}M0 0L${size} ${size}M${size - 1} -1L${size + 1} 1`;
    return svg("path", { d, stroke: colour, "stroke-width": width, fill: "none" });
  };

  const CUES = {
    waves: (id, symbol) => pattern(id, 14, symbol.fill, 0.3,
      svg("path", {
        d: "M0 4q3.5 -4 7 0t7 0M0 11q3.5 -4 7 0t7 0",
        stroke: symbol.stroke, "stroke-width": 1.1, "stroke-opacity": 0.85, fill: "none",
      })),
    dots: (id, symbol) => pattern(id, 10, symbol.fill, 0.2,
      [[2.5, 2.5], [7.5, 7.5]].map(([cx, cy]) =>
        svg("circle", { cx, cy, r: 1.25, fill: symbol.stroke, "fill-opacity": 0.8 }))),
    hatch: (id, symbol) => pattern(id, 8, symbol.fill, 0.12, stripes(symbol.fill, 8, true, 1.5)),
  };

  const GAP = { fill: "#5B4B8A", stroke: "#3D2F6B" };

  /** The patterns, to be put into the page once. */
  const definitions = (symbols) =>
    svg("svg", { width: 0, height: 0, class: "definitions", "aria-hidden": "true" },
      svg("defs", {},
        Object.values(symbols).filter((symbol) => CUES[symbol.cue])
          .map((symbol) => CUES[symbol.cue](`cue-${symbol.kind}`, symbol)),
        pattern("cue-gap", 7, GAP.fill, 0.1, stripes(GAP.fill, 7, false, 1.1))));

  const area = (symbol) => ({
    color: symbol.stroke,
    weight: symbol.cue === "double" ? 4 : 1.6,
    dashArray: symbol.cue === "dashes" ? "7 5" : null,
    fill: true,
    fillColor: CUES[symbol.cue] ? `url(#cue-${symbol.kind})` : symbol.fill,
    fillOpacity: CUES[symbol.cue] ? 1 : 0.6,
  });

  const stroke = (color, weight, more = {}) =>
    ({ color, weight, opacity: 1, fill: false, lineCap: "round", lineJoin: "round", ...more });

  /** The strokes that make up a line, the lowest first. */
  const line = (symbol) => {
    const halo = stroke("#FFFFFF", 8, { opacity: 0.85 });
    if (symbol.cue === "double") {
      return [halo, stroke(symbol.stroke, 6), stroke("#FFFFFF", 2.6)];
    }
    if (symbol.cue === "dashes") {
      const dash = { dashArray: "10 6", lineCap: "butt" };
      return [halo, stroke(symbol.stroke, 5.4, dash), stroke(symbol.fill, 3, dash)];
    }
    return [halo, stroke(symbol.stroke, 3)];
  };

  /** A conflict along a line: a hatched band with a red outline, the line stays readable. */
  const conflictLine = (symbol) => [
    stroke(symbol.stroke, CONFLICT_BAND, { lineCap: "butt" }),
    stroke("#FFFFFF", CONFLICT_BAND - 4, { lineCap: "butt" }),
    stroke(`url(#cue-${symbol.kind})`, CONFLICT_BAND - 4, { lineCap: "butt" }),
  ];

  const conflictArea = (symbol) => ({ ...area(symbol), weight: 2.4 });

  const gap = {
    color: GAP.stroke, weight: 1.8, dashArray: "2 4", fill: true,
    fillColor: "url(#cue-gap)", fillOpacity: 1,
  };

  const asSvg = (style) => ({
    stroke: style.color, "stroke-width": style.weight, "stroke-opacity": style.opacity,
    "stroke-dasharray": style.dashArray, fill: style.fill ? style.fillColor : "none",
    "fill-opacity": style.fillOpacity,
  });

  /** A legend entry, drawn with the strokes and fills of the map. */
  const swatch = (geometry, styles) => {
    const node = svg("svg", {
      width: 36, height: 22, viewBox: "0 0 36 22", class: "swatch", "aria-hidden": "true",
    });
    for (const style of styles) {
      if (geometry === "line") node.append(svg("path", { d: "M2 11H34", ...asSvg(style) }));
      else if (geometry === "point") {
        node.append(svg("circle", { cx: 18, cy: 11, r: 6, ...asSvg(style) }));
      } else {
        node.append(svg("rect", { x: 2, y: 2, width: 32, height: 18, rx: 1.5, ...asSvg(style) }));
      }
    }
    return node;
  };

  const layerSwatch = (layer, symbol) =>
    swatch(layer.geometry, layer.geometry === "line" ? line(symbol) : [area(symbol)]);

  return {
    definitions, area, line, conflictLine, conflictArea, gap, swatch, layerSwatch,
  };
})();
