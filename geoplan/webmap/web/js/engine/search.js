// Finds text in ids, names and every other column of text.
"use strict";

{
  const EQUAL = 0;
  const BEGINS = 1;
  const WITHIN = 2;

  /** All words of a column in small letters, in one text; a few letters change their length. */
  const haystack = (column) => {
    if (!column.small) {
      const { text, starts } = column.words;
      const lower = text.toLowerCase();
      if (lower.length === text.length) column.small = { text: lower, starts };
      else {
        const words = Array.from({ length: starts.length - 1 }, (_, code) => column.word(code).toLowerCase());
        column.small = { text: words.join(""), starts: geoplan.engine.starts(words.map((word) => word.length)) };
      }
    }
    return column.small;
  };

  /** The last of the starts that is not behind a place: the word in which the place lies. */
  const wordAt = (starts, place) => {
    let low = 0;
    let high = starts.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= place) low = middle;
      else high = middle;
    }
    return low;
  };

  /** How well each word of a column fits, -1 where the text does not occur; null if in none. */
  const fitsOf = (column, sought) => {
    const { text, starts } = haystack(column);
    let at = text.indexOf(sought);
    if (at < 0) return null;
    const fits = new Int8Array(starts.length).fill(-1);
    while (at >= 0) {
      const code = wordAt(starts, at);
      const begin = starts[code];
      const end = starts[code + 1];
      if (at + sought.length <= end) {
        fits[code] = at > begin ? WITHIN : end - begin === sought.length ? EQUAL : BEGINS;
        at = text.indexOf(sought, end);
      } else at = text.indexOf(sought, at + 1);
    }
    return fits;
  };

  /** Call back for each row in which it occurs, with how well it fits. */
  const textRows = (column, sought, take) => {
    const fits = fitsOf(column, sought);
    if (!fits) return;
    const { codes } = column.words;
    for (let row = 0; row < codes.length; row += 1) {
      if (codes[row] >= 0 && fits[codes[row]] >= 0) take(row, fits[codes[row]]);
    }
  };

  /** Ids that are figures fit when they are equal. */
  const figureRows = (column, sought, take) => {
    const figure = Number(sought);
    column.figures.forEach((value, row) => { if (value === figure) take(row, EQUAL); });
  };

  const rank = (column, place, names) => {
    if (names.includes(column.name) && place > 0) return 0;
    return place === 0 ? 1 : column.hidden ? 2 : 3;
  };

  /**
   * The rows in which a text occurs, best first: names, then ids, then hidden columns, then all
   * others; and among those of a column what is equal, what begins so, what contains it.
   */
  geoplan.engine.search = (layer, sought, { limit = 20, names = [], columns = null } = {}) => {
    const small = sought.trim().toLowerCase();
    if (!small) return { total: 0, rows: [] };
    const seen = new Uint8Array(layer.count);
    const best = [];
    let total = 0;
    const asked = layer.columns.map((column, place) => ({ column, place, rank: rank(column, place, names) }))
      .filter(({ column, place }) => (column.isText || place === 0) && (!columns || columns.includes(column.name)))
      .sort((a, b) => a.rank - b.rank);
    for (const { column } of asked) {
      const fits = [[], [], []];
      const rows = column.isText ? textRows : figureRows;
      rows(column, small, (row, fit) => {
        if (seen[row]) return;
        seen[row] = 1;
        total += 1;
        if (fits[fit].length < limit) fits[fit].push({ row, column: column.name });
      });
      best.push(...fits.flat().slice(0, limit));
    }
    return { total, rows: best.slice(0, limit) };
  };

  /** Read all columns of text. */
  geoplan.engine.prepareSearch = (layer) => {
    layer.columns.filter((column) => column.isText).forEach(haystack);
  };
}
