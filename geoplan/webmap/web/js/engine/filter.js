// Which features are shown: those that every predicate lets through.
"use strict";

geoplan.engine.filter = (() => {
  /** The year of days since 1970, or of a text that begins with one. */
  const yearOf = (column) => (column.isText
    ? (code) => Number.parseInt(column.word(code), 10)
    : column.type === "date" ? (days) => new Date(days * 864e5).getUTCFullYear() : (figure) => figure);

  const day = (given) => (typeof given === "string" ? Date.parse(`${given}T00:00:00Z`) / 864e5 : given);

  const inRange = ({ min = null, max = null, year = false }, column) => {
    const read = year ? yearOf(column) : column.isText ? (code) => Number(column.word(code)) : (figure) => figure;
    const edge = (given) => (column.type === "date" && !year ? day(given) : given);
    const [low, high] = [edge(min), edge(max)];
    return (cell) => {
      const value = read(cell);
      return !Number.isNaN(value) && (low === null || value >= low) && (high === null || value <= high);
    };
  };

  const inSet = (values, column) => {
    if (column.isText) {
      const wanted = new Set(values.map((value) => JSON.stringify(value)));
      return (code) => wanted.has(JSON.stringify(column.sayWord(code)));
    }
    const wanted = new Set(values.map((value) => (column.type === "date" ? day(value) : Number(value))));
    return (figure) => wanted.has(figure);
  };

  /** Take out of a mask the rows that one predicate does not let through. */
  const apply = (layer, predicate, mask) => {
    const column = layer.column(predicate.column);
    const nulls = predicate.nulls ? 1 : 0;
    if (!column) {
      if (!nulls) mask.fill(0);
      return;
    }
    const passes = predicate.in ? inSet(predicate.in, column) : inRange(predicate, column);
    if (column.isText) {
      const { codes, starts } = column.words;
      const verdicts = Uint8Array.from({ length: starts.length - 1 }, (_, code) => passes(code));
      for (let row = 0; row < mask.length; row += 1) mask[row] &= codes[row] < 0 ? nulls : verdicts[codes[row]];
    } else {
      const { figures } = column;
      for (let row = 0; row < mask.length; row += 1) {
        mask[row] &= Number.isNaN(figures[row]) ? nulls : passes(figures[row]) ? 1 : 0;
      }
    }
  };

  /** Show what all predicates let through; say how many features that are. */
  return (layer, predicates) => {
    layer.visible.fill(1);
    predicates.forEach((predicate) => apply(layer, predicate, layer.visible));
    return layer.visible.reduce((sum, one) => sum + one, 0);
  };
})();

/** What a column holds, to build a filter from: its range, or its commonest values. */
geoplan.engine.describe = (layer, name, most = 200) => {
  const column = layer.column(name);
  if (!column) return null;
  const { codes, say } = column.kinds();
  const counts = new Map();
  for (const code of codes) counts.set(code, (counts.get(code) || 0) + 1);
  const nulls = counts.get(-1) || 0;
  counts.delete(-1);
  const values = [...counts].sort((a, b) => b[1] - a[1]).slice(0, most).map(([code, count]) => [say(code), count]);
  const told = { type: column.type, nulls, distinct: counts.size, values };
  if (column.isText || !counts.size) return told;
  const given = column.figures.filter((figure) => !Number.isNaN(figure));
  const say1 = (figure) => (column.type === "date" ? geoplan.engine.isoDate(figure) : figure);
  const edge = (better) => say1(given.reduce((a, b) => (better(a, b) ? a : b)));
  return { ...told, minimum: edge((a, b) => a <= b), maximum: edge((a, b) => a >= b) };
};
