// What is known of a feature: the essentials in a fixed order, then every other column.
"use strict";

geoplan.Facts = class {
  constructor(index, layer, feature) {
    this.index = index;
    this.words = index.words;
    this.layer = layer;
    this.feature = feature;
    this.told = new Set();
  }

  /** Take columns as told; say whether the layer has the first of them. */
  takes(...columns) {
    columns.forEach((column) => this.told.add(column));
    return this.layer.columns.includes(columns[0]);
  }

  value(column) {
    return this.index.value(this.layer, this.feature, column);
  }

  number(column) {
    const value = this.value(column);
    return typeof value === "number" ? value : null;
  }

  /** A row of a table: label, value, and whether the value is missing; notes stand below. */
  row(label, value, write, notes = []) {
    const missing = value === null;
    const below = notes.filter((note) => note !== null)
      .map((note) => geoplan.el("small", { class: "aside" }, String(note)));
    return [label, [missing ? this.words.say("not-published") : write(value), below], missing];
  }

  /** A row of one column, if the layer has it. */
  one(column, write = (value) => this.words.term(this.layer, column, value), ...notes) {
    if (!this.takes(column, ...notes)) return null;
    return this.row(this.words.column(this.layer, column), this.value(column), write,
      notes.map((note) => this.value(note)));
  }

  measure(column, write) {
    const words = this.words;
    if (!this.takes(column)) return null;
    const value = this.number(column);
    // a text in a column of figures is shown as it stands
    return this.row(words.column(this.layer, column), value === null ? this.value(column) : value,
      (given) => (typeof given === "number" ? write.call(words, given) : String(given)));
  }

  identity() {
    const { words } = this;
    return [
      [words.say("id"), String(this.feature.id)],
      this.name(),
      this.one("name_alias"),
      this.one("status", undefined, "status_note"),
      this.measure("geometry_accuracy_m", words.accuracy),
      this.one("coordinate_basis"),
      this.one("geometry_method"),
    ];
  }

  /** The name, and below it the one in the other language. */
  name() {
    const { layer, words } = this;
    if (!this.takes(layer.name_column, layer.name_en_column)) return null;
    const shown = this.index.nameOf(layer, this.feature);
    const others = [this.value(layer.name_column), this.value(layer.name_en_column)]
      .filter((name) => name !== null && String(name) !== shown);
    return this.row(words.column(layer, layer.name_column), shown, String, others);
  }

  /** What was published beside what the drawing measures. */
  figures() {
    const { words } = this;
    const pair = (label, declared, computed, given, drawn) => {
      const published = this.number(declared);
      const measured = this.number(computed);
      if (published === null && !this.layer.columns.includes(computed)) return null;
      this.takes(declared, computed);
      return {
        label: words.say(label),
        published: published === null ? null : given(published),
        measured: measured === null ? null : drawn(measured),
      };
    };
    return [
      pair("length", "declared_length_km", "length_m", (km) => words.kilometres(km),
        (metres) => [words.kilometres(metres / 1000),
          geoplan.el("small", { class: "aside" }, `${words.plain(metres, 2)} m`)]),
      pair("area", "declared_area_ha", "area_m2",
        (hectares) => words.say("hectares", { value: words.plain(hectares, 4) }),
        (area) => [words.hectares(area),
          geoplan.el("small", { class: "aside" }, words.squareMetres(area))]),
    ].filter(Boolean);
  }

  origin() {
    const { words } = this;
    return [
      this.one("declared_note"),
      this.takes("investment_total", "investment_note")
        ? this.row(words.column(this.layer, "investment_total", false), this.value("investment_total"),
          (value) => (typeof value === "number" ? words.money(value) : String(value)),
          [this.value("investment_note")])
        : null,
      this.one("source"),
      this.one("source_url", (value) => geoplan.el("span", { class: "copyable" }, String(value))),
      this.one("source_date"),
      this.remarks(),
    ];
  }

  remarks() {
    const columns = ["remarks", "remarks_en"];
    if (this.words.lang === "en") columns.reverse();
    const there = columns.filter((column) => this.layer.columns.includes(column));
    if (!there.length) return null;
    this.takes(...columns);
    const [first = null] = there.map((column) => this.value(column)).filter((text) => text !== null);
    return this.row(this.words.column(this.layer, "remarks"), first, String);
  }

  /** Every column that was not told yet; ask last. */
  rest() {
    return this.layer.columns.filter((column) => !this.told.has(column)).map((column) => this.one(column));
  }
};
