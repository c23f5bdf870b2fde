// How large the map is drawn: metres on the ground behind a pixel, the scale bar, and 1:N.
"use strict";

geoplan.scale = (() => {
  /** CSS has 96 px to the inch; on paper that is exact, on a screen about so. */
  const METRES_PER_PX = 0.0254 / 96;
  const MERCATOR_RADIUS = 6378137;
  const RADIANS = Math.PI / 180;

  /**
   * Metres of ground to a metre of the Mercator plane at a latitude: the geometric mean of both
   * radii of curvature, as Mercator on a sphere stretches north-south and east-west a little unlike.
   */
  const ground = (lat, { a, f }) => {
    const e2 = f * (2 - f);
    const root = 1 - e2 * Math.sin(lat * RADIANS) ** 2;
    const mean = a * Math.sqrt(1 - e2) / root;
    return mean / MERCATOR_RADIUS * Math.cos(lat * RADIANS);
  };

  /** Metres on the ground behind one pixel at a latitude and a zoom. */
  const perPixel = (lat, zoom, ellipsoid) =>
    ground(lat, ellipsoid) * 2 * Math.PI * MERCATOR_RADIUS / L.CRS.EPSG3857.scale(zoom);

  const denominator = (lat, zoom, ellipsoid) => perPixel(lat, zoom, ellipsoid) / METRES_PER_PX;

  const zoomFor = (wanted, lat, ellipsoid) =>
    Math.log2(denominator(lat, 0, ellipsoid) / wanted);

  /** A number with as many leading digits as are worth telling, rounded up where asked. */
  const rounded = (value, digits = 3, round = Math.round) => {
    const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) + 1 - digits);
    return round(value / unit) * unit;
  };

  /** Leaflet's bar, by the metres of the ellipsoid and not of a sphere. */
  const Bar = L.Control.Scale.extend({
    _update() {
      const map = this._map;
      const metres = perPixel(map.getCenter().lat, map.getZoom(), this.options.ellipsoid);
      this._updateScales(metres * this.options.maxWidth);
    },
  });

  return { METRES_PER_PX, perPixel, denominator, zoomFor, rounded, Bar };
})();
