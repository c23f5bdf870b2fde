// Filters of the features by status, phase and year: which are shown on map and lists. The year can
// play. Those without a stated value are kept unless asked otherwise: not known is not no.
"use strict";

geoplan.BEGINS = "phase_start_year";
geoplan.SETS = ["status", "phase"];
geoplan.YEAR_MS = 900;

geoplan.Filters = class {
  constructor(index, planMap, app) {
    this.index = index;
    this.words = index.words;
    this.planMap = planMap;
    this.app = app;
    this.layers = index.layersOf("plan");
    this.sets = new Map();
    this.off = new Map(geoplan.SETS.map((column) => [column, new Set()]));
    this.year = null;
    this.nulls = true;
    this.counts = null;
    this.chip = geoplan.el("button", { type: "button", class: "filter-chip", hidden: true, click: () => this.reset() });
    const Chip = L.Control.extend({ onAdd: () => this.chip });
    new Chip({ position: "topleft" }).addTo(planMap.map);
    L.DomEvent.disableClickPropagation(this.chip);
  }

  /** Learn which values there are. */
  async learn() {
    const told = await Promise.all(this.layers.map((layer) =>
      Promise.all([...geoplan.SETS, geoplan.BEGINS].map((column) => layer.engine.describe(column)))));
    geoplan.SETS.forEach((column, place) => {
      const values = told.flatMap((one) => (one[place] ? one[place].values.map(([value]) => value) : []));
      this.sets.set(column, [...new Set(values)]);
    });
    const years = told.map((one) => one[geoplan.SETS.length]).filter((one) => one && one.minimum !== undefined);
    this.first = Math.min(...years.map((one) => one.minimum));
    this.last = Math.max(...years.map((one) => one.maximum));
    return this;
  }

  get hasYears() {
    return Number.isFinite(this.first) && this.first < this.last;
  }

  get isUseful() {
    return this.hasYears || [...this.sets.values()].some((values) => values.length > 1);
  }

  get isOn() {
    return this.year !== null || [...this.off.values()].some((values) => values.size);
  }

  /** Its parts stay while they are used: a slider that is made anew drops the hand that drags it. */
  section(panel) {
    if (!this.isUseful) return null;
    this.note = geoplan.el("p", { class: "filter-told", role: "status" });
    this.end = geoplan.el("button", { type: "button", class: "link", click: () => this.reset() },
      this.words.say("filter-reset"));
    this.whether = this.unknown();
    const made = panel.section("filter", null, geoplan.SETS.map((column) => this.choices(column)),
      this.hasYears ? this.years() : null, this.whether, this.note, this.end);
    this.render();
    return made;
  }

  /** A box for each value that stands in a column. */
  choices(column) {
    const values = this.sets.get(column);
    if (values.length < 2) return null;
    const layer = this.layers.find((one) => this.words.field(one, column)) || this.layers[0];
    const off = this.off.get(column);
    return geoplan.el("fieldset", { class: "filter-set" },
      geoplan.el("legend", {}, this.words.column(layer, column, false)),
      this.inOrder(layer, column, values).map((value) => {
        const box = geoplan.el("input", {
          type: "checkbox", "data-filter": `${column}:${value}`,
          change: () => {
            if (box.checked) off.delete(value);
            else off.add(value);
            this.apply();
          },
        });
        this.boxes.push(() => { box.checked = !off.has(value); });
        return geoplan.el("label", {}, box, geoplan.el("span", {}, this.words.term(layer, column, value)));
      }));
  }

  /** In the order of the schema, where it has one. */
  inOrder(layer, column, values) {
    const known = Object.keys((this.words.field(layer, column) || { values: {} }).values);
    const place = (value) => (known.includes(value) ? known.indexOf(value) : known.length);
    return [...values].sort((a, b) => place(a) - place(b));
  }

  years() {
    const says = geoplan.el("output", {});
    const slider = geoplan.el("input", {
      type: "range", min: this.first, max: this.last, step: 1, "data-filter": "year",
      "aria-label": this.words.say("filter-year"),
      input: () => this.setYear(Number(slider.value)),
    });
    const play = geoplan.el("button", {
      type: "button", class: "filter-play", click: () => (this.playing ? this.stop() : this.play()),
    });
    this.boxes.push(() => {
      slider.value = this.year === null ? this.last : this.year;
      slider.setAttribute("aria-valuetext", this.saidYear());
      says.textContent = this.saidYear();
      play.textContent = this.words.say(this.playing ? "filter-stop" : "filter-play");
      play.setAttribute("aria-pressed", String(Boolean(this.playing)));
    });
    return geoplan.el("fieldset", { class: "filter-set" },
      geoplan.el("legend", {}, this.words.say("filter-year")),
      geoplan.el("div", { class: "filter-years" }, play, slider, says));
  }

  saidYear() {
    return this.year === null ? this.words.say("filter-all-years") : this.words.say("filter-by-year", { year: this.year });
  }

  /** The last year of all holds everything back no more. */
  setYear(year) {
    this.year = year >= this.last ? null : year;
    return this.apply();
  }

  play() {
    let year = this.year === null ? this.first : this.year;
    this.playing = setInterval(() => {
      year += 1;
      if (year >= this.last) this.stop();
      this.setYear(year);
    }, geoplan.YEAR_MS);
    this.setYear(year);
  }

  stop() {
    clearInterval(this.playing);
    this.playing = null;
    this.render();
  }

  unknown() {
    const box = geoplan.el("input", {
      type: "checkbox", "data-filter": "nulls",
      change: () => {
        this.nulls = box.checked;
        this.apply();
      },
    });
    this.boxes = [() => { box.checked = this.nulls; }];
    return geoplan.el("label", { class: "filter-unknown" }, box, geoplan.el("span", {}, this.words.say("filter-unknown")));
  }

  predicates() {
    const { nulls } = this;
    const chosen = [...this.off].filter(([, off]) => off.size).map(([column, off]) =>
      ({ column, in: this.sets.get(column).filter((value) => !off.has(value)), nulls }));
    return this.year === null ? chosen : [...chosen, { column: geoplan.BEGINS, max: this.year, nulls }];
  }

  /** Show what is chosen; while layers answer, what was asked last wins. */
  async apply() {
    const asked = (this.asked = (this.asked || 0) + 1);
    const predicates = this.predicates();
    const shown = await Promise.all(this.layers.map((layer) => this.planMap.filter(layer, predicates)));
    if (asked !== this.asked) return;
    const total = this.layers.reduce((sum, layer) => sum + layer.engine.count, 0);
    this.counts = { shown: shown.reduce((sum, one) => sum + one, 0), total };
    this.app.filtered();
  }

  reset() {
    if (this.playing) this.stop();
    this.off.forEach((values) => values.clear());
    this.year = null;
    this.nulls = true;
    return this.apply();
  }

  told() {
    if (!this.isOn || !this.counts) return this.words.say("filter-none");
    const { shown, total } = this.counts;
    return this.words.say("filter-told", { shown: this.words.plain(shown), total: this.words.plain(total) });
  }

  /** A filter is never forgotten: the map says that it is on, and one press ends it. */
  render() {
    this.chip.hidden = !this.isOn;
    geoplan.refill(this.chip, this.told(), " · ", geoplan.el("span", {}, this.words.say("filter-reset")));
    if (!this.note) return;
    this.boxes.forEach((show) => show());
    this.note.textContent = this.told();
    this.end.hidden = !this.isOn;
    this.whether.hidden = !this.isOn;
  }
};
