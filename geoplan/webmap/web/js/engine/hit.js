// Which feature lies at a place?
"use strict";

geoplan.engine.hit = (() => {
  const isInside = (layer, row, x, y) => {
    const { xy, vertices } = layer;
    let inside = false;
    for (let path = layer.pathStart(row); path < layer.pathEnd(row); path += 1) {
      for (let i = vertices[path], j = vertices[path + 1] - 1; i < vertices[path + 1]; j = i, i += 1) {
        const yi = xy[2 * i + 1];
        const yj = xy[2 * j + 1];
        if (yi > y !== yj > y && x < ((xy[2 * j] - xy[2 * i]) * (y - yi)) / (yj - yi) + xy[2 * i]) inside = !inside;
      }
    }
    return inside;
  };

  const toSegment = (x, y, ax, ay, bx, by) => {
    const long = (bx - ax) ** 2 + (by - ay) ** 2;
    const share = long ? Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / long)) : 0;
    return Math.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay));
  };

  const isNear = (layer, row, x, y, reach) => {
    const { xy, vertices } = layer;
    for (let path = layer.pathStart(row); path < layer.pathEnd(row); path += 1) {
      const end = vertices[path + 1];
      for (let i = vertices[path]; i < end; i += 1) {
        const j = Math.min(i + 1, end - 1);
        if (toSegment(x, y, xy[2 * i], xy[2 * i + 1], xy[2 * j], xy[2 * j + 1]) <= reach) return true;
      }
    }
    return false;
  };

  /**
   * The row of the uppermost visible feature at a place of the grid, -1 for none: points and
   * lines within a reach, areas that contain the place.
   */
  return (layer, x, y, reach) => {
    let found = -1;
    layer.tree.search(x - reach, y - reach, x + reach, y + reach, (row) => {
      if (!layer.visible[row]) return;
      const touches = layer.dimension(row) === geoplan.engine.AREA ? isInside : isNear;
      if (touches(layer, row, x, y, reach)) found = row;
    });
    return found;
  };
})();
