// A layer as it is read from its bytes: geometries as integers on a grid, columns to be read later.
"use strict";

geoplan.engine.NONE = 0;
geoplan.engine.POINT = 1;
geoplan.engine.LINE = 2;
geoplan.engine.AREA = 3;

geoplan.engine.Layer = class {
  constructor(bytes) {
    const [head, sections] = this.open(bytes);
    this.count = head.count;
    this.bits = head.bits;
    this.section = (name) => sections.get(name);
    this.columns = head.columns.map((told, place) =>
      new geoplan.engine.Column(told, (part) => sections.get(`${place}.${part}`), head.count));
    this.id = this.columns[0];
    this.attributes = this.columns.slice(1).filter((column) => !column.hidden);
    this.shapes();
    this.boxes = this.boxesOf();
    this.visible = new Uint8Array(this.count).fill(1);
    this.classes = new Uint16Array(this.count);
  }

  open(bytes) {
    const magic = String.fromCharCode(...bytes.subarray(0, 3));
    if (magic !== "GPM" || bytes[3] !== 1) throw new Error(`not a layer of version 1: ${magic} ${bytes[3]}`);
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    const sections = new Map();
    let at = 8 + length;
    for (const [name, size] of head.sections) {
      sections.set(name, bytes.subarray(at, at + size));
      at += size;
    }
    return [head, sections];
  }

  /** Features have parts, parts have paths (a line, a ring, a point), paths have vertices. */
  shapes() {
    const { varints, starts, places } = geoplan.engine;
    this.kinds = this.section("kinds");
    const many = this.kinds.reduce((sum, kind) => sum + (kind > 3), 0);
    const manyParts = varints(this.section("parts"), many, new Int32Array(many));
    let next = 0;
    this.parts = starts(Int32Array.from(this.kinds, (kind) => (kind > 3 ? manyParts[next++] : kind && 1)));
    this.paths = starts(this.pathCounts());
    this.vertices = starts(this.vertexCounts());
    this.xy = places(this.section("xy"), this.vertices[this.vertices.length - 1]);
  }

  /** Is it points, lines or areas, be it one or many? */
  dimension(row) {
    const kind = this.kinds[row];
    return kind > 3 ? kind - 3 : kind;
  }

  pathCounts() {
    const counts = new Int32Array(this.parts[this.count]).fill(1);
    let areas = 0;
    for (let row = 0; row < this.count; row += 1) {
      if (this.dimension(row) === 3) areas += this.parts[row + 1] - this.parts[row];
    }
    const rings = geoplan.engine.varints(this.section("rings"), areas, new Int32Array(areas));
    let next = 0;
    for (let row = 0; row < this.count; row += 1) {
      if (this.dimension(row) !== 3) continue;
      for (let part = this.parts[row]; part < this.parts[row + 1]; part += 1) counts[part] = rings[next++];
    }
    return counts;
  }

  vertexCounts() {
    const counts = new Int32Array(this.paths[this.paths.length - 1]).fill(1);
    let written = 0;
    for (let row = 0; row < this.count; row += 1) {
      if (this.dimension(row) > 1) written += this.pathEnd(row) - this.pathStart(row);
    }
    const lengths = geoplan.engine.varints(this.section("lengths"), written, new Int32Array(written));
    let next = 0;
    for (let row = 0; row < this.count; row += 1) {
      if (this.dimension(row) < 2) continue;
      for (let path = this.pathStart(row); path < this.pathEnd(row); path += 1) counts[path] = lengths[next++];
    }
    return counts;
  }

  pathStart(row) {
    return this.paths[this.parts[row]];
  }

  pathEnd(row) {
    return this.paths[this.parts[row + 1]];
  }

  /** West, north, east, south of each feature on the grid; of none, a box that meets nothing. */
  boxesOf() {
    const { xy } = this;
    const boxes = new Int32Array(4 * this.count);
    for (let row = 0; row < this.count; row += 1) {
      let [west, north, east, south] = geoplan.engine.NOWHERE;
      const end = 2 * this.vertices[this.pathEnd(row)];
      for (let i = 2 * this.vertices[this.pathStart(row)]; i < end; i += 2) {
        const x = xy[i];
        const y = xy[i + 1];
        if (x < west) west = x;
        if (x > east) east = x;
        if (y < north) north = y;
        if (y > south) south = y;
      }
      const at = 4 * row;
      boxes[at] = west;
      boxes[at + 1] = north;
      boxes[at + 2] = east;
      boxes[at + 3] = south;
    }
    return boxes;
  }

  /** The tree of the boxes; few features are found without one, so it is made when asked for. */
  get tree() {
    if (!this.grown) this.grown = new geoplan.engine.Tree(this.boxes);
    return this.grown;
  }

  column(name) {
    return this.columns.slice(1).find((column) => column.name === name) || null;
  }

  /** Rows by the text of their id. */
  rowOf(id) {
    if (!this.rows) {
      this.rows = new Map();
      for (let row = 0; row < this.count; row += 1) this.rows.set(String(this.id.value(row)), row);
    }
    const row = this.rows.get(String(id));
    return row === undefined ? -1 : row;
  }
};
