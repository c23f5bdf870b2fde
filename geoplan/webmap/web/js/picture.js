// The view as a PNG with legend, scale and north, shown so that it can be saved where downloads are blocked.
"use strict";

geoplan.Picture = class {
  constructor(app, end) {
    this.app = app;
    this.words = app.words;
    this.end = end;
    this.sheet = new geoplan.Sheet(app);
    this.onKey = (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.end();
    };
  }

  content() {
    this.said = geoplan.el("p", { role: "status" }, this.words.say("picture-making"));
    return this.said;
  }

  async open() {
    document.addEventListener("keydown", this.onKey, true);
    try {
      const { canvas, leftOut } = await this.draw();
      const blob = await new Promise((made) => canvas.toBlob(made, "image/png"));
      if (this.isOpen()) this.show(URL.createObjectURL(blob), leftOut);
    } catch (failed) { // too little memory for the canvas, as a rule
      this.said.textContent = this.words.say("picture-failed");
    }
  }

  isOpen() {
    return this.app.tools.active === "picture";
  }

  close() {
    document.removeEventListener("keydown", this.onKey, true);
    if (!this.view) return;
    URL.revokeObjectURL(this.address);
    this.view.remove();
    this.view = null;
  }

  /** Lay the view out as a sheet of its own size, and draw that. */
  async draw() {
    const mapSize = this.app.planMap.map.getSize();
    const wide = mapSize.x >= 560;
    const { ellipsoid, title } = this.app.data.plan;
    const { map } = this.app.planMap;
    const ratio = geoplan.scale.denominator(map.getCenter().lat, map.getZoom(), ellipsoid);
    // the map as it is, the frame around it, the margins of a sheet and the column of the legend
    const width = `calc(${mapSize.x + 2}px + ${wide ? "81mm" : "18mm"})`;
    this.sheet.open({ width, wide, mapSize, title: this.words.of(title) });
    try {
      this.sheet.sayFacts(geoplan.scale.rounded(ratio));
      const { root } = this.sheet;
      return await geoplan.painter.paint(root, Math.min(2, 8000 / Math.max(root.offsetWidth, root.offsetHeight)));
    } finally {
      this.sheet.close();
    }
  }

  show(address, leftOut) {
    const { words } = this;
    this.address = address;
    this.app.tools.tray.hidden = true;
    const name = document.title.replace(/[^\p{L}\p{N} _-]+/gu, "").trim() || "map";
    const close = geoplan.el("button", { type: "button", class: "tool-button", click: () => this.end() }, words.say("close"));
    this.view = geoplan.el("section", { class: "picture-view", role: "dialog", "aria-modal": "true", "aria-label": words.say("tool-picture") },
      geoplan.el("div", { class: "tool-buttons" },
        geoplan.el("a", { class: "tool-button main", href: address, download: `${name}.png` }, words.say("picture-save")), close,
        geoplan.el("span", {}, words.say("picture-by-hand")),
        leftOut ? geoplan.el("span", { class: "tool-wrong" }, words.say("picture-left-out")) : null),
      geoplan.el("img", { src: address, alt: document.title }));
    document.body.append(this.view);
    this.view.querySelector("a").focus({ preventScroll: true });
  }
};
