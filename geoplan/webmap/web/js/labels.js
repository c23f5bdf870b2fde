// Names and conflict numbers on the map; where two would collide the later one waits for a
// closer zoom.
"use strict";

geoplan.Labels = class {
  constructor(map) {
    this.map = map;
    map.createPane("names").style.zIndex = 610;
    map.createPane("numbers").style.zIndex = 620;
    this.entries = [];
    map.on("zoomend resize", () => this.arrange());
  }

  /** Take a label; the lowest rank is placed first, and within a rank what came first. */
  add({ pane, rank, anchor, text, className, colour, onClick, title, bounds, places, from = 0, stays }) {
    const node = geoplan.el("span", {}, text);
    if (colour) node.style.color = colour;
    // most names of a full map find no room: their markers are never made
    const make = () => {
      const marker = L.marker([anchor[1], anchor[0]], {
        pane, icon: L.divIcon({ className, iconSize: null, html: node }), title: title || "",
        interactive: Boolean(onClick), keyboard: Boolean(onClick),
      });
      return onClick ? marker.on("click", onClick) : marker;
    };
    const entry = {
      make, marker: null, node, bounds, places: places || [0], rank, from, stays, always: false,
    };
    this.entries.push(entry);
    return entry;
  }

  clear() {
    this.entries.forEach((entry) => entry.marker && entry.marker.remove());
    this.entries = [];
  }

  arrange() {
    const taken = [];
    const inOrder = [...this.entries].sort((a, b) => b.always - a.always || a.rank - b.rank);
    for (const entry of inOrder) {
      const box = this.fits(entry) ? this.place(entry, taken) : null;
      if (box) taken.push(box);
      else if (entry.marker) entry.marker.remove();
    }
  }

  /** Try the places of a label in turn; say which box it took, or null. */
  place(entry, taken) {
    entry.marker = entry.marker || entry.make();
    entry.marker.addTo(this.map);
    // a name that has to stay on its shape does not leave the middle half of it
    const farthest = entry.stays ? this.size(entry.bounds).y / 4 : Infinity;
    for (const below of entry.places.filter((one) => Math.abs(one) <= farthest)) {
      const box = this.box(entry, below);
      if (entry.always || !taken.some((other) => other.intersects(box))) {
        const { offsetWidth, offsetHeight, style } = entry.marker.getElement();
        style.margin = `${below - offsetHeight / 2}px 0 0 ${-offsetWidth / 2}px`;
        return box;
      }
    }
    return null;
  }

  /** A name stands only on a shape that is large enough to carry it. */
  fits(entry) {
    if (this.map.getZoom() < entry.from) return false;
    if (!entry.bounds) return true;
    const size = this.size(entry.bounds);
    return Math.max(size.x, size.y) > 40;
  }

  size(bounds) {
    const nw = this.map.latLngToContainerPoint(bounds.getNorthWest());
    return this.map.latLngToContainerPoint(bounds.getSouthEast()).subtract(nw);
  }

  /** The room a label asks for; the higher its rank, the more it keeps away from others. */
  box({ marker, node, rank }, below) {
    const away = Math.min(10, Math.max(0, rank - 1) * 5);
    const half = L.point(node.offsetWidth / 2 + 3 + away, node.offsetHeight / 2 + 1 + away);
    const at = this.map.latLngToLayerPoint(marker.getLatLng()).add([0, below]);
    return L.bounds(at.subtract(half), at.add(half));
  }
};
