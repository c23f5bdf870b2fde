// A column of attributes. It is read when it is first asked for, not when the map opens.
"use strict";

geoplan.engine.Column = class {
  constructor(told, section, count) {
    this.name = told.name;
    this.type = told.type;
    this.hidden = Boolean(told.hidden);
    this.isText = told.type === "text" || told.type === "json";
    this.told = told;
    this.section = section;
    this.count = count;
  }

  /** The place of each row among the cells that are not empty, -1 for an empty one. */
  get places() {
    if (!this.known) {
      const nulls = this.section("nulls");
      this.known = new Int32Array(this.count);
      let place = 0;
      for (let row = 0; row < this.count; row += 1) {
        this.known[row] = nulls && geoplan.engine.bit(nulls, row) ? -1 : place++;
      }
      this.filled = place;
    }
    return this.known;
  }

  /** Figures by row, NaN where the cell is empty; days since 1970 of a date, 1 and 0 of yes and no. */
  get figures() {
    if (!this.read) {
      const { places } = this;
      const given = this.given();
      this.read = Float64Array.from(places, (place) => (place < 0 ? NaN : given[place]));
    }
    return this.read;
  }

  given() {
    const { engine } = geoplan;
    const values = this.section("values");
    if (this.type === "boolean") return Uint8Array.from({ length: this.filled }, (_, i) => engine.bit(values, i));
    if (this.type === "real" && this.told.decimals === undefined) return this.planes(values);
    const { minimum } = this.told;
    const factor = 10 ** (this.told.decimals || 0);
    return engine.varints(values, this.filled).map((value) => (value + minimum) / factor);
  }

  /** Figures whose first bytes stand together, then their second bytes, and so on. */
  planes(values) {
    const bytes = new Uint8Array(8 * this.filled);
    for (let plane = 0; plane < 8; plane += 1) {
      for (let i = 0; i < this.filled; i += 1) bytes[8 * i + plane] = values[plane * this.filled + i];
    }
    const view = new DataView(bytes.buffer);
    return Float64Array.from({ length: this.filled }, (_, i) => view.getFloat64(8 * i, true));
  }

  /** All words in one text, where each begins, and the word of each row (-1: an empty cell). */
  get words() {
    if (!this.spelled) {
      const { engine } = geoplan;
      const { places } = this;
      const listed = this.told.words !== undefined;
      const count = listed ? this.told.words : this.filled;
      const codes = listed ? engine.varints(this.section("codes"), this.filled, new Int32Array(this.filled)) : null;
      this.spelled = {
        text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.section("values")),
        starts: engine.starts(engine.varints(this.section("lengths"), count, new Int32Array(count))),
        codes: codes ? places.map((place) => (place < 0 ? -1 : codes[place])) : places,
      };
    }
    return this.spelled;
  }

  word(code) {
    const { text, starts } = this.words;
    return text.slice(starts[code], starts[code + 1]);
  }

  /** What stands in a cell, as the page writes it: null, text, a figure, yes or no. */
  value(row) {
    if (this.isText) {
      const code = this.words.codes[row];
      if (code < 0) return null;
      return this.type === "json" ? JSON.parse(this.word(code)) : this.word(code);
    }
    const figure = this.figures[row];
    if (Number.isNaN(figure)) return null;
    if (this.type === "boolean") return figure === 1;
    return this.type === "date" ? geoplan.engine.isoDate(figure) : figure;
  }

  /** A whole number for each row, the same where the cells are the same; and how to say it. */
  kinds() {
    if (this.isText && this.told.words !== undefined) {
      return { codes: this.words.codes, say: (code) => (code < 0 ? null : this.sayWord(code)) };
    }
    const cells = this.isText ? this.words.codes : this.figures;
    const seen = new Map();
    const rows = [];
    const codes = Int32Array.from(cells, (cell, row) => {
      if (Number.isNaN(cell) || (this.isText && cell < 0)) return -1;
      const key = this.isText ? this.word(cell) : cell;
      if (!seen.has(key)) seen.set(key, rows.push(row) - 1);
      return seen.get(key);
    });
    return { codes, say: (code) => (code < 0 ? null : this.value(rows[code])) };
  }

  sayWord(code) {
    return this.type === "json" ? JSON.parse(this.word(code)) : this.word(code);
  }
};

geoplan.engine.isoDate = (days) => {
  const date = new Date(days * 864e5);
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  return `${year}-${date.toISOString().slice(-19, -14)}`;
};
