// A layer that is too large for a file: the page asks the service for the tiles it looks at, in the
// same compact form, and the worker draws them as it draws the layers of the page. It answers what
// `geoplan.engine.Client` answers; what concerns the whole layer is asked of the service.
"use strict";

/** Tiles that are kept ready. */
geoplan.TILES_KEPT = 120;

geoplan.ServedLayer = class {
  constructor(layer) {
    Object.assign(this, layer.served, { layer, classes: [] });
    this.items = `collections/${encodeURIComponent(layer.id)}/items`;
    this.tiles = `collections/${encodeURIComponent(layer.id)}/tiles/WebMercatorQuad`;
    this.columns = layer.columns.map((name) => ({ name, hidden: false }));
    this.parts = new Map();
    this.predicates = [];
  }

  /** Styles come with each tile: which classes there are is known only then. */
  styleBy(styleOf) {
    this.styleOf = styleOf;
  }

  /** A tile of the map, 512 pixels wide, shows the ground of a tile one level above. */
  key(z, x, y) {
    return `${Math.max(0, z - 1)}/${y}/${x}`;
  }

  /** Have a tile's features, null where there are none; each is asked for once. */
  part(key) {
    if (!this.parts.has(key)) {
      const asked = this.fetched(key).catch((error) => {
        this.parts.delete(key); // so that it is asked for again
        throw error;
      });
      this.parts.set(key, asked);
      this.drop();
    }
    return this.parts.get(key);
  }

  async fetched(key) {
    const answer = await fetch(`${this.tiles}/${key}?f=compact`);
    // 404: the tile lies outside of the layer
    if (answer.status === 204 || answer.status === 404) return null;
    if (!answer.ok) throw new Error(`${answer.status} ${key}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const part = await geoplan.engine.openBytes(`${this.layer.id}/${key}`, bytes, geoplan.TRUST);
    part.styleBy(this.styleOf);
    if (this.predicates.length) await part.filter(this.predicates);
    return part;
  }

  /** Of more tiles than are kept, the oldest go. */
  drop() {
    while (this.parts.size > geoplan.TILES_KEPT) {
      const [[key, oldest]] = this.parts;
      this.parts.delete(key);
      oldest.then((part) => part && part.close(), () => null);
    }
  }

  /** Draw a tile; once it is cancelled nobody hears of it any more. */
  tile(tile) {
    const asked = { over: false };
    const drawn = this.part(this.key(tile.z, tile.x, tile.y)).then((part) => {
      if (asked.over) return new Promise(() => null);
      return part ? part.tile(tile).then((picture) => (asked.over ? new Promise(() => null) : picture)) : null;
    });
    return Object.assign(drawn, { ask: asked });
  }

  cancel(asked) {
    asked.over = true;
  }

  async hit(latlng, zoom) {
    const z = Math.round(zoom);
    const at = L.CRS.EPSG3857.latLngToPoint(latlng, z).divideBy(512).floor();
    const part = await this.parts.get(this.key(z, at.x, at.y));
    return part ? part.hit(latlng, zoom) : null;
  }

  /** Ask the service for features: `matched` and `features`. */
  async ask(parameters) {
    const answer = await fetch(`${this.items}?${new URLSearchParams({ f: "json", ...parameters })}`);
    if (!answer.ok) throw new Error(`${answer.status} ${this.items}`);
    const { numberMatched, features } = await answer.json();
    return { matched: numberMatched, features: features.map((one) => this.told(one)) };
  }

  told({ id, geometry, properties }) {
    const values = this.layer.columns.map((name) => (properties[name] === undefined ? null : properties[name]));
    return { row: -1, id, values, shape: geometry, anchor: null };
  }

  /** The first features, as many as rows are named. */
  async features(rows) {
    return rows.length ? (await this.ask({ limit: rows.length })).features : [];
  }

  async byIds(ids) {
    return Promise.all(ids.map(async (id) => {
      const answer = await fetch(`${this.items}/${encodeURIComponent(id)}?f=json`);
      return answer.ok ? this.told(await answer.json()) : null;
    }));
  }

  async search(text, { limit = 20, names = [] } = {}) {
    if (!names.length) return { total: 0, found: [] };
    const { like, name } = geoplan.cql;
    const filter = names.map((one) => `CASEI(${name(one)}) LIKE CASEI(${like(text)})`).join(" OR ");
    const { matched, features } = await this.ask({ limit, filter });
    return { total: matched, found: features.map((one) => ({ ...one, column: names[0], fit: 2, shown: true })) };
  }

  /** Filter what is here, and what comes; how many are shown is for the service to say. */
  async filter(predicates) {
    this.predicates = predicates;
    const here = await Promise.all([...this.parts.values()]);
    await Promise.all(here.filter(Boolean).map((part) => part.filter(predicates)));
    if (!predicates.length) return { shown: this.count, visible: null };
    const known = predicates.filter(({ column }) => this.layer.columns.includes(column));
    if (predicates.some((one) => !known.includes(one) && !one.nulls)) return { shown: 0, visible: null };
    if (!known.length) return { shown: this.count, visible: null };
    const filter = known.map((one) => geoplan.cql.predicate(one)).join(" AND ");
    return { shown: (await this.ask({ limit: 1, filter })).matched, visible: null };
  }

  /** Which values there are is not known without looking at every feature. */
  async describe() {
    return null;
  }
};

/** Writes CQL2: what comes from elsewhere is quoted, never pasted. */
geoplan.cql = (() => {
  const text = (value) => `'${String(value).replace(/'/g, "''")}'`;
  const literal = (value) => (typeof value === "string" ? text(value) : String(value));
  const name = (column) => `"${column.replace(/"/g, '""')}"`;
  const like = (value) => text(`%${String(value).replace(/[\\%_]/g, "\\$&")}%`);
  const predicate = ({ column, in: values, min = null, max = null, nulls }) => {
    const own = name(column);
    const parts = [];
    if (values) parts.push(values.length ? `${own} IN (${values.map(literal).join(", ")})` : "1 = 0");
    if (min !== null) parts.push(`${own} >= ${literal(min)}`);
    if (max !== null) parts.push(`${own} <= ${literal(max)}`);
    const all = parts.join(" AND ");
    return nulls ? `(${own} IS NULL OR (${all}))` : `(${all})`;
  };
  return { like, name, predicate };
})();
