// The findings of a check: which are shown, in which order, and their figures in words.
"use strict";

geoplan.FINDINGS = ":findings";
geoplan.SEVERITIES = ["prohibited", "approval_required", "notice"];
geoplan.OUTCOMES = ["hit", "uncertain"];

geoplan.Findings = class {
  constructor(index) {
    this.index = index;
    this.words = index.words;
    this.data = index.data.check;
    this.rows = this.data.rows;
    this.hidden = new Set();
    this.sidesAreShown = () => true;
    this.order = "check";
    this.byFeature = new Map();
    for (const row of this.rows) {
      for (const side of ["subject", "object"]) {
        const key = index.key(row[`${side}_layer`], row[`${side}_id`]);
        if (!this.byFeature.has(key)) this.byFeature.set(key, []);
        this.byFeature.get(key).push(row);
      }
    }
  }

  rule(row) {
    return this.data.rules[row.rule_id];
  }

  look(row) {
    return this.index.data.marks.severity[this.rule(row).severity];
  }

  classOf(row) {
    return `${this.rule(row).severity}:${row.outcome}`;
  }

  /** Of the kinds chosen, and none of its sides held back by a filter of the features. */
  isShown(row) {
    return !this.hidden.has(this.classOf(row)) && this.sidesAreShown(row);
  }

  count(severity, outcome) {
    return this.rows.filter((row) => this.classOf(row) === `${severity}:${outcome}`).length;
  }

  /** Those of the kinds chosen, in the order chosen; the check's own order decides between equals. */
  shown() {
    const severity = (row) => geoplan.SEVERITIES.indexOf(this.rule(row).severity);
    const rank = {
      check: () => 0,
      severity,
      rule: (row) => row.rule_id,
      subject: (row) => this.sideName(row, "subject"),
      // of unlike units, how far over the threshold is a share of it
      margin: (row) => (row.threshold ? row.margin / row.threshold : Infinity),
    }[this.order];
    const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, this.words.lang) : a === b ? 0 : a - b);
    return this.rows.filter((row) => this.isShown(row)).sort((a, b) => compare(rank(a), rank(b)));
  }

  of(layer, feature) {
    return this.byFeature.get(this.index.key(layer.id, feature.id)) || [];
  }

  found(row, side) {
    return this.index.find(row[`${side}_layer`], row[`${side}_id`]);
  }

  /** What one side is called; the object may be all features of a kind together. */
  sideName(row, side) {
    const found = this.found(row, side);
    if (found) return this.index.nameOf(found.layer, found.feature);
    const { lang } = this.words;
    const names = [row[`${side}_name`], row[`${side}_name_en`]];
    if (lang === "en") names.reverse();
    const given = [...names, row[`${side}_id`]].find((name) => name !== undefined);
    return given === undefined ? this.words.code("finding", "all-objects") : String(given);
  }

  isIndicative(row) {
    return ["subject", "object"].some((side) => {
      const found = this.found(row, side);
      return found && this.index.trust(found.layer, found.feature).schematic;
    });
  }

  /**
   * A figure of the check in its unit. It is rounded for reading, but never so far that it seems
   * to be the threshold which it is not.
   */
  figure(row, name) {
    const value = row[name];
    if (typeof value !== "number") return null;
    const factor = row.unit === "1" ? 100 : 1;
    const shown = (number, places) => {
      const step = 10 ** Math.max(0, -places);
      const rounded = places < 0 ? Math.round(number * factor / step) * step || 0 : number * factor;
      return this.words.plain(rounded, Math.max(0, places));
    };
    const other = name === "measured" ? row.threshold : undefined;
    let places = Math.min(row.unit === "m²" && Math.abs(value) >= 100 ? 0 : 2, this.places(row, name, factor));
    while (typeof other === "number" && other !== value && places < 12
      && shown(value, places) === shown(other, places)) places += 1;
    return shown(value, places);
  }

  /** Decimals that mean something: of what is measured and its ±, to the second figure of the ±. */
  places(row, name, factor) {
    if (name === "threshold" || !(row.pm > 0)) return Infinity;
    return 1 - Math.floor(Math.log10(row.pm * factor));
  }

  unit(row) {
    return { 1: "%", "°": "°" }[row.unit] || ` ${row.unit || ""}`;
  }

  /** What was measured, with its ±; null where nothing was. */
  measured(row) {
    const value = this.figure(row, "measured");
    const pm = this.figure(row, "pm");
    if (value === null) return null;
    return `${value}${pm === null ? "" : ` ± ${pm}`}${this.unit(row)}`;
  }

  threshold(row) {
    const value = this.figure(row, "threshold");
    return value === null ? null : `${value}${this.unit(row)}`;
  }

  /** The line of a row: what was measured against what. */
  amount(row) {
    const measured = this.measured(row);
    const say = (key, values) => this.words.code("finding", key, values);
    const parts = [
      measured === null ? say("no-figure") : `${say(`measure-${row.measure}`)} ${measured}`,
      this.threshold(row) && say("threshold", { value: this.threshold(row) }),
    ];
    return parts.filter(Boolean).join(" / ");
  }

  /** Stretches or places on the subject; a list of several stands with semicolons in the answer. */
  chainage(row) {
    if (!row.chainage_from) return null;
    const [from, to] = [row.chainage_from, row.chainage_to || ""].map((ends) => ends.split(";"));
    return from.map((start, at) => (to[at] && to[at] !== start ? `${start}–${to[at]}` : start)).join("; ");
  }

  /** Law and article, and how far they were read: the one never stands without the other. */
  cited(rule) {
    if (!rule.law) return this.words.code("finding", "indicator");
    return `${this.words.of(rule.law)} ${rule.article} · ${this.words.code("confidence", rule.confidence)}`;
  }

  item(row) {
    return { type: "finding", row };
  }
};

/** The sign of a severity, a shape of its own beside its colour. */
geoplan.severitySign = (look, size = 14) => {
  const shape = {
    barred: () => [
      geoplan.svg("circle", { cx: 8, cy: 8, r: 6.4, fill: "#FFFFFF", stroke: look.colour, "stroke-width": 2.6 }),
      geoplan.svg("path", { d: "M4 4L12 12", stroke: look.colour, "stroke-width": 2.6 })],
    triangle: () => [geoplan.svg("path", { d: "M8 1.5L15 14.5H1Z", fill: look.colour }),
      geoplan.svg("path", { d: "M8 6V10M8 11.4V13", stroke: "#FFFFFF", "stroke-width": 1.8 })],
    square: () => [geoplan.svg("rect", { x: 1.5, y: 1.5, width: 13, height: 13, fill: look.colour }),
      geoplan.svg("path", { d: "M8 7V12.5M8 3.5V5.3", stroke: "#FFFFFF", "stroke-width": 1.8 })],
  }[look.sign];
  return geoplan.svg("svg", {
    width: size, height: size, viewBox: "0 0 16 16", class: "severity-sign", "aria-hidden": "true",
  }, shape());
};

/** The number of a finding: sign, number, and a question mark where it is uncertain. */
geoplan.findingNumber = (findings, row) => {
  const node = geoplan.el("span", { class: `finding-number finding-${row.outcome}` },
    geoplan.severitySign(findings.look(row)),
    geoplan.el("b", {}, row.outcome === "uncertain" ? `${row.number}?` : row.number));
  node.style.borderColor = findings.look(row).colour;
  return node;
};
