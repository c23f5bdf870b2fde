// Tiles in GCJ-02, each moved to where its ground is: one shift for a city would leave up to 66 m.
"use strict";

geoplan.gcj02 = (() => {
  const RADIANS = Math.PI / 180;
  /** Krasovsky's semi-major axis and squared eccentricity, as in geoplan/ingest/offsets.py. */
  const A = 6378245;
  const E2 = 0.00669342162296594323;
  const [WEST, SOUTH, EAST, NORTH] = [72.004, 0.8293, 137.8347, 55.8271];

  const waves = (terms, at) => terms.reduce((sum, [height, per]) => sum + height * Math.sin(at * Math.PI / per), 0);
  const fine = (x) => waves([[20, 1 / 6], [20, 1 / 2]], x) * 2 / 3;

  const offset = (x, y) => [
    300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x)) + fine(x)
      + waves([[20, 1], [40, 3], [150, 12], [300, 30]], x) * 2 / 3,
    -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x)) + fine(x)
      + waves([[20, 1], [40, 3], [160, 12], [320, 30]], y) * 2 / 3,
  ];

  /** WGS 84 to GCJ-02. */
  const forward = ({ lat, lng }) => {
    if (lng < WEST || lng > EAST || lat < SOUTH || lat > NORTH) return L.latLng(lat, lng);
    const [east, north] = offset(lng - 105, lat - 35);
    const sine = Math.sin(lat * RADIANS);
    const magic = 1 - E2 * sine * sine;
    const root = Math.sqrt(magic);
    return L.latLng(
      lat + north / ((A * (1 - E2)) / (magic * root) * RADIANS),
      lng + east / (A / root * Math.cos(lat * RADIANS) * RADIANS));
  };

  /** GCJ-02 to WGS 84: each round gains two digits. */
  const inverse = (at) => {
    let found = at;
    for (let round = 0; round < 5; round += 1) {
      const there = forward(found);
      found = L.latLng(found.lat - (there.lat - at.lat), found.lng - (there.lng - at.lng));
    }
    return found;
  };

  return { forward, inverse };
})();

geoplan.ShiftedTiles = L.TileLayer.extend({
  /** Where a tile stands: the middle of its ground, not of its number. */
  _getTilePos(coords) {
    const size = this.getTileSize();
    const middle = coords.scaleBy(size).add(size.divideBy(2));
    const ground = geoplan.gcj02.inverse(this._map.unproject(middle, coords.z));
    const shift = this._map.project(ground, coords.z).subtract(middle);
    return L.TileLayer.prototype._getTilePos.call(this, coords).add(shift);
  },

  /** Which tiles are in view: those whose ground is. */
  _getTiledPixelBounds(centre) {
    const bounds = L.TileLayer.prototype._getTiledPixelBounds.call(this, centre);
    const zoom = this._tileZoom;
    const shift = this._map.project(geoplan.gcj02.forward(centre), zoom).subtract(this._map.project(centre, zoom));
    return L.bounds(bounds.min.add(shift).subtract([2, 2]), bounds.max.add(shift).add([2, 2]));
  },
});
