// Answers what the page asks of its layers. It runs in the worker; where there is none, on the page.
"use strict";

/** How long tiles are drawn before questions are heard again [ms]. */
geoplan.engine.SLICE = 8;

/** When columns are made ready to be searched, so that the first search does not wait for it [ms]. */
geoplan.engine.SEARCH_AFTER = 2000;

geoplan.engine.Session = class {
  /** `reply(message, transfer)` sends an answer, `canvasOf(width, height)` makes a canvas. */
  constructor(reply, canvasOf) {
    this.reply = reply;
    this.canvasOf = canvasOf;
    this.layers = new Map();
    this.inflows = new Map();
    this.queue = [];
  }

  /** Take a question {ask, op, layer, …}; tiles are answered later, all others at once. */
  async take(message) {
    if (message.op === "cancel") {
      this.queue = this.queue.filter((tile) => tile.ask !== message.tile);
      return;
    }
    try {
      const layer = this.layers.get(message.layer);
      const value = await this.ops[message.op](layer, message);
      if (message.op !== "tile") this.reply({ ask: message.ask, value });
    } catch (error) {
      this.reply({ ask: message.ask, error: String(error) });
    }
  }

  get ops() {
    return {
      feed: (_, message) => this.feed(message),
      open: (_, message) => this.open(message),
      close: (_, { layer: name }) => { this.layers.delete(name); },
      style: (layer, { styles }) => { layer.styles = styles; },
      tile: (layer, message) => this.enqueue(layer, message),
      hit: (layer, { at, reach }) => this.hit(layer, at, reach),
      search: (layer, { text, options }) => this.search(layer, text, options),
      filter: (layer, { predicates }) => this.filter(layer, predicates),
      describe: (layer, { column, most }) => geoplan.engine.describe(layer, column, most),
      features: (layer, { rows }) => rows.map((row) => this.feature(layer, row)),
      byIds: (layer, { ids }) => ids.map((id) => layer.rowOf(id)).map((row) => (row < 0 ? null : this.feature(layer, row))),
    };
  }

  feed({ layer: name, text }) {
    if (!this.inflows.has(name)) this.inflows.set(name, new geoplan.engine.Inflow());
    this.inflows.get(name).take(text);
  }

  async open({ layer: name, classBy }) {
    const layer = new geoplan.engine.Layer(await this.inflows.get(name).end());
    this.inflows.delete(name);
    this.layers.set(name, layer);
    layer.geo = new geoplan.engine.Shapes(layer);
    layer.labels = layer.geo.anchors();
    setTimeout(() => geoplan.engine.prepareSearch(layer), geoplan.engine.SEARCH_AFTER);
    const located = layer.kinds.reduce((sum, kind) => sum + (kind > 0), 0);
    return {
      count: layer.count,
      located,
      bounds: layer.geo.bounds(),
      columns: layer.columns.slice(1).map(({ name: own, type, hidden }) => ({ name: own, type, hidden })),
      classes: geoplan.engine.classify(layer, classBy),
    };
  }

  feature(layer, row) {
    return {
      row,
      id: layer.id.value(row),
      values: layer.attributes.map((column) => column.value(row)),
      shape: layer.geo.of(row),
      anchor: layer.labels ? layer.labels[row] : layer.geo.anchor(row),
    };
  }

  hit(layer, [lng, lat], reach) {
    const [x, y] = geoplan.engine.onGrid(lng, lat, layer.bits);
    const row = geoplan.engine.hit(layer, x, y, reach * 2 ** layer.bits);
    return row < 0 ? null : this.feature(layer, row);
  }

  search(layer, text, options) {
    const { total, rows } = geoplan.engine.search(layer, text, options);
    return {
      total,
      found: rows.map(({ row, column, fit }) => ({
        column, fit, shown: layer.visible[row] === 1, ...this.feature(layer, row),
      })),
    };
  }

  filter(layer, predicates) {
    return { shown: geoplan.engine.filter(layer, predicates), visible: layer.visible.slice() };
  }

  enqueue(layer, message) {
    const pixels = Math.round(message.tile.size * message.tile.density);
    const start = () => {
      const canvas = this.canvasOf(pixels, pixels);
      const painter = new geoplan.engine.Painter(layer, layer.styles, message.tile, canvas, this.canvasOf);
      return { canvas, painter, steps: painter.paint() };
    };
    this.queue.push({ ask: message.ask, start });
    this.work();
  }

  async work() {
    if (this.working) return;
    this.working = true;
    while (this.queue.length) {
      this.slice(performance.now() + geoplan.engine.SLICE);
      await geoplan.engine.pause();
    }
    this.working = false;
  }

  slice(until) {
    while (this.queue.length && performance.now() < until) {
      const [tile] = this.queue;
      try {
        tile.begun = tile.begun || tile.start();
        if (!tile.begun.steps.next().done) continue;
        this.deliver(tile.ask, tile.begun);
      } catch (error) {
        this.reply({ ask: tile.ask, error: String(error) });
      }
      this.queue.shift();
    }
  }

  /** A worker hands over the picture; the page takes the canvas itself. Null: nothing is there. */
  deliver(ask, { canvas, painter }) {
    if (!painter.drawn) this.reply({ ask, value: null });
    else if (canvas.transferToImageBitmap) {
      const picture = canvas.transferToImageBitmap();
      this.reply({ ask, value: picture }, [picture]);
    } else this.reply({ ask, value: canvas });
  }
};

/** Give each row the number of its class: rows are of one class when some columns are alike. */
geoplan.engine.classify = (layer, names) => {
  const found = names.map((name) => layer.column(name)).map((column) => column && column.kinds());
  const classes = [];
  const known = new Map();
  for (let row = 0; row < layer.count; row += 1) {
    const key = found.map((one) => (one ? one.codes[row] : -1)).join();
    let place = known.get(key);
    if (place === undefined) {
      place = Math.min(classes.length, 65535);
      known.set(key, place);
      classes.push({ row, count: 0, values: found.map((one) => (one ? one.say(one.codes[row]) : null)) });
    }
    layer.classes[row] = place;
    classes[place].count += 1;
    // an example that can be drawn
    if (!layer.kinds[classes[place].row]) classes[place].row = row;
  }
  return classes;
};

/** Let messages and events in. A timer would wait four milliseconds each time. */
geoplan.engine.pause = () => new Promise((done) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    done();
  };
  port2.postMessage(0);
});
