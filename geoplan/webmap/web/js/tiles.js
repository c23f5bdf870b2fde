// A Leaflet layer whose tiles the engine draws. A tile keeps its picture until the next one is there.
"use strict";

geoplan.Tiles = L.GridLayer.extend({
  options: { tileSize: 512, keepBuffer: 1, updateWhenIdle: false, updateWhenZooming: false, noWrap: true },

  /** Take an engine's layer; its styles have to be set before it is added to a map. */
  initialize(client, options) {
    L.GridLayer.prototype.initialize.call(this, options);
    this.client = client;
    this.shown = new Map();
    this.on("tileunload", ({ tile }) => {
      this.forget(tile);
      this.shown.delete(tile);
    });
  },

  getEvents() {
    // between two whole zooms Leaflet stretches tiles: they are drawn as fine as they are shown
    const events = L.GridLayer.prototype.getEvents.call(this);
    return { ...events, zoomend: () => this.refreshIf((entry) => entry.density !== this.density()) };
  },

  density() {
    const zoom = this._map.getZoom();
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    return ratio * this._map.getZoomScale(zoom, Math.round(zoom));
  },

  createTile(coords, done) {
    const tile = L.DomUtil.create("canvas", "geoplan-tile");
    this.shown.set(tile, { coords });
    this.draw(tile, done);
    return tile;
  },

  /** Draw all tiles anew, such as after a filter. */
  refresh() {
    this.refreshIf(() => true);
  },

  refreshIf(isStale) {
    for (const [tile, entry] of this.shown) {
      if (isStale(entry)) this.draw(tile, entry.done);
    }
  },

  forget(tile) {
    const { asked } = this.shown.get(tile) || {};
    if (asked) this.client.cancel(asked);
  },

  draw(tile, done) {
    const entry = this.shown.get(tile);
    this.forget(tile);
    const { z, x, y } = entry.coords;
    const density = this.density();
    const answer = this.client.tile({ z, x, y, size: this.options.tileSize, density });
    Object.assign(entry, { asked: answer.ask, density, done });
    answer.then((picture) => {
      Object.assign(entry, { asked: null, done: null });
      this.show(tile, picture);
      if (done) done(null, tile);
      if (![...this.shown.values()].some((one) => one.asked)) this.fire("drawn");
    }, (error) => {
      entry.asked = null;
      if (done) done(error, tile);
    });
  },

  /** A picture that a worker handed over, the canvas of a page without one, or nothing. */
  show(tile, picture) {
    if (picture === null && !tile.width) return;
    if (typeof ImageBitmap !== "undefined" && picture instanceof ImageBitmap) {
      tile.width = picture.width;
      tile.height = picture.height;
      tile.getContext("bitmaprenderer").transferFromImageBitmap(picture);
    } else if (picture) {
      tile.width = picture.width;
      tile.height = picture.height;
      tile.getContext("2d").drawImage(picture, 0, 0);
    } else tile.width = tile.width; // a canvas that gets a width is empty
  },
});
