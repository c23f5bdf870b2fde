// A faint net of meridians and parallels with their degrees at the edge of the map.
"use strict";

geoplan.GRATICULE_STEPS = [10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
geoplan.GRATICULE_NARROWEST_PX = 120;

geoplan.Graticule = class {
  constructor(map) {
    this.map = map;
    map.createPane("graticule").style.zIndex = 250;
    map.createPane("degrees").style.zIndex = 605;
    this.group = L.layerGroup().addTo(map);
    map.on("moveend resize", () => this.draw());
  }

  step() {
    const size = this.map.getSize();
    const bounds = this.map.getBounds();
    const degreesPerPixel = (bounds.getEast() - bounds.getWest()) / Math.max(size.x, 1);
    const wide = geoplan.GRATICULE_STEPS.filter(
      (step) => step / degreesPerPixel >= geoplan.GRATICULE_NARROWEST_PX
    );
    return wide.length ? wide[wide.length - 1] : geoplan.GRATICULE_STEPS[0];
  }

  draw() {
    this.group.clearLayers();
    const step = this.step();
    const bounds = this.map.getBounds();
    const wide = bounds.pad(0.5);
    const size = this.map.getSize(); // labels keep clear of the corners, where controls stand
    const decimals = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
    for (const lon of this.between(wide.getWest(), wide.getEast(), step)) {
      this.line([[wide.getSouth(), lon], [wide.getNorth(), lon]]);
      const at = this.map.latLngToContainerPoint([bounds.getNorth(), lon]).x;
      const text = `${Math.abs(lon).toFixed(decimals)}°${lon < 0 ? "W" : "E"}`;
      if (at < size.x - 120) this.label(L.point(at, 3), text, "top");
    }
    for (const lat of this.between(wide.getSouth(), wide.getNorth(), step)) {
      this.line([[lat, wide.getWest()], [lat, wide.getEast()]]);
      const at = this.map.latLngToContainerPoint([lat, bounds.getWest()]).y;
      const text = `${Math.abs(lat).toFixed(decimals)}°${lat < 0 ? "S" : "N"}`;
      if (at > 40 && at < size.y - 44) this.label(L.point(4, at), text, "side");
    }
  }

  between(from, to, step) {
    const first = Math.ceil(from / step);
    const count = Math.max(0, Math.floor(to / step) - first + 1);
    return Array.from({ length: count }, (_, place) => (first + place) * step);
  }

  line(points) {
    L.polyline(points, {
      pane: "graticule", color: "#D5DADF", weight: 1, interactive: false,
    }).addTo(this.group);
  }

  label(point, text, side) {
    L.marker(this.map.containerPointToLatLng(point), {
      pane: "degrees", interactive: false, keyboard: false,
      icon: L.divIcon({
        className: `degree degree-${side}`, iconSize: null, html: geoplan.el("span", {}, text),
      }),
    }).addTo(this.group);
  }
};
