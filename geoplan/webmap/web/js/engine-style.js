// The strokes and fills of a symbol as the engine's painter takes them.
"use strict";

geoplan.engineStyle = (() => {
  const lengths = (dash) => (dash ? String(dash).split(/[ ,]+/).map(Number) : []);

  const fillOf = (style, symbol) => {
    if (!style.fill) return null;
    const opacity = style.fillOpacity === undefined ? 0.2 : style.fillOpacity;
    const patterned = String(style.fillColor).startsWith("url(");
    return patterned
      ? { opacity, cue: symbol.cue, fill: symbol.fill, stroke: symbol.stroke }
      : { opacity, color: style.fillColor };
  };

  const pen = (style, symbol) => style && {
    color: style.color, weight: style.weight, opacity: style.opacity === undefined ? 1 : style.opacity,
    cap: style.lineCap || "round", dash: lengths(style.dashArray), radius: style.radius || 0,
    fill: fillOf(style, symbol),
  };

  /**
   * A style of `Painter`: all strokes, the lowest first, and what is drawn instead where a feature
   * is too small to show them.
   */
  return (strokes, symbol) => {
    const top = strokes[strokes.length - 1];
    const edge = symbol.stroke === "#FFFFFF" ? symbol.fill : symbol.stroke;
    const filled = Boolean(top.fill);
    return {
      levels: strokes.map((style) => pen(style, symbol)),
      flat: { color: filled ? symbol.fill : edge, edge, opacity: 0.6 },
    };
  };
})();
