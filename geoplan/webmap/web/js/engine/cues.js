// The marks that fill areas beside their colour: the SVG patterns and the canvas both ask here.
"use strict";

geoplan.engine.CUES = {
  waves: {
    size: 14, ground: 0.3, ink: "stroke", width: 1.1, opacity: 0.85,
    d: "M0 4q3.5 -4 7 0t7 0M0 11q3.5 -4 7 0t7 0",
  },
  dots: {
    size: 10, ground: 0.2, ink: "stroke", width: 0, opacity: 0.8,
    d: "M1.25 2.5a1.25 1.25 0 1 0 2.5 0a1.25 1.25 0 1 0 -2.5 0zM6.25 7.5a1.25 1.25 0 1 0 2.5 0a1.25 1.25 0 1 0 -2.5 0z",
  },
  hatch: { size: 8, ground: 0.12, ink: "fill", width: 1.5, opacity: 1, d: "M-1 1L1 -1M0 8L8 0M7 9L9 7" },
};

/** A cue as a pattern of a canvas that goes on from tile to tile. */
geoplan.engine.patternOf = ({ cue, fill, stroke }, tile, context, canvasOf) => {
  const look = geoplan.engine.CUES[cue];
  const pixels = Math.max(1, Math.round(look.size * tile.density));
  const cell = canvasOf(pixels, pixels);
  const pen = cell.getContext("2d");
  pen.scale(pixels / look.size, pixels / look.size);
  pen.globalAlpha = look.ground;
  pen.fillStyle = fill;
  pen.fillRect(0, 0, look.size, look.size);
  pen.globalAlpha = look.opacity;
  const ink = look.ink === "fill" ? fill : stroke;
  const marks = new Path2D(look.d);
  if (look.width) {
    pen.strokeStyle = ink;
    pen.lineWidth = look.width;
    pen.stroke(marks);
  } else {
    pen.fillStyle = ink;
    pen.fill(marks);
  }
  const pattern = context.createPattern(cell, "repeat");
  const scale = (look.size * tile.density) / pixels;
  const shift = (place) => -((place * tile.size) % look.size) * tile.density;
  pattern.setTransform(new DOMMatrix([scale, 0, 0, scale, shift(tile.x), shift(tile.y)]));
  return pattern;
};
