// From the grid to degrees: geometries as GeoJSON has them, places, and the other way.
"use strict";

/** Longitude and latitude of a place on the grid, to a hundredth of a metre. */
geoplan.engine.degrees = (x, y, bits) => {
  const size = 2 ** bits;
  const round = (value) => Math.round(value * 1e7) / 1e7;
  const latitude = Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / size)));
  return [round((x / size) * 360 - 180), round((latitude * 180) / Math.PI)];
};

/** The place on the grid, not rounded, of a longitude and a latitude. */
geoplan.engine.onGrid = (lng, lat, bits) => {
  const size = 2 ** bits;
  const sine = Math.sin((lat * Math.PI) / 180);
  return [(lng / 360 + 0.5) * size, (0.5 - Math.atanh(sine) / (2 * Math.PI)) * size];
};

geoplan.engine.Shapes = class {
  constructor(layer) {
    this.layer = layer;
  }

  /** A feature's geometry as GeoJSON, null where it has none. */
  of(row) {
    const { layer } = this;
    const kind = layer.kinds[row];
    if (!kind) return null;
    const parts = [];
    for (let part = layer.parts[row]; part < layer.parts[row + 1]; part += 1) parts.push(this.part(part, kind));
    const names = ["Point", "LineString", "Polygon"];
    return kind > 3
      ? { type: `Multi${names[kind - 4]}`, coordinates: parts }
      : { type: names[kind - 1], coordinates: parts[0] };
  }

  part(part, kind) {
    const { layer } = this;
    const from = layer.paths[part];
    if (kind % 3 === 1) return this.path(from)[0];
    if (kind % 3 === 2) return this.atLeast(2, this.path(from));
    const rings = [];
    for (let path = from; path < layer.paths[part + 1]; path += 1) {
      const ring = this.path(path);
      rings.push(this.atLeast(4, [...ring, ring[0]]));
    }
    return rings;
  }

  /** What shrank on a coarse grid is still a line or a ring. */
  atLeast(count, places) {
    while (places.length < count) places.push(places[places.length - 1]);
    return places;
  }

  path(path) {
    const { xy, vertices, bits } = this.layer;
    const places = [];
    for (let i = vertices[path]; i < vertices[path + 1]; i += 1) {
      places.push(geoplan.engine.degrees(xy[2 * i], xy[2 * i + 1], bits));
    }
    return places;
  }

  /** West, south, east, north in degrees of the whole layer, null where nothing has a position. */
  bounds() {
    const { tree, bits } = this.layer;
    const [west, north, east, south] = tree.whole();
    if (east < west) return null;
    return [...geoplan.engine.degrees(west, south, bits), ...geoplan.engine.degrees(east, north, bits)];
  }

  /** A place on the feature: inside of an area, half way along a line. */
  anchor(row) {
    const { layer } = this;
    const dimension = layer.dimension(row);
    if (!dimension) return null;
    const place = dimension === 3 ? this.inside(row) : this.halfWay(row, dimension);
    return geoplan.engine.degrees(place[0], place[1], layer.bits);
  }

  halfWay(row, dimension) {
    const { xy, vertices } = this.layer;
    const from = vertices[this.layer.pathStart(row)];
    const to = vertices[this.layer.pathStart(row) + 1] - 1;
    const middle = dimension === 1 ? from : (from + to) >> 1;
    return [xy[2 * middle], xy[2 * middle + 1]];
  }

  /** The middle of the widest stretch of the area on the row of its box's middle. */
  inside(row) {
    const { layer } = this;
    const { xy, vertices, boxes } = layer;
    const y = (boxes[4 * row + 1] + boxes[4 * row + 3]) / 2 + 0.25;
    const crossings = [];
    for (let path = layer.pathStart(row); path < layer.pathEnd(row); path += 1) {
      for (let i = vertices[path], j = vertices[path + 1] - 1; i < vertices[path + 1]; j = i, i += 1) {
        const below = xy[2 * i + 1] > y;
        if (below === xy[2 * j + 1] > y) continue;
        const share = (y - xy[2 * i + 1]) / (xy[2 * j + 1] - xy[2 * i + 1]);
        crossings.push(xy[2 * i] + share * (xy[2 * j] - xy[2 * i]));
      }
    }
    crossings.sort((a, b) => a - b);
    let best = [xy[2 * vertices[layer.pathStart(row)]], 0];
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const wide = crossings[i + 1] - crossings[i];
      if (wide > best[1]) best = [crossings[i] + wide / 2, wide];
    }
    return [best[0], y];
  }

  /** The places of labels that came with the layer, by row; null where there are none. */
  anchors() {
    const { layer } = this;
    const section = layer.section("anchors");
    if (!section) return null;
    const located = layer.kinds.reduce((sum, kind) => sum + (kind > 0), 0);
    const places = geoplan.engine.places(section, located);
    let next = 0;
    return Array.from(layer.kinds, (kind) => {
      if (!kind) return null;
      next += 1;
      return geoplan.engine.degrees(places[2 * next - 2], places[2 * next - 1], layer.bits);
    });
  }
};
