// Says phrases, names and figures in the language of the moment.
"use strict";

geoplan.Words = class {
  constructor(phrases, lang) {
    this.phrases = phrases;
    this.lang = lang;
  }

  say(key, values = {}) {
    return this.phrase(`map.${key}`, key, values);
  }

  /** What a code of a group is called, such as a severity; an unheard-of code stands as it is. */
  code(group, key, values = {}) {
    return this.phrase(`${group}.${key}`, key, values);
  }

  phrase(key, otherwise, values) {
    const text = geoplan.own(this.phrases[this.lang], key) || String(otherwise);
    return text.replace(/\{(\w+)\}/g, (whole, name) =>
      Object.prototype.hasOwnProperty.call(values, name) ? String(values[name]) : whole
    );
  }

  /** A text that the data carry in both languages. */
  of(text) {
    return text ? text[this.lang] : "";
  }

  /** What the schema of a layer's kind says of a column, null where it says nothing. */
  field(layer, column) {
    return geoplan.own(layer.fields, column);
  }

  /** What a column is called, its unit behind; a column that no schema knows is called as it is. */
  column(layer, name, unit = true) {
    const field = this.field(layer, name);
    if (!field) return name;
    return unit && field.unit ? `${this.of(field.label)} ${field.unit}` : this.of(field.label);
  }

  number(value, decimals) {
    return value.toLocaleString("en-US", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
  }

  /** A figure that is not there is said to be not measured; it never reads as zero. */
  measured(value, write) {
    return typeof value === "number" ? write(value) : this.say("not-measured");
  }

  hectares(squareMetres) {
    return this.measured(squareMetres, (value) => this.say("hectares", {
      value: this.number(value / 1e4, value !== 0 && Math.abs(value) < 1000 ? 4 : 2),
    }));
  }

  squareMetres(value) {
    return this.measured(value, () => `${this.number(value, Math.abs(value) < 100 ? 2 : 0)} m²`);
  }

  metres(value) {
    return this.say("metres", { value: this.number(value, Math.abs(value) < 100 ? 2 : 0) });
  }

  /** A share; what is not quite all, or not quite nothing, is never rounded to it. */
  percent(ratio) {
    if (typeof ratio !== "number") return this.say("not-measured");
    const shown = this.number(ratio * 100, 2);
    if (ratio < 1 && shown === "100.00") return "> 99.99%";
    if (ratio > 0 && shown === "0.00") return "< 0.01%";
    return `${shown}%`;
  }

  /** A figure as it was given, with no more decimals than it has. */
  plain(value, most = 3) {
    return value.toLocaleString("en-US", { maximumFractionDigits: most });
  }

  accuracy(value) {
    return this.say("accuracy", { value: this.plain(value, 2) });
  }

  kilometres(value) {
    return this.say("kilometres", { value: this.plain(value) });
  }

  /** An amount given in 10,000 CNY, and once more in the unit in which people speak of it. */
  money(value) {
    const large = value / (this.lang === "zh" ? 1e4 : 1e5);
    return this.say("money", { value: this.plain(value, 2), large: this.plain(large, 6) });
  }

  /** A value of a column with a known domain in words; any other value as it stands. */
  term(layer, column, value) {
    const field = this.field(layer, column);
    if (!field || typeof value !== "string") return this.value(value);
    const said = (code) => this.of(geoplan.own(field.values, code)) || code;
    return field.multiple
      ? this.list(value.split(";").map((part) => said(part.trim()))) : said(value);
  }

  value(value) {
    if (value === null) return this.say("not-published");
    if (value === true) return this.say("yes");
    if (value === false) return this.say("no");
    return String(value);
  }

  list(texts) {
    return texts.join(this.lang === "zh" ? "、" : ", ");
  }
};
