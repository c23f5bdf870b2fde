// Rasters and basemaps under the plan: embedded images, or tiles of a server in a page that says so.
"use strict";

/** A layer that is not the plan's: its title, its place in the list, how strongly it opens. */
geoplan.Pictures = class {
  constructor(planMap) {
    this.planMap = planMap;
    const { pictures = [], online } = planMap.index.data;
    this.list = [];
    pictures.forEach((one, place) => this.add(one, place, (pane) => one.images.map(({ bounds, url }) => {
      const [west, south, east, north] = bounds;
      return L.imageOverlay(url, [[south, west], [north, east]], { pane, alt: "", className: "picture" });
    })));
    if (online) this.add({ id: ":online", title: online.title, opacity: 1 }, pictures.length, (pane) => this.online(online, pane));
  }

  add(one, place, layers) {
    const pane = this.planMap.pane(`layer-${one.id}`, 210 + place);
    this.planMap.groups.set(one.id, L.layerGroup(layers(pane)).addTo(this.planMap.map));
    this.planMap.setOpacity(one.id, one.opacity);
    this.list.unshift(one); // the list names first what lies on top
  }

  online({ addresses, hosts, shifted, max_zoom: maxNativeZoom }, pane) {
    const Tiles = shifted ? geoplan.ShiftedTiles : L.TileLayer;
    return addresses.map((address) => new Tiles(address,
      { pane, subdomains: hosts, maxNativeZoom, maxZoom: 20, referrerPolicy: "no-referrer" }));
  }

  /** Their rows in the panel, with a switch and a slider each. */
  rows(panel) {
    return this.list.map((one) => {
      const title = panel.words.of(one.title);
      return geoplan.el("li", { class: "layer" },
        geoplan.el("div", { class: "layer-row" },
          panel.visibility(one.id, title, geoplan.svg("svg", { class: "swatch", width: 36, height: 22, viewBox: "0 0 36 22", "aria-hidden": "true" },
            geoplan.svg("rect", { x: 2, y: 2, width: 32, height: 18, rx: 1.5, fill: "#D7DEE5", stroke: "#8995A1" }),
            geoplan.svg("path", { d: "M2 17L12 8L20 15L26 10L34 17", fill: "none", stroke: "#5A6876", "stroke-width": 1.4 })))),
        geoplan.opacitySlider(this.planMap, one.id, title));
    });
  }
};
