// A sheet with the map on it: title, legend, scale, north, date and sources; for paper and for pictures.
"use strict";

geoplan.Sheet = class {
  constructor(app) {
    this.app = app;
    this.words = app.words;
    this.map = app.planMap.map;
    this.root = null;
  }

  /** Lay out a sheet of some size (CSS lengths; null takes what is needed) and put the map on it. */
  open({ width, height, wide, title, mapSize }) {
    const container = this.map.getContainer();
    this.before = {
      parent: container.parentNode, next: container.nextSibling, snap: this.map.options.zoomSnap,
      centre: this.map.getCenter(), zoom: this.map.getZoom(), bounds: this.map.getBounds(),
    };
    this.frame = geoplan.el("div", { class: "sheet-map" });
    this.facts = geoplan.el("p", { class: "sheet-facts" });
    this.root = geoplan.el("main", { class: `sheet ${wide ? "sheet-wide" : "sheet-tall"}`, id: "sheet" },
      geoplan.el("header", {}, geoplan.el("h1", {}, title), this.remarks()),
      this.frame, this.legend(), this.facts);
    Object.assign(this.root.style, { width, height: height || "auto" });
    if (mapSize) Object.assign(this.frame.style, { width: `${mapSize.x + 2}px`, height: `${mapSize.y + 2}px` });
    document.body.append(this.root);
    document.body.classList.add("sheeted");
    this.frame.append(container);
    this.shrinkLegend();
    this.map.options.zoomSnap = 0;
    this.map.invalidateSize({ animate: false, pan: false });
  }

  close() {
    const container = this.map.getContainer();
    this.before.parent.insertBefore(container, this.before.next);
    this.root.remove();
    this.root = null;
    document.body.classList.remove("sheeted");
    this.map.options.zoomSnap = this.before.snap;
    this.map.invalidateSize({ animate: false, pan: false });
    this.map.setView(this.before.centre, this.before.zoom, { animate: false });
  }

  /** Show the ground that was on the screen, or show it 1:N; say the N that it became. */
  place(wanted) {
    const { ellipsoid } = this.app.data.plan;
    const { centre, bounds } = this.before;
    const whole = geoplan.scale.denominator(centre.lat, this.map.getBoundsZoom(bounds), ellipsoid);
    const ratio = wanted || geoplan.scale.rounded(whole, 2, Math.ceil);
    this.map.setView(centre, geoplan.scale.zoomFor(ratio, centre.lat, ellipsoid), { animate: false });
    return ratio;
  }

  /** What the plan says of itself, and that it is a sketch where it is one. */
  remarks() {
    const { plan } = this.app.data;
    const banner = document.getElementById("banner");
    return [
      plan.note && geoplan.el("p", {}, this.words.of(plan.note)),
      !banner.hidden && geoplan.el("p", { class: "sheet-banner" }, this.words.say("banner")),
    ].filter(Boolean);
  }

  /** What is switched on, with its symbol. */
  legend() {
    const { index, planMap, panel } = this.app;
    const item = (swatch, title) => geoplan.el("li", {}, swatch, geoplan.el("span", {}, title));
    const layers = (role) => index.layersOf(role).filter((layer) => planMap.isVisible(layer.id))
      .map((layer) => item(geoplan.paint.layerSwatch(layer, index.symbolOf(layer)), this.words.of(layer.title)));
    const conflict = index.data.symbols.conflict;
    const overlaps = index.data.overlaps && planMap.isVisible(geoplan.OVERLAPS)
      && item(geoplan.paint.swatch("area", [geoplan.strokes.conflictArea(conflict)]), this.words.of(conflict.title));
    const findings = panel.findings && planMap.isVisible(geoplan.FINDINGS) && this.findings(panel.findings);
    return geoplan.el("aside", { class: "sheet-legend" },
      geoplan.el("h2", {}, this.words.say("legend")),
      geoplan.el("ul", {}, [findings, overlaps, ...layers("plan")].filter(Boolean)),
      geoplan.signs(index), geoplan.el("ul", {}, layers("context")));
  }

  /** The panel's entry of the findings, without its switch. */
  findings(part) {
    const entry = part.legend();
    entry.querySelectorAll("input, .count").forEach((one) => one.remove());
    return entry;
  }

  /** A long legend is set smaller; what has no room even so is counted, never silently cut off. */
  shrinkLegend() {
    const legend = this.root.querySelector(".sheet-legend");
    const tooLong = () => legend.scrollHeight > legend.clientHeight + 1 || legend.scrollWidth > legend.clientWidth + 1;
    for (const size of ["12px", "10.5px", "9px"]) {
      legend.style.fontSize = size;
      if (!tooLong()) return;
    }
    const more = geoplan.el("p", { class: "sheet-more" });
    legend.append(more);
    const entries = [...legend.querySelectorAll("li")];
    for (let left = 0; tooLong() && entries.length; more.textContent = this.words.say("legend-more", { count: left })) {
      entries.pop().remove();
      left += 1;
    }
  }

  /** The last line: scale, date, sources, and whether the sheet may be published. */
  sayFacts(ratio) {
    const { plan } = this.app.data;
    const { centre } = this.before;
    geoplan.refill(this.facts,
      geoplan.el("strong", {}, this.words.say("sheet-scale", {
        ratio: this.words.number(ratio, 0), lat: Math.abs(centre.lat).toFixed(3), ns: this.words.say(centre.lat < 0 ? "south" : "north"),
      })),
      [...document.getElementById("attribution").children].map((one) => one.cloneNode(true)),
      plan.plane && geoplan.el("span", {}, this.app.furniture.places.planeName()));
  }
};
