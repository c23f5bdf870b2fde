// The strokes and fills of a symbol: the map and the legend both ask here.
"use strict";

geoplan.strokes = (() => {
  const PATTERNED = ["waves", "dots", "hatch"];
  const CONFLICT_BAND = 16;
  const PALE = 0.5;
  const GAP = { fill: "#5B4B8A", stroke: "#3D2F6B" };
  const TRUSTED = { schematic: false, estimated: false };

  /** Schematic lines are broken by long gaps, so that a pipeline's own short dashes still tell. */
  const BROKEN = { double: "22 11", dashes: "8 14 8 4", solid: "14 9" };

  const stroke = (color, weight, more = {}) =>
    ({ color, weight, opacity: 1, fill: false, lineCap: "round", lineJoin: "round", ...more });

  const faint = (style) => ({
    ...style, opacity: PALE * (style.opacity || 1), fillOpacity: PALE * (style.fillOpacity || 1),
  });

  const area = (symbol, trust = TRUSTED) => {
    const patterned = PATTERNED.includes(symbol.cue);
    const own = symbol.cue === "dashes" ? "7 5" : null;
    const style = {
      color: symbol.stroke,
      weight: symbol.cue === "double" ? 4 : 1.6,
      opacity: 1,
      dashArray: trust.schematic ? "5 4" : own,
      fill: true,
      fillColor: patterned ? `url(#cue-${symbol.kind})` : symbol.fill,
      fillOpacity: patterned ? 1 : 0.6,
    };
    return trust.estimated ? faint(style) : style;
  };

  /** The strokes that make up a line, the lowest first. */
  const line = (symbol, trust = TRUSTED) => {
    const halo = stroke("#FFFFFF", 8, { opacity: 0.85 });
    const pale = trust.estimated ? faint : (style) => style;
    const broken = trust.schematic
      ? { dashArray: BROKEN[symbol.cue] || BROKEN.solid, lineCap: "butt" } : {};
    if (symbol.cue === "double") {
      return [halo, pale(stroke(symbol.stroke, 6, broken)), stroke("#FFFFFF", 2.6, broken)];
    }
    if (symbol.cue === "dashes") {
      const dash = { dashArray: "10 6", lineCap: "butt", ...broken };
      return [halo, pale(stroke(symbol.stroke, 5.4, dash)), pale(stroke(symbol.fill, 3, dash))];
    }
    return [halo, pale(stroke(symbol.stroke, 3, broken))];
  };

  const point = (symbol, trust = TRUSTED) => {
    const style = {
      color: symbol.stroke, weight: 1.8, opacity: 1, radius: 6,
      dashArray: trust.schematic ? "3 2.5" : null,
      fill: true, fillColor: symbol.fill, fillOpacity: 0.9,
    };
    return trust.estimated ? faint(style) : style;
  };

  /**
   * What only helps to find one's way is thin and has no fill. Neighbours share their edges, so
   * a boundary is not dashed by its symbol: two rhythms on one edge would make neither.
   */
  const context = {
    area: (symbol, trust) =>
      stroke(symbol.stroke, 1, { dashArray: trust.schematic ? "5 4" : null }),
    line: (symbol, trust) =>
      stroke(symbol.stroke, 1.6, { dashArray: trust.schematic ? "7 5" : null, lineCap: "butt" }),
    point: (symbol, trust) => ({
      ...point(symbol), radius: trust.schematic ? 2.4 : 3.2, weight: 1,
    }),
  };

  /** All strokes of a feature of a layer, the lowest first; as many for each of its features. */
  const of = (layer, symbol, trust = TRUSTED) => {
    if (layer.role === "context") {
      const style = context[layer.geometry](symbol, trust);
      return [trust.estimated ? faint(style) : style];
    }
    if (layer.geometry === "line") return line(symbol, trust);
    return [layer.geometry === "point" ? point(symbol, trust) : area(symbol, trust)];
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

  return { GAP, of, area, line, point, conflictLine, conflictArea, gap };
})();
