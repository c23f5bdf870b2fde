// The page's side of the engine.
//
//   const layer = await geoplan.engine.open(id, { large, classBy });    id: of the payload's element
//   layer.count, layer.located, layer.bounds, layer.columns, layer.classes
//   await layer.feature(row)          {row, id, values, shape, anchor}, values in order of the columns
//   await layer.features(rows)        the same of many; layer.byIds(ids): null where there is none
//   await layer.hit(latlng, zoom)     the uppermost visible feature there, or null
//   await layer.search(text, {limit, names, columns})   {total, found: [{column, shown, …feature}]}
//   await layer.filter(predicates)    {shown, visible}; a predicate is {column, in: [values], nulls}
//                                     or {column, min, max, year, nulls}; all have to let it through;
//                                     nulls: whether empty cells pass; [] shows everything again
//   await layer.describe(column)      {type, nulls, distinct, values: [[value, count]], minimum, maximum}
"use strict";

/** A way to a session: in the worker, or here. */
geoplan.engine.Link = class {
  constructor() {
    this.waiting = new Map();
    this.asked = 0;
  }

  here() {
    const canvasOf = (width, height) => Object.assign(document.createElement("canvas"), { width, height });
    const session = new geoplan.engine.Session((message) => this.hear(message), canvasOf);
    this.send = (message) => session.take(message);
    return this;
  }

  to(worker) {
    worker.onmessage = (event) => this.hear(event.data);
    this.send = (message) => worker.postMessage(message);
    return this;
  }

  hear({ ask, value, error }) {
    const waiting = this.waiting.get(ask);
    this.waiting.delete(ask);
    if (!waiting) {
      // a tile that was cancelled when it was on its way
      if (value && value.close) value.close();
    } else if (error) waiting.fail(new Error(error));
    else waiting.answer(value);
  }

  /** Ask; the promise knows its number, by which a tile is cancelled. */
  ask(message) {
    const ask = (this.asked += 1);
    const promise = new Promise((answer, fail) => this.waiting.set(ask, { answer, fail }));
    this.send({ ...message, ask });
    return Object.assign(promise, { ask });
  }

  cancel(ask) {
    this.waiting.delete(ask);
    this.send({ op: "cancel", tile: ask });
  }
};

geoplan.engine.links = {};

/** The link to the page, for layers so small that a worker would cost more than it saves. */
geoplan.engine.pageLink = () => {
  geoplan.engine.links.page = geoplan.engine.links.page || new geoplan.engine.Link().here();
  return geoplan.engine.links.page;
};

/** The link to the one worker; a browser or a policy that allows none gets one to the page. */
geoplan.engine.workerLink = () => {
  const { engine } = geoplan;
  engine.links.worker = engine.links.worker || engine.startWorker()
    .then((worker) => (worker ? new engine.Link().to(worker) : engine.pageLink()));
  return engine.links.worker;
};

/** Start a worker from the scripts that stand on the page; null if it does not start. */
geoplan.engine.startWorker = () => new Promise((done) => {
  const own = typeof DecompressionStream === "undefined" ? ["geoplan-fflate", "geoplan-engine"] : ["geoplan-engine"];
  const source = own.map((id) => document.getElementById(id).textContent);
  let address = null;
  const end = (worker) => {
    if (address) URL.revokeObjectURL(address);
    done(worker);
  };
  try {
    address = URL.createObjectURL(new Blob([source.join("\n")], { type: "text/javascript" }));
    const worker = new Worker(address);
    worker.onmessage = ({ data }) => end(data.ready ? worker : null);
    worker.onerror = (event) => {
      event.preventDefault();
      end(null);
    };
  } catch {
    end(null);
  }
});

/**
 * Hand the piece of a payload that stands before the running script to the worker, so that it is
 * unpacked while the browser still reads the page.
 */
geoplan.engine.feed = () => {
  const { dataset, textContent } = document.currentScript.previousElementSibling;
  geoplan.engine.workerLink().then((link) => link.ask({ op: "feed", layer: dataset.layer, text: textContent }));
};

/**
 * Open the payload of an element, or the one of that name whose pieces were fed; `large`: in the
 * worker; `classBy`: columns by whose values features are styled.
 */
geoplan.engine.open = async (id, { large = false, classBy = [] } = {}) => {
  const { engine } = geoplan;
  const link = await (large ? engine.workerLink() : engine.pageLink());
  const whole = document.getElementById(id);
  if (whole) link.ask({ op: "feed", layer: id, text: whole.textContent });
  const told = await link.ask({ op: "open", layer: id, classBy });
  return new engine.Client(link, id, told);
};

/** Open a payload that came as bytes, in the worker. */
geoplan.engine.openBytes = async (name, bytes, classBy) => {
  const link = await geoplan.engine.workerLink();
  link.ask({ op: "feed", layer: name, text: bytes });
  return new geoplan.engine.Client(link, name, await link.ask({ op: "open", layer: name, classBy }));
};

geoplan.engine.Client = class {
  constructor(link, name, told) {
    this.link = link;
    this.name = name;
    Object.assign(this, told);
  }

  ask(op, more) {
    return this.link.ask({ op, layer: this.name, ...more });
  }

  features(rows) {
    return this.ask("features", { rows });
  }

  async feature(row) {
    return (await this.features([row]))[0];
  }

  byIds(ids) {
    return this.ask("byIds", { ids });
  }

  /** Lines and points are hit from some pixels away. */
  hit(latlng, zoom, pixels = 7) {
    const { lng, lat } = latlng;
    return this.ask("hit", { at: [lng, lat], reach: pixels / (256 * 2 ** zoom) });
  }

  search(text, options = {}) {
    return this.ask("search", { text, options });
  }

  filter(predicates) {
    return this.ask("filter", { predicates });
  }

  describe(column, most = 200) {
    return this.ask("describe", { column, most });
  }

  /** One style for each class, as `geoplan.engine.Painter` takes them. */
  style(styles) {
    return this.ask("style", { styles });
  }

  /** Style each class by the values that its features share. */
  styleBy(styleOf) {
    return this.style(this.classes.map(styleOf));
  }

  /** Forget it. */
  close() {
    return this.ask("close");
  }

  tile(tile) {
    return this.ask("tile", { tile });
  }

  cancel(ask) {
    this.link.cancel(ask);
  }
};
