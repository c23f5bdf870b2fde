// The strokes and fills of a symbol: the map and the legend both ask here.
"use strict";

geoplan.strokes = (() => {
  const PATTERNED = ["waves", "dots", "hatch"];
  const CONFLICT_BAND = 16;
  const PALE = 0.5;
  const WHITE = "#FFFFFF";
  const OWN_DASH = [4, 3];
  const POINT_WIDTH = 1.8;
  const PENS = { solid: [], dash: [4, 2], dot: [1, 2] };
  const GAP = { fill: "#5B4B8A", stroke: "#3D2F6B" };
  const TRUSTED = { schematic: false, estimated: false, status: null };

  /** The looks by status and by geometry method, as symbols.toml has them. */
  let marks = { status: {}, method: {} };
  const learn = (given) => { marks = given; };

  const WHOLE = { area: [], solid: [], double: [], casing: [], core: [10, 6], point: "solid", hollow: false };
  const lookOf = ({ status }) =>
    geoplan.own(marks.status, status) || geoplan.own(marks.status, "built") || WHOLE;

  const stroke = (color, weight, more = {}) =>
    ({ color, weight, opacity: 1, fill: false, lineCap: "round", lineJoin: "round", ...more });

  const rhythm = (lengths) =>
    (lengths.length ? { dashArray: lengths.join(" "), lineCap: "butt" } : {});

  const faint = (style) => ({
    ...style, opacity: PALE * (style.opacity || 1), fillOpacity: PALE * (style.fillOpacity || 1),
  });

  const dark = (symbol) => (symbol.stroke === WHITE ? symbol.fill : symbol.stroke);

  /** Fine dots along both sides of a line or outline: two strokes, nulls where it is surveyed. */
  const sign = (symbol, width, trust) => {
    const look = trust.schematic ? marks.method.schematic : null;
    return look ? [
      stroke(symbol.stroke, look[width], { opacity: look.opacity, ...rhythm(look.dash) }),
      stroke(WHITE, look[width] * look.ground),
    ] : [null, null];
  };

  const area = (symbol, trust = TRUSTED) => {
    const patterned = PATTERNED.includes(symbol.cue);
    const own = symbol.cue === "dashes" ? OWN_DASH : [];
    const dash = lookOf(trust).area;
    const style = {
      ...stroke(symbol.stroke, symbol.cue === "double" ? 4 : 1.8),
      ...rhythm(dash.length ? dash : own),
      fill: true,
      fillColor: patterned ? `url(#cue-${symbol.kind})` : symbol.fill,
      fillOpacity: patterned ? 1 : 0.6,
    };
    return trust.estimated ? faint(style) : style;
  };

  /** The strokes that make up a line, the lowest first. */
  const line = (symbol, trust = TRUSTED) => {
    const halo = stroke(WHITE, 8, { opacity: 0.85 });
    const pale = trust.estimated ? faint : (style) => style;
    const look = lookOf(trust);
    if (symbol.cue === "double") {
      const dash = rhythm(look.double);
      return [halo, pale(stroke(symbol.stroke, 6, dash)), stroke(WHITE, 2.6, dash)];
    }
    if (symbol.cue === "dashes") {
      return [halo, pale(stroke(symbol.stroke, 5.4, rhythm(look.casing))),
        pale(stroke(symbol.fill, 3, rhythm(look.core)))];
    }
    return [halo, pale(stroke(symbol.stroke, 3, rhythm(look.solid)))];
  };

  /** A mark; what is not there is an empty one. */
  const point = (symbol, trust = TRUSTED) => {
    const look = lookOf(trust);
    const style = {
      ...stroke(look.hollow ? dark(symbol) : symbol.stroke, POINT_WIDTH, { opacity: 0.9 }),
      ...rhythm(PENS[look.point].map((length) => length * POINT_WIDTH)),
      radius: 6, fill: true, fillColor: look.hollow ? WHITE : symbol.fill, fillOpacity: 0.9,
    };
    return trust.estimated ? faint(style) : style;
  };

  const ring = (symbol, trust) => {
    const look = trust.schematic ? marks.method.schematic : null;
    return look ? {
      ...stroke(dark(symbol), 1.4, { opacity: look.opacity, ...rhythm(look.dash) }), radius: look.point,
    } : null;
  };

  /**
   * What only helps to find one's way is thin and has no fill. Neighbours share their edges, so
   * a boundary is not dashed by its symbol: two rhythms on one edge would make neither.
   */
  const context = (layer, symbol, trust) => {
    if (layer.geometry === "point") {
      return [{ ...point(symbol), radius: trust.schematic ? 2.4 : 3.2, weight: 1 }];
    }
    const width = layer.geometry === "area" ? 1 : 1.6;
    return [...sign(symbol, "context", trust), stroke(symbol.stroke, width)];
  };

  /**
   * All strokes of a feature of a layer, the lowest first; as many for each of its features, null
   * where a feature lacks one.
   */
  const of = (layer, symbol, trust = TRUSTED) => {
    if (layer.role === "context") {
      const [...below] = context(layer, symbol, trust);
      const top = below.pop();
      return [...below, trust.estimated ? faint(top) : top];
    }
    if (layer.geometry === "line") return [...sign(symbol, "line", trust), ...line(symbol, trust)];
    if (layer.geometry === "point") return [ring(symbol, trust), point(symbol, trust)];
    return [...sign(symbol, "area", trust), area(symbol, trust)];
  };

  /** A conflict along a line: a hatched band with a red outline, the line stays readable. */
  const conflictLine = (symbol) => [
    stroke(symbol.stroke, CONFLICT_BAND, { lineCap: "butt" }),
    stroke(WHITE, CONFLICT_BAND - 4, { lineCap: "butt" }),
    stroke(`url(#cue-${symbol.kind})`, CONFLICT_BAND - 4, { lineCap: "butt" }),
  ];

  // Two that may meet: what joins them, thin and broken, for nothing is shared there.
  const conflictMaybe = (symbol) => stroke(symbol.stroke, 2, { dashArray: "2 6", lineCap: "round" });

  const conflictArea = (symbol) => ({ ...area(symbol), weight: 2.4 });

  const gap = {
    color: GAP.stroke, weight: 1.8, dashArray: "2 4", fill: true,
    fillColor: "url(#cue-gap)", fillOpacity: 1,
  };

  return { GAP, learn, of, area, line, point, conflictLine, conflictMaybe, conflictArea, gap };
})();
