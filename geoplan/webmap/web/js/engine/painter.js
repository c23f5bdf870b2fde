// Draws a tile of a layer, bit by bit: it can stop after each bit, so that a click or a newer
// tile need not wait. What is smaller than it can be seen is drawn as a dot, or not once more.
"use strict";

/** Below these sizes [px] a node of the tree is one dot, a feature is a dot, an area has no pattern,
 *  and a line has one thin stroke. A batch is what is drawn at once. */
geoplan.engine.SIZES = { node: 1, dot: 3, plain: 14, short: 20, batch: 200 };

geoplan.engine.Painter = class {
  /** A tile is {z, x, y, size, density}: its side in CSS pixels, and canvas pixels for each. */
  constructor(layer, styles, tile, canvas, canvasOf) {
    this.layer = layer;
    this.styles = styles;
    this.tile = tile;
    this.canvasOf = canvasOf;
    this.context = canvas.getContext("2d");
    this.width = canvas.width;
    const span = (tile.size * 2 ** layer.bits) / (256 * 2 ** tile.z);
    this.scale = canvas.width / span;
    this.west = tile.x * span;
    this.north = tile.y * span;
    this.span = span;
    this.drawn = false;
  }

  px(css) {
    return css * this.tile.density;
  }

  *paint() {
    this.sort();
    const { context } = this;
    context.lineJoin = "round";
    for (const [kind, rects] of this.dots) this.paintDots(this.styles[kind], rects);
    yield;
    for (const [kind, rows] of this.plain) yield* this.paintPlain(this.styles[kind], rows);
    for (const [kind, rows] of this.short) yield* this.paintShort(this.styles[kind], rows);
    const levels = Math.max(0, ...this.styles.map((style) => style.levels.length));
    for (let level = 0; level < levels; level += 1) {
      for (const [kind, rows] of this.whole) yield* this.paintLevel(this.styles[kind].levels[level], rows);
    }
  }

  /** Put what meets the tile into piles by how it is drawn, and in each by its style. */
  sort() {
    const { SIZES, POINT, LINE } = geoplan.engine;
    const { layer } = this;
    this.dots = new Map();
    this.plain = new Map();
    this.short = new Map();
    this.whole = new Map();
    this.taken = new Uint8Array(this.width * this.width);
    const pile = (piles, row, what) => {
      const kind = layer.classes[row];
      if (!piles.has(kind)) piles.set(kind, []);
      piles.get(kind).push(what);
      this.drawn = true;
    };
    const node = this.px(SIZES.node) / this.scale;
    const reach = this.px(16) / this.scale;
    layer.tree.search(
      this.west - reach, this.north - reach, this.west + this.span + reach, this.north + this.span + reach,
      (first, end) => {
        let row = first;
        while (row < end && !(layer.visible[row] && layer.kinds[row])) row += 1;
        if (row === end) return;
        const box = this.boxOf(row);
        const size = Math.max(box[2], box[3]) / this.tile.density;
        const dimension = layer.dimension(row);
        if (dimension === POINT) {
          if (this.isFree(box, Math.max(1, this.px(2)))) pile(this.whole, row, row);
        } else if (size < SIZES.dot) {
          if (this.isFree(box, 1)) pile(this.dots, row, box);
        } else if (dimension === LINE) pile(size < SIZES.short ? this.short : this.whole, row, row);
        else pile(size < SIZES.plain ? this.plain : this.whole, row, row);
      },
      (wide, high) => wide < node && high < node);
  }

  /** A row's box in pixels of the canvas: left, top, width, height. */
  boxOf(row) {
    const { boxes } = this.layer;
    const i = 4 * row;
    return [
      (boxes[i] - this.west) * this.scale, (boxes[i + 1] - this.north) * this.scale,
      (boxes[i + 2] - boxes[i]) * this.scale, (boxes[i + 3] - boxes[i + 1]) * this.scale,
    ];
  }

  /** Is nothing as small drawn at this place yet? Larger things are not asked. */
  isFree([left, top, wide, high], cell) {
    if (wide > cell || high > cell) return true;
    const x = Math.floor(left / cell);
    const y = Math.floor(top / cell);
    if (x < 0 || y < 0 || x >= this.width || y >= this.width) return true;
    const place = y * this.width + x;
    if (this.taken[place]) return false;
    this.taken[place] = 1;
    return true;
  }

  paintDots(style, rects) {
    const { context } = this;
    const least = this.px(0.75);
    context.globalAlpha = style.flat.opacity;
    context.fillStyle = style.flat.color;
    for (const [left, top, wide, high] of rects) {
      context.fillRect(left, top, Math.max(least, wide * 0.9), Math.max(least, high * 0.9));
    }
  }

  *batches(rows) {
    const { batch } = geoplan.engine.SIZES;
    for (let from = 0; from < rows.length; from += batch) yield rows.slice(from, from + batch);
  }

  *paintPlain(style, rows) {
    const { context } = this;
    context.setLineDash([]);
    for (const batch of this.batches(rows)) {
      this.trace(batch, 1.2);
      context.globalAlpha = style.flat.opacity;
      context.fillStyle = style.flat.color;
      context.fill();
      context.globalAlpha = 0.7;
      context.strokeStyle = style.flat.edge;
      context.lineWidth = this.px(0.6);
      context.stroke();
      yield;
    }
  }

  *paintShort(style, rows) {
    const { context } = this;
    context.setLineDash([]);
    context.globalAlpha = 1;
    context.strokeStyle = style.flat.edge;
    context.lineWidth = this.px(1.4);
    for (const batch of this.batches(rows)) {
      this.trace(batch, 1);
      context.stroke();
      yield;
    }
  }

  /** One stroke, and the fill if it has one, of the features of one style. */
  *paintLevel(pen, rows) {
    if (!pen) return;
    const { context } = this;
    const fill = pen.fill && this.inkOf(pen.fill);
    for (const batch of this.batches(rows)) {
      this.trace(batch, 0.6, pen.radius);
      if (fill) {
        context.globalAlpha = pen.fill.opacity;
        context.fillStyle = fill;
        context.fill();
      }
      if (pen.weight && pen.opacity) {
        context.globalAlpha = pen.opacity;
        context.strokeStyle = pen.color;
        context.lineWidth = this.px(pen.weight);
        context.lineCap = pen.cap;
        context.setLineDash(pen.dash.map((length) => this.px(length)));
        context.stroke();
      }
      yield;
    }
  }

  inkOf(fill) {
    return fill.cue ? geoplan.engine.patternOf(fill, this.tile, this.context, this.canvasOf) : fill.color;
  }

  /** Begin a path of some features; rings of holes run the other way round. */
  trace(rows, tolerance, radius = 0) {
    const { context, layer } = this;
    context.beginPath();
    for (const row of rows) {
      const dimension = layer.dimension(row);
      for (let path = layer.pathStart(row); path < layer.pathEnd(row); path += 1) {
        if (dimension === geoplan.engine.POINT) this.tracePoint(path, this.px(radius));
        else this.tracePath(path, this.px(tolerance), dimension === geoplan.engine.AREA);
      }
    }
  }

  tracePoint(path, radius) {
    const i = 2 * this.layer.vertices[path];
    const x = (this.layer.xy[i] - this.west) * this.scale;
    const y = (this.layer.xy[i + 1] - this.north) * this.scale;
    this.context.moveTo(x + radius, y);
    this.context.arc(x, y, radius, 0, 2 * Math.PI);
  }

  tracePath(path, tolerance, closed) {
    const { context, scale, west, north } = this;
    const { xy, vertices } = this.layer;
    const from = 2 * vertices[path];
    const last = 2 * vertices[path + 1] - 2;
    let atX = (xy[from] - west) * scale;
    let atY = (xy[from + 1] - north) * scale;
    context.moveTo(atX, atY);
    for (let i = from + 2; i <= last; i += 2) {
      const x = (xy[i] - west) * scale;
      const y = (xy[i + 1] - north) * scale;
      const step = Math.abs(x - atX) + Math.abs(y - atY);
      if (step < tolerance && (closed || i < last)) continue;
      context.lineTo(x, y);
      atX = x;
      atY = y;
    }
    if (closed) context.closePath();
  }
};
