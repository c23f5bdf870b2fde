// Finds what lies in a rectangle: boxes of 16 neighbours in one box, and so on to the top.
"use strict";

geoplan.engine.NOWHERE = [2 ** 30, 2 ** 30, -1, -1];
geoplan.engine.NODE = 16;

geoplan.engine.Tree = class {
  /** The boxes have to stand in an order in which neighbours follow each other. */
  constructor(boxes) {
    this.levels = [boxes];
    while (this.levels[this.levels.length - 1].length > 4 * geoplan.engine.NODE) {
      this.levels.push(this.above(this.levels[this.levels.length - 1]));
    }
  }

  above(boxes) {
    const size = 4 * geoplan.engine.NODE;
    const found = new Int32Array(4 * Math.ceil(boxes.length / size));
    for (let start = 0, to = 0; start < boxes.length; start += size, to += 4) {
      found.set(this.around(boxes, start, Math.min(boxes.length, start + size)), to);
    }
    return found;
  }

  around(boxes, from, end) {
    let [west, north, east, south] = geoplan.engine.NOWHERE;
    for (let i = from; i < end; i += 4) {
      if (boxes[i] < west) west = boxes[i];
      if (boxes[i + 1] < north) north = boxes[i + 1];
      if (boxes[i + 2] > east) east = boxes[i + 2];
      if (boxes[i + 3] > south) south = boxes[i + 3];
    }
    return [west, north, east, south];
  }

  whole() {
    const top = this.levels[this.levels.length - 1];
    return this.around(top, 0, top.length);
  }

  /**
   * Visit rows whose boxes meet a rectangle, in order. A node for which `small` is true is not
   * opened: `visit` is called once for all of its rows, with the first and the end of them.
   */
  search(west, north, east, south, visit, small = null) {
    const { NODE } = geoplan.engine;
    const { levels } = this;
    const look = (level, from, to) => {
      const boxes = levels[level];
      for (let node = from; node < to; node += 1) {
        const i = 4 * node;
        if (boxes[i] > east || boxes[i + 1] > south || boxes[i + 2] < west || boxes[i + 3] < north) continue;
        if (level === 0) visit(node, node + 1);
        else if (small && small(boxes[i + 2] - boxes[i], boxes[i + 3] - boxes[i + 1])) {
          const rows = NODE ** level;
          visit(node * rows, Math.min(levels[0].length / 4, (node + 1) * rows));
        } else look(level - 1, node * NODE, Math.min(levels[level - 1].length / 4, (node + 1) * NODE));
      }
    };
    look(levels.length - 1, 0, levels[levels.length - 1].length / 4);
  }
};
