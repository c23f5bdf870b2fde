// The tool that tells the coordinates of a place, copies them, and goes to those that are typed.
"use strict";

geoplan.Coordinates = class {
  constructor(app, places, end) {
    this.app = app;
    this.map = app.planMap.map;
    this.words = app.words;
    this.places = places;
    app.planMap.pane("measure", 640);
    this.mark = L.layerGroup();
    this.aim = new geoplan.Aim(this.map, { take: (at) => this.take(at), end });
    this.at = null;
    this.typed = "";
    this.wrong = null;
  }

  open() {
    this.mark.addTo(this.map);
    this.aim.start();
    this.input.focus({ preventScroll: true });
  }

  close() {
    this.aim.stop();
    this.mark.clearLayers().remove();
    Object.assign(this, { at: null, typed: "", wrong: null });
  }

  take(at) {
    this.at = at;
    this.wrong = null;
    const style = { pane: "measure", interactive: false, fill: false };
    this.mark.clearLayers();
    L.circleMarker(at, { ...style, radius: 8, color: "#FFFFFF", weight: 6 }).addTo(this.mark);
    L.circleMarker(at, { ...style, radius: 8, color: "#0B57D0", weight: 2.5 }).addTo(this.mark);
    this.show();
  }

  /** Go to what was typed; what is unclear or outside of the plan is said, and nothing moves. */
  go() {
    this.typed = this.input.value;
    const { at, wrong } = this.places.read(this.typed);
    const outside = at && !this.ground().contains(at);
    this.wrong = wrong || (outside ? "goto-outside" : null);
    if (this.wrong) {
      this.show();
      return;
    }
    this.take(at);
    this.map.setView(at, Math.max(this.map.getZoom(), 15), { animate: false });
  }

  ground() {
    const [west, south, east, north] = this.app.data.plan.extent;
    return L.latLngBounds([south, west], [north, east]).extend(this.app.planMap.bounds);
  }

  content() {
    const { words } = this;
    this.input = geoplan.el("input", {
      class: "tool-input", name: "place", autocomplete: "off", spellcheck: "false", maxlength: 80,
      "aria-label": words.say("goto"), placeholder: words.say(this.places.plane ? "goto-example" : "goto-example-degrees"),
      "aria-describedby": "place-wrong",
      input: () => { this.typed = this.input.value; },
    });
    this.input.value = this.typed;
    this.alert = geoplan.el("p", { class: "tool-wrong", id: "place-wrong", role: "alert" });
    this.facts = geoplan.el("div", { "aria-live": "polite" });
    const form = geoplan.el("form", {
      class: "tool-form",
      submit: (event) => {
        event.preventDefault();
        this.go();
      },
    }, this.input, geoplan.el("button", { class: "tool-button main" }, words.say("goto-go")));
    this.show();
    return [form, this.alert, this.facts];
  }

  show() {
    const { words } = this;
    this.alert.textContent = this.wrong ? words.say(this.wrong, this.limits()) : "";
    if (!this.at) {
      geoplan.refill(this.facts, geoplan.el("p", { class: "tool-note" }, words.say("place-how")));
      return;
    }
    const plane = this.places.inPlane(this.at);
    const row = (key, value) => geoplan.el("tr", {},
      geoplan.el("th", { scope: "row" }, words.say(key)), geoplan.el("td", { class: "copyable" }, value));
    geoplan.refill(this.facts,
      geoplan.el("table", { class: "facts" }, geoplan.el("tbody", {},
        row("lon-lat", this.places.degrees(this.at)), row("sexagesimal", this.places.sexagesimal(this.at)),
        plane && [row("plane-x", plane.x), row("plane-y", plane.y)])),
      plane && geoplan.el("p", { class: "tool-note" }, this.places.planeName()),
      geoplan.el("div", { class: "tool-buttons" },
        geoplan.copyButton(words, "copy-degrees", () => this.places.degrees(this.at)),
        plane && geoplan.copyButton(words, "copy-plane", () => `${plane.x}, ${plane.y}`)));
  }

  limits() {
    const [west, south, east, north] = this.app.data.plan.extent;
    const { meridian } = this.places.said || {};
    return { west, south, east, north, meridian, zone: meridian / 3 };
  }
};
