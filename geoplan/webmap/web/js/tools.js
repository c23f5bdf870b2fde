// The row of tools over the map, and the tray of the one that is open.
"use strict";

geoplan.TOOL_ICONS = {
  distance: "M2 12L12 2L16 6L6 16ZM5 9L7 11M8 6L10 8",
  area: "M3 14L5 4L14 3L15 12L9 15Z",
  coordinates: "M9 2V6M9 12V16M2 9H6M12 9H16M9 9H9.01",
  print: "M5 7V2H13V7M5 13H3V7H15V13H13M5 11H13V16H5Z",
  picture: "M2 4H16V14H2ZM2 12L7 7L11 11L13 9L16 12",
};

geoplan.Tools = class {
  constructor(app) {
    this.app = app;
    this.words = app.words;
    const end = () => this.close();
    this.tools = {
      distance: new geoplan.Measure(app, "distance", end),
      area: new geoplan.Measure(app, "area", end),
      coordinates: new geoplan.Coordinates(app, app.furniture.places, end),
      print: new geoplan.Print(app, end),
      picture: new geoplan.Picture(app, end),
    };
    this.active = null;
    this.bar = geoplan.el("div", { class: "tool-bar", role: "toolbar" },
      Object.keys(this.tools).map((key) => this.button(key)));
    this.tray = geoplan.el("section", { class: "tool-tray", hidden: true, "aria-labelledby": "tool-title" });
    document.body.append(this.tray);
    app.furniture.add("topleft", this.bar);
  }

  button(key) {
    return geoplan.el("button", { type: "button", "data-tool": key, click: () => this.toggle(key) },
      geoplan.svg("svg", { width: 18, height: 18, viewBox: "0 0 18 18", "aria-hidden": "true" },
        geoplan.svg("path", { d: geoplan.TOOL_ICONS[key], stroke: "currentColor", fill: "none",
          "stroke-width": 1.6, "stroke-linecap": "round", "stroke-linejoin": "round" })));
  }

  toggle(key) {
    const was = this.active;
    this.close();
    if (was === key) return;
    this.app.close(); // a card of details would lie over what is measured
    this.active = key;
    this.render();
    this.tools[key].open();
  }

  close() {
    if (!this.active) return;
    const key = this.active;
    this.active = null;
    this.tools[key].close();
    this.render();
    const button = this.bar.querySelector(`[data-tool=${key}]`);
    button.focus({ preventScroll: true });
  }

  render() {
    for (const button of this.bar.children) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === this.active));
    }
    this.tray.hidden = !this.active;
    geoplan.refill(this.tray, this.active ? [
      geoplan.el("div", { class: "tool-head" },
        geoplan.el("h2", { id: "tool-title" }, this.words.say(`tool-${this.active}`)),
        geoplan.el("button", {
          type: "button", class: "close", click: () => this.close(),
          "aria-label": this.words.say("close"), title: this.words.say("close"),
        }, "×")),
      this.tools[this.active].content(),
    ] : []);
  }

  translate() {
    this.bar.setAttribute("aria-label", this.words.say("tools"));
    for (const button of this.bar.children) {
      const name = this.words.say(`tool-${button.dataset.tool}`);
      button.setAttribute("aria-label", name);
      button.title = name;
    }
    this.render();
  }
};
