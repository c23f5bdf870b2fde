// The patterns that fill symbols, and symbols drawn small for the legend.
"use strict";

geoplan.paint = (() => {
  const { svg } = geoplan;
  const { GAP } = geoplan.strokes;

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

  const cuePattern = (symbol) => {
    const { size, ground, ink, width, opacity, d } = geoplan.engine.CUES[symbol.cue];
    const marks = width
      ? { stroke: symbol[ink], "stroke-width": width, "stroke-opacity": opacity, fill: "none" }
      : { fill: symbol[ink], "fill-opacity": opacity };
    return pattern(`cue-${symbol.kind}`, size, symbol.fill, ground, svg("path", { d, ...marks }));
  };

  /** The patterns, to be put into the page once. */
  const definitions = (symbols) =>
    svg("svg", { width: 0, height: 0, class: "definitions", "aria-hidden": "true" },
      svg("defs", {},
        Object.values(symbols).filter((symbol) => geoplan.engine.CUES[symbol.cue]).map(cuePattern),
        pattern("cue-gap", 7, GAP.fill, 0.1, stripes(GAP.fill, 7, false, 1.1))));

  const asSvg = (style) => ({
    stroke: style.color, "stroke-width": style.weight, "stroke-opacity": style.opacity,
    "stroke-dasharray": style.dashArray, "stroke-linecap": style.lineCap, fill: style.fill ? style.fillColor : "none",
    "fill-opacity": style.fillOpacity,
  });

  /** A legend entry, drawn with the strokes and fills of the map. */
  const swatch = (geometry, styles, width = 36) => {
    const node = svg("svg", {
      width, height: 22, viewBox: `0 0 ${width} 22`, class: "swatch", "aria-hidden": "true",
    });
    for (const style of styles.filter(Boolean)) {
      if (geometry === "line") node.append(svg("path", { d: `M2 11H${width - 2}`, ...asSvg(style) }));
      else if (geometry === "point") {
        node.append(svg("circle", { cx: width / 2, cy: 11, r: style.radius || 6, ...asSvg(style) }));
      } else {
        node.append(svg("rect", { x: 2, y: 2, width: 32, height: 18, rx: 1.5, ...asSvg(style) }));
      }
    }
    return node;
  };

  const layerSwatch = (layer, symbol, trust, width) =>
    swatch(layer.geometry, geoplan.strokes.of(layer, symbol, trust), width);

  return { definitions, swatch, layerSwatch };
})();
