// What stands on a map besides its content: north arrow, zoom, scale, coordinates.
"use strict";

geoplan.Furniture = class {
  constructor(map, words, goHome, plan) {
    this.map = map;
    this.words = words;
    this.places = new geoplan.Places(plan, words);
    this.ellipsoid = plan.ellipsoid;
    this.goHome = goHome;
    this.pointer = null;
    this.add("topright", this.north());
    this.add("topright", this.zoom());
    this.readout = geoplan.el("output", { class: "readout", id: "readout" });
    this.inPlane = geoplan.el("output", { class: "readout", id: "plane-readout" });
    this.add("bottomleft", geoplan.el("div", { class: "readouts" }, this.inPlane, this.readout));
    this.ratio = geoplan.el("output", { class: "readout", id: "scale-readout" });
    const bar = new geoplan.scale.Bar({ imperial: false, maxWidth: 120, ellipsoid: this.ellipsoid });
    this.add("bottomleft", geoplan.el("div", { class: "scales" }, this.ratio, this.barOf(bar)));
    map.on("mousemove", (event) => this.point(event.latlng));
    map.on("mouseout", () => this.point(null));
    map.on("move zoomend resize", () => this.read());
  }

  add(position, node) {
    const Control = L.Control.extend({ onAdd: () => node });
    L.DomEvent.disableClickPropagation(node);
    new Control({ position }).addTo(this.map);
  }

  /** Leaflet's bar beside the ratio, in one box with it. */
  barOf(bar) {
    bar.addTo(this.map);
    return bar.getContainer();
  }

  north() {
    this.letter = geoplan.svg("text", { x: 17, y: 12, "text-anchor": "middle" });
    this.arrow = geoplan.svg("svg",
      { class: "north", width: 34, height: 46, viewBox: "0 0 34 46", role: "img" },
      this.letter,
      geoplan.svg("path", { d: "M17 15L9 42L17 36Z", fill: "#2B3A48" }),
      geoplan.svg("path", { d: "M17 15L25 42L17 36Z", fill: "#FFFFFF", stroke: "#2B3A48",
        "stroke-linejoin": "round" }),
      geoplan.svg("path", { d: "M17 15L9 42L17 36Z", fill: "none", stroke: "#2B3A48",
        "stroke-linejoin": "round" }));
    return geoplan.el("div", { class: "north-box" }, this.arrow);
  }

  zoom() {
    const icon = (d) => geoplan.svg("svg", { width: 18, height: 18, viewBox: "0 0 18 18",
      "aria-hidden": "true" }, geoplan.svg("path", { d, stroke: "currentColor", fill: "none",
      "stroke-width": 1.8, "stroke-linecap": "round", "stroke-linejoin": "round" }));
    const button = (d, click) => geoplan.el("button", { type: "button", click }, icon(d));
    this.buttons = {
      "zoom-in": button("M9 3V15M3 9H15", () => this.map.zoomIn(1)),
      "zoom-out": button("M3 9H15", () => this.map.zoomOut(1)),
      "whole-plan": button("M3 7V3H7M11 3H15V7M15 11V15H11M7 15H3V11", () => this.goHome()),
    };
    return geoplan.el("div", { class: "zoom-box", role: "group" }, Object.values(this.buttons));
  }

  point(latlng) {
    this.pointer = latlng;
    this.read();
  }

  read() {
    const at = this.pointer || this.map.getCenter();
    const side = (value, positive, negative) => this.words.say(value < 0 ? negative : positive);
    this.readout.textContent = this.words.say(this.pointer ? "at-pointer" : "at-centre", {
      lon: Math.abs(at.lng).toFixed(5), lat: Math.abs(at.lat).toFixed(5),
      ew: side(at.lng, "east", "west"), ns: side(at.lat, "north", "south"),
    });
    const plane = this.places.inPlane(at, 1);
    this.inPlane.hidden = !plane;
    if (plane) {
      this.inPlane.textContent = this.words.say("in-plane", { ...plane, meridian: this.places.said.meridian });
      this.inPlane.title = this.places.planeName();
    }
    const ratio = geoplan.scale.denominator(this.map.getCenter().lat, this.map.getZoom(), this.ellipsoid);
    this.ratio.textContent = this.words.say("scale-at-centre",
      { ratio: this.words.number(geoplan.scale.rounded(ratio), 0) });
  }

  translate() {
    this.letter.textContent = this.words.say("north-letter");
    this.arrow.setAttribute("aria-label", this.words.say("north-arrow"));
    for (const [key, button] of Object.entries(this.buttons)) {
      button.setAttribute("aria-label", this.words.say(key));
      button.title = this.words.say(key);
    }
    this.read();
  }
};
