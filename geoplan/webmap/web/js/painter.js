// Draws a part of the page on a canvas, as it stands: boxes, text, SVG, canvases and images.
"use strict";

geoplan.painter = (() => {
  const shown = (style) => style.display !== "none" && style.visibility !== "hidden";
  const clear = (colour) => colour === "transparent" || /, 0\)$/.test(colour);

  /** Load an SVG as an image of its own: the patterns and the text styles it uses go with it. */
  const svgImage = async (node, rect) => {
    const copy = node.cloneNode(true);
    const texts = [...node.querySelectorAll("text")];
    copy.querySelectorAll("text").forEach((text, place) => {
      const style = getComputedStyle(texts[place]);
      for (const name of ["font-family", "font-size", "font-weight", "fill"]) text.setAttribute(name, style.getPropertyValue(name));
    });
    copy.removeAttribute("style");
    copy.removeAttribute("class");
    copy.setAttribute("color", getComputedStyle(node).color);
    copy.setAttribute("width", rect.width);
    copy.setAttribute("height", rect.height);
    const used = new Set([...copy.querySelectorAll("*")].flatMap((one) =>
      [one.getAttribute("fill"), one.getAttribute("stroke")].map((paint) => (/^url\("?#([^")]+)"?\)/.exec(paint || "") || [])[1])));
    copy.prepend(geoplan.svg("defs", {}, [...document.querySelectorAll(".definitions pattern")]
      .filter((pattern) => used.has(pattern.id)).map((pattern) => pattern.cloneNode(true))));
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
    await image.decode();
    return image;
  };

  const box = (ctx, rect, style) => {
    const radius = Math.min(parseFloat(style.borderTopLeftRadius) || 0, rect.height / 2);
    const path = new Path2D();
    path.moveTo(rect.left + radius, rect.top);
    for (const [ax, ay, bx, by] of [
      [rect.right, rect.top, rect.right, rect.bottom], [rect.right, rect.bottom, rect.left, rect.bottom],
      [rect.left, rect.bottom, rect.left, rect.top], [rect.left, rect.top, rect.right, rect.top],
    ]) path.arcTo(ax, ay, bx, by, radius);
    path.closePath();
    if (!clear(style.backgroundColor)) {
      ctx.fillStyle = style.backgroundColor;
      ctx.fill(path);
    }
    borders(ctx, rect, style, path, radius);
  };

  /** A rounded border is one line; else each side is its own, as the scale bar has three. */
  const borders = (ctx, rect, style, path, radius) => {
    const sides = ["Top", "Right", "Bottom", "Left"].map((side) => ({
      width: parseFloat(style[`border${side}Width`]), colour: style[`border${side}Color`], dashed: style[`border${side}Style`] === "dashed",
    }));
    if (sides.every((side) => !side.width)) return;
    const stroke = (side, line) => {
      if (!side.width || clear(side.colour)) return;
      ctx.setLineDash(side.dashed ? [side.width * 2, side.width * 2] : []);
      ctx.lineWidth = side.width;
      ctx.strokeStyle = side.colour;
      ctx.stroke(line);
    };
    if (radius) {
      stroke(sides[0].width ? sides[0] : sides[2], path);
      return;
    }
    const { left, right, top, bottom } = rect;
    const half = sides.map((side) => side.width / 2);
    [[left, top + half[0], right, top + half[0]], [right - half[1], top, right - half[1], bottom],
      [left, bottom - half[2], right, bottom - half[2]], [left + half[3], top, left + half[3], bottom]]
      .forEach(([x1, y1, x2, y2], place) => {
        const line = new Path2D();
        line.moveTo(x1, y1);
        line.lineTo(x2, y2);
        stroke(sides[place], line);
      });
    ctx.setLineDash([]);
  };

  /** The lines that a text node was broken into, each with where it stands. */
  const linesOf = (node) => {
    const range = document.createRange();
    const lines = [];
    let place = 0;
    for (const char of node.data) {
      range.setStart(node, place);
      range.setEnd(node, place += char.length);
      const rect = range.getBoundingClientRect();
      const last = lines[lines.length - 1];
      if (!rect.width) continue;
      if (last && Math.abs(last.top - rect.top) < 2) last.text += char;
      else lines.push({ text: char, left: rect.left, top: rect.top });
    }
    return lines;
  };

  const text = (ctx, node, style) => {
    ctx.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    if ("letterSpacing" in ctx) ctx.letterSpacing = style.letterSpacing === "normal" ? "0px" : style.letterSpacing;
    const ascent = ctx.measureText("国g").fontBoundingBoxAscent || parseFloat(style.fontSize) * 1.1;
    const halo = parseFloat(style.webkitTextStrokeWidth) || 0;
    for (const line of linesOf(node)) {
      const baseline = line.top + ascent;
      if (halo) {
        Object.assign(ctx, { lineWidth: halo, lineJoin: "round", strokeStyle: style.webkitTextStrokeColor });
        ctx.strokeText(line.text, line.left, baseline);
      }
      ctx.fillStyle = style.color;
      ctx.fillText(line.text, line.left, baseline);
    }
  };

  /** What is drawn later lies higher; what has no place of its own is as high as its children. */
  const depth = (node) => {
    if (node.nodeType !== Node.ELEMENT_NODE || node.tagName === "svg") return 0;
    const style = getComputedStyle(node);
    if (style.position === "static") return Math.max(0, ...[...node.children].map(depth));
    return parseInt(style.zIndex, 10) || 0;
  };

  /** Images of other origins would spoil the canvas for good, so they are left out and counted. */
  const isOurs = (node) => node.tagName === "CANVAS" || /^(data|blob):/.test(node.src);

  const element = async (ctx, node, told) => {
    const style = getComputedStyle(node);
    const rect = node.getBoundingClientRect();
    if (!shown(style) || Number(style.opacity) === 0) return;
    ctx.save();
    ctx.globalAlpha *= Number(style.opacity);
    if (node.tagName === "svg") {
      if (rect.width && node.childElementCount) ctx.drawImage(await svgImage(node, rect), rect.left, rect.top, rect.width, rect.height);
    } else if (node.tagName === "CANVAS" || node.tagName === "IMG") {
      if (isOurs(node)) ctx.drawImage(node, rect.left, rect.top, rect.width, rect.height);
      else told.leftOut += 1;
    } else {
      box(ctx, rect, style);
      if (style.overflowX === "hidden" || style.overflowX === "clip") {
        ctx.beginPath();
        ctx.rect(rect.left, rect.top, rect.width, rect.height);
        ctx.clip();
      }
      const inOrder = [...node.childNodes].map((child) => [depth(child), child]).sort((a, b) => a[0] - b[0]);
      for (const [, child] of inOrder) {
        if (child.nodeType === Node.TEXT_NODE) text(ctx, child, style);
        else if (child.nodeType === Node.ELEMENT_NODE) await element(ctx, child, told);
      }
    }
    ctx.restore();
  };

  /** A canvas with an element on it, `scale` pixels to one, and how many images were left out. */
  const paint = async (root, scale) => {
    const rect = root.getBoundingClientRect();
    const canvas = geoplan.el("canvas", { width: Math.round(rect.width * scale), height: Math.round(rect.height * scale) });
    const ctx = canvas.getContext("2d");
    ctx.scale(scale, scale);
    ctx.translate(-rect.left, -rect.top);
    ctx.fillStyle = "#FFFFFF";
    ctx.fillRect(rect.left, rect.top, rect.width, rect.height);
    const told = { leftOut: 0 };
    await element(ctx, root, told);
    return { canvas, leftOut: told.leftOut };
  };

  return { paint };
})();
