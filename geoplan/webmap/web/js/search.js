// The search box: names, other names, ids, any text, the spelling of Chinese names, and numbers of
// findings. A combobox as ARIA has it: arrows move through the list, Enter chooses, Escape empties.
"use strict";

geoplan.SEARCH_MOST = 30;

geoplan.SearchBox = class {
  constructor(index, app) {
    this.index = index;
    this.words = index.words;
    this.app = app;
    this.entries = [];
    this.asked = 0;
    this.input = geoplan.el("input", {
      type: "search", id: "search-text", autocomplete: "off", spellcheck: "false", role: "combobox",
      "aria-expanded": "false", "aria-controls": "search-list", "aria-autocomplete": "list",
      input: () => this.look(), keydown: (event) => this.key(event), focus: () => this.look(),
    });
    this.list = geoplan.el("ul", { id: "search-list", class: "search-list", role: "listbox", hidden: true });
    this.told = geoplan.el("p", { class: "search-told", role: "status" });
    geoplan.refill(document.getElementById("search"), this.input, this.told, this.list);
  }

  render() {
    this.input.setAttribute("aria-label", this.words.say("search"));
    this.input.placeholder = this.words.say("search-hint");
    this.list.setAttribute("aria-label", this.words.say("search-results"));
    this.look();
  }

  /** Ask all layers; an answer that a later question has overtaken is dropped. */
  async look() {
    const text = this.input.value.trim();
    const asked = (this.asked += 1);
    if (!text) {
      this.show([], null);
      return;
    }
    const answers = await Promise.all(this.index.data.layers.map((layer) => this.ofLayer(layer, text)));
    if (asked !== this.asked) return;
    const numbers = this.ofNumbers(text);
    const total = answers.reduce((sum, answer) => sum + answer.total, numbers.length);
    const features = this.inTurn(answers.map(({ items }) => items))
      .sort((a, b) => a.feature.fit - b.feature.fit);
    this.show([...numbers, ...features].slice(0, geoplan.SEARCH_MOST), total);
  }

  async ofLayer(layer, text) {
    const names = [layer.name_column, layer.name_en_column].filter(Boolean);
    const asked = layer.engine.search(text, { limit: geoplan.SEARCH_MOST, names });
    // a service that does not answer takes nothing from the layers that do
    const { total, found } = await asked.catch(() => ({ total: 0, found: [] }));
    return { total, items: found.map((feature) => ({ type: "feature", layer, feature, by: feature.column })) };
  }

  /** The best of each layer, then the second of each: no layer hides the others. */
  inTurn(lists) {
    const longest = Math.max(0, ...lists.map((list) => list.length));
    return Array.from({ length: longest }, (_, place) => lists.map((list) => list[place]))
      .flat().filter(Boolean);
  }

  ofNumbers(text) {
    const sought = text.toUpperCase();
    const overlaps = this.index.overlaps().map((row) => ({ type: "overlap", row }));
    const findings = this.index.findings ? this.index.findings.rows.map((row) => ({ type: "finding", row })) : [];
    return [...findings, ...overlaps].filter(({ row }) => row.number === sought);
  }

  show(entries, total) {
    this.entries = entries;
    this.at = -1;
    geoplan.refill(this.list, entries.map((entry, place) => this.option(entry, place)));
    this.list.hidden = !entries.length;
    this.input.setAttribute("aria-expanded", String(entries.length > 0));
    this.input.removeAttribute("aria-activedescendant");
    this.told.textContent = total === null ? ""
      : total === 0 ? this.words.say("search-none")
        : this.words.say(total > entries.length ? "search-more" : "search-count",
          { count: this.words.plain(total), shown: entries.length });
  }

  option(entry, place) {
    return geoplan.el("li", {
      id: `search-${place}`, role: "option", "aria-selected": "false",
      mousedown: (event) => event.preventDefault(), click: () => this.choose(place),
    }, ...this.said(entry));
  }

  said(entry) {
    const { index, words } = this;
    if (entry.type !== "feature") {
      const [left, right] = entry.type === "finding" ? ["subject", "object"] : ["left", "right"];
      const name = (side) => (entry.type === "finding" ? index.findings : index).sideName(entry.row, side);
      return [geoplan.el("span", {}, `${entry.row.number} ${name(left)} – ${name(right)}`)];
    }
    const { layer, feature, by } = entry;
    const place = layer.columns.indexOf(by);
    const named = [layer.name_column, layer.name_en_column].includes(by);
    const why = place >= 0 && !named
      ? ` · ${words.column(layer, by, false)}: ${words.term(layer, by, feature.values[place])}` : "";
    return [
      geoplan.el("span", {}, index.nameOf(layer, feature)),
      geoplan.el("small", {}, `${words.of(layer.title)}${why}`,
        feature.shape ? null : ` · ${words.say("unlocated")}`, feature.shown ? null : ` · ${words.say("filtered-out")}`),
    ];
  }

  key(event) {
    const last = this.entries.length - 1;
    const moves = { ArrowDown: this.at >= last ? 0 : this.at + 1, ArrowUp: this.at <= 0 ? last : this.at - 1 };
    if (event.key in moves && last >= 0) this.mark(moves[event.key]);
    else if (event.key === "Enter" && last >= 0) this.choose(Math.max(0, this.at));
    else if (event.key === "Escape" && this.input.value) {
      this.input.value = "";
      this.look();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  mark(place) {
    this.at = place;
    [...this.list.children].forEach((node, at) => node.setAttribute("aria-selected", String(at === place)));
    this.input.setAttribute("aria-activedescendant", `search-${place}`);
    this.list.children[place].scrollIntoView({ block: "nearest" });
  }

  choose(place) {
    const entry = this.entries[place];
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.app.choose(entry, true);
  }
};
