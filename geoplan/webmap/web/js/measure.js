// Measures distances and areas on the ellipsoid, by mouse, touch or keyboard.
"use strict";

geoplan.Measure = class {
  /** `kind` is "distance" or "area". */
  constructor(app, kind, end) {
    this.map = app.planMap.map;
    this.words = app.words;
    this.kind = kind;
    const { a, f } = app.data.plan.ellipsoid;
    this.geodesic = new geoplan.Geodesic(a, f);
    app.planMap.pane("measure", 640);
    this.drawn = L.layerGroup();
    this.ahead = L.layerGroup();
    this.aim = new geoplan.Aim(this.map, {
      take: (at) => this.take(at), undo: () => this.undo(), finish: () => this.finish(), end,
      hover: (at) => this.hover(at),
    });
    this.reset();
  }

  reset() {
    this.points = [];
    this.finished = false;
  }

  open() {
    this.drawn.addTo(this.map);
    this.ahead.addTo(this.map);
    this.aim.start();
  }

  close() {
    this.aim.stop();
    this.reset();
    for (const group of [this.drawn, this.ahead]) group.clearLayers().remove();
  }

  take(at) {
    if (this.finished) this.reset();
    const last = this.points[this.points.length - 1];
    if (last && last.lat === at.lat && last.lng === at.lng) this.finish();
    else this.points.push(at);
    this.draw();
  }

  undo() {
    this.finished = false;
    this.points.pop();
    this.draw();
  }

  finish() {
    this.finished = this.points.length > 0;
    this.draw();
  }

  draw() {
    this.drawn.clearLayers();
    this.ahead.clearLayers();
    const area = this.kind === "area" && this.points.length > 2;
    const corners = area ? [...this.points, this.points[0]] : this.points;
    const line = this.geodesic.line(corners);
    const style = { pane: "measure", interactive: false, fill: area, fillColor: "#0B57D0", fillOpacity: 0.12 };
    const draw = area ? L.polygon : L.polyline;
    draw(line, { ...style, color: "#FFFFFF", weight: 6, fill: false }).addTo(this.drawn);
    draw(line, { ...style, color: "#0B57D0", weight: 2.5 }).addTo(this.drawn);
    this.points.forEach((at) => L.circleMarker(at, {
      pane: "measure", interactive: false, radius: 4.5, color: "#0B57D0", weight: 2, fillColor: "#FFFFFF", fillOpacity: 1,
    }).addTo(this.drawn));
    this.say();
  }

  /** The way from the last point to the pointer. */
  hover(at) {
    this.ahead.clearLayers();
    const from = this.points[this.points.length - 1];
    const follows = at && from && !this.finished;
    if (this.next) this.next.textContent = follows ? this.words.say("measure-next", { value: this.metres(this.geodesic.length([from, at])) }) : "";
    if (!follows) return;
    L.polyline(this.geodesic.line([from, at]), {
      pane: "measure", interactive: false, color: "#0B57D0", weight: 2, dashArray: "4 5",
    }).addTo(this.ahead);
  }

  /** Figures as a person would write them: to a centimetre below a kilometre, to a metre above. */
  metres(value) {
    if (!Number.isFinite(value)) return this.words.say("not-measured");
    if (value < 1000) return `${this.words.number(value, 2)} m`;
    return `${this.words.number(value / 1000, 3)} km`;
  }

  squareMetres(value) {
    if (!Number.isFinite(value)) return [this.words.say("not-measured")];
    const unit = (per, decimals, name) => `${this.words.number(value / per, decimals)} ${name}`;
    if (value < 1e4) return [unit(1, 2, "m²")];
    if (value < 1e6) return [unit(1e4, 4, "ha"), unit(1, 0, "m²")];
    return [unit(1e6, 4, "km²"), unit(1e4, 2, "ha")];
  }

  /** The result in lines of text, as they are shown and copied; none before there is one. */
  lines() {
    const { words, points } = this;
    if (this.kind === "distance") {
      if (points.length < 2) return [];
      const legs = points.length > 2
        ? [words.say("measure-last", { value: this.metres(this.geodesic.length(points.slice(-2))) })] : [];
      return [words.say("measure-length", { value: this.metres(this.geodesic.length(points)) }), ...legs];
    }
    if (points.length < 3) return [];
    if (this.crosses()) return [words.say("measure-crosses")];
    const around = this.geodesic.length([...points, points[0]]);
    return [words.say("measure-area-is", { value: this.squareMetres(this.geodesic.area(points)).join(" = ") }),
      words.say("measure-around", { value: this.metres(around) })];
  }

  /** Whether two sides of the area cross: what lies inside is not said then. */
  crosses() {
    const at = this.points.map((point) => this.map.project(point, 20));
    const turn = (a, b, c) => Math.sign((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x));
    const count = at.length;
    return at.some((a, i) => at.some((c, j) => {
      if (j < i + 2 || (i === 0 && j === count - 1)) return false;
      const [b, d] = [at[i + 1], at[(j + 1) % count]];
      return turn(a, b, c) !== turn(a, b, d) && turn(c, d, a) !== turn(c, d, b);
    }));
  }

  content() {
    const { words } = this;
    const button = (key, click, off) => geoplan.el("button",
      { type: "button", class: "tool-button", "data-measure": key, disabled: off, click }, words.say(`measure-${key}`));
    this.result = geoplan.el("output", { class: "tool-result", role: "status" });
    this.next = geoplan.el("p", { class: "tool-next" });
    this.buttons = geoplan.el("div", { class: "tool-buttons" },
      button("centre", () => this.take(this.map.getCenter())),
      button("undo", () => this.undo()),
      button("finish", () => this.finish()));
    this.copying = geoplan.el("div", { class: "tool-buttons" },
      geoplan.copyButton(words, "copy-result", () => this.lines().join("\n")));
    const nodes = [this.result, this.next, this.buttons, this.copying,
      geoplan.el("p", { class: "tool-note" }, words.say("measure-basis"))];
    this.say();
    return nodes;
  }

  say() {
    if (!this.result) return;
    const lines = this.lines();
    const shown = lines.length ? lines : [this.words.say(`measure-how-${this.kind}`)];
    geoplan.refill(this.result, shown.map((line) => geoplan.el("span", {}, line)));
    this.copying.hidden = lines.length === 0;
    for (const one of this.buttons.children) {
      one.disabled = one.dataset.measure !== "centre" && (this.points.length === 0
        || (one.dataset.measure === "finish" && this.finished));
    }
  }
};
