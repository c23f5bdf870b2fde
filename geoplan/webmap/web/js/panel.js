// The panel: layers with their legend, findings, overlaps, coverage, features without a position.
"use strict";

geoplan.TABS = ["layers", "filter", "findings", "overlaps", "coverage", "unlocated"];

// How many features are drawn, and of how many where some have no position.
const drawnOf = ({ engine: { located, count } }) =>
  (located === count ? String(located) : `${located}/${count}`);

geoplan.Panel = class {
  constructor(index, planMap, app) {
    this.root = document.getElementById("panel");
    this.tabs = document.getElementById("tabs");
    this.sections = document.getElementById("sections");
    this.index = index;
    this.words = index.words;
    this.planMap = planMap;
    this.app = app;
    this.tab = "layers";
    this.unfolded = new Set();
    this.entries = new Map();
    this.findings = index.findings ? new geoplan.FindingsPanel(this, index.findings) : null;
  }

  render() {
    const scrolled = this.sections.scrollTop;
    this.entries.clear();
    this.root.setAttribute("aria-label", this.words.say("panel"));
    geoplan.refill(this.tabs, geoplan.TABS.filter((key) => this.hasTab(key))
      .map((key) => this.tabButton(key)));
    geoplan.refill(this.sections, this.layers(), this.app.filters.section(this), this.findings && this.findings.section(),
      this.overlaps(), this.coverage(), this.unlocated());
    this.showTab();
    this.mark(this.item);
    this.sections.scrollTop = scrolled;
  }

  /** Write the lists anew that a filter changes; what is being filtered with stays. */
  renderAnswers() {
    const made = { findings: this.findings && this.findings.section(), overlaps: this.overlaps() };
    for (const section of [...this.sections.children]) {
      if (made[section.dataset.tab]) section.replaceWith(made[section.dataset.tab]);
    }
    this.showTab();
    this.mark(this.item);
  }

  hasTab(key) {
    return { findings: Boolean(this.findings), filter: this.app.filters.isUseful }[key] !== false;
  }

  /** On a phone one section shows at a time; the button of the open one folds the sheet. */
  tabButton(key) {
    return geoplan.el("button", {
      type: "button", "data-tab": key,
      click: () => {
        const folded = this.tab === key && !this.root.classList.contains("folded");
        this.root.classList.toggle("folded", folded);
        this.tab = key;
        this.showTab();
        this.planMap.map.invalidateSize();
      },
    }, this.words.say(`tab-${key}`));
  }

  showTab() {
    const open = !this.root.classList.contains("folded");
    for (const button of this.tabs.children) {
      button.setAttribute("aria-expanded", String(open && button.dataset.tab === this.tab));
    }
    for (const section of this.sections.children) {
      section.classList.toggle("current", section.dataset.tab === this.tab);
    }
  }

  section(key, count, ...content) {
    return geoplan.el("section", { "data-tab": key, "aria-labelledby": `section-${key}` },
      geoplan.el("h2", { id: `section-${key}` }, this.words.say(`section-${key}`),
        count === null ? null : geoplan.el("span", { class: "count" }, String(count))),
      content);
  }

  layers() {
    const rows = (role) => this.index.layersOf(role).map((layer) => this.layerRow(layer));
    const { note } = this.index.data.plan;
    const context = [...rows("context"), ...this.planMap.pictures.rows(this)];
    const conflict = this.index.data.symbols.conflict;
    const overlaps = this.index.data.overlaps && geoplan.el("li", { class: "layer" },
      geoplan.el("div", { class: "layer-row" },
        this.visibility(geoplan.OVERLAPS, this.words.of(conflict.title),
          geoplan.paint.swatch("area", [geoplan.strokes.conflictArea(conflict)])),
        geoplan.el("span", { class: "count" }, String(this.index.overlaps().length))));
    const off = this.index.data.layers.filter(({ shown }) => !shown).length;
    const served = this.index.data.layers.filter((layer) => layer.served).map((layer) => this.words.of(layer.title));
    return this.section("layers", null,
      served.length ? geoplan.el("p", { class: "note" },
        this.words.say("served-layers", { layers: this.words.list(served) })) : null,
      off ? geoplan.el("p", { class: "note" }, this.words.say("layers-off", { count: off })) : null,
      geoplan.el("ul", { class: "layers" }, this.findings && this.findings.legend(), overlaps, rows("plan")),
      geoplan.signs(this.index),
      context.length
        ? [geoplan.el("h3", {}, this.words.say("context")),
          geoplan.el("ul", { class: "layers context" }, context)]
        : null,
      note ? geoplan.el("p", { class: "note plan-note" }, this.words.of(note)) : null);
  }

  visibility(key, title, swatch) {
    const box = geoplan.el("input", {
      type: "checkbox", "data-layer": key,
      change: (event) => this.planMap.setVisible(key, event.target.checked),
    });
    box.checked = this.planMap.isVisible(key);
    return geoplan.el("label", {}, box, swatch, geoplan.el("span", { class: "title" }, title));
  }

  showsLayer(key) {
    const boxes = [...this.sections.querySelectorAll("input[data-layer]")];
    const box = boxes.find((one) => one.dataset.layer === key);
    if (box) box.checked = true;
  }

  layerRow(layer) {
    const title = this.words.of(layer.title);
    const list = geoplan.el("ul", { class: "members", hidden: !this.unfolded.has(layer.id) });
    const opacity = geoplan.opacitySlider(this.planMap, layer.id, title);
    opacity.hidden = list.hidden;
    const unfold = geoplan.el("button", {
      type: "button", class: "unfold", "aria-expanded": String(this.unfolded.has(layer.id)),
      "aria-label": `${this.words.say("list-of", { title })} ${drawnOf(layer)}`, title: this.words.say("list-of", { title }),
      click: () => {
        if (list.hidden) this.unfolded.add(layer.id);
        else this.unfolded.delete(layer.id);
        list.hidden = !list.hidden;
        opacity.hidden = list.hidden;
        unfold.setAttribute("aria-expanded", String(!list.hidden));
        this.fillMembers(list, layer);
      },
    }, geoplan.el("span", { class: "count" }, drawnOf(layer)),
    geoplan.svg("svg", { width: 12, height: 12, viewBox: "0 0 12 12", "aria-hidden": "true" },
      geoplan.svg("path", { d: "M2 4L6 8L10 4", stroke: "currentColor", fill: "none", "stroke-width": 1.6 })));
    this.fillMembers(list, layer);
    return geoplan.el("li", { class: "layer" },
      geoplan.el("div", { class: "layer-row" },
        this.visibility(layer.id, title, geoplan.paint.layerSwatch(layer, this.index.symbolOf(layer))),
        unfold),
      opacity, list);
  }

  /** Every feature is reached by keyboard here; a closed list costs nothing. */
  fillMembers(list, layer) {
    if (layer.large && !list.hidden) this.fillFirst(list, layer);
    else geoplan.refill(list, list.hidden ? [] : layer.features.map((feature) => this.member(layer, feature)));
  }

  /** Of a large layer the first features; the rest is found on the map or by its name. */
  async fillFirst(list, layer) {
    const { engine } = layer;
    const shown = Math.min(engine.count, 100);
    const first = await engine.features([...Array(shown).keys()]);
    geoplan.refill(list, first.map((feature) => this.member(layer, feature)),
      engine.count > shown
        ? geoplan.el("li", { class: "note" }, this.words.say("more-features", { count: this.words.plain(engine.count - shown) }))
        : null);
  }

  member(layer, feature, marked = !feature.shape) {
    const item = { type: "feature", layer, feature };
    return geoplan.el("li", {}, geoplan.el("button",
      { type: "button", class: "member", click: () => this.app.choose(item, true) },
      geoplan.el("span", {}, this.index.nameOf(layer, feature)),
      marked ? geoplan.el("span", { class: "pill" }, this.words.say("unlocated")) : null));
  }

  notes(answer) {
    return answer.left_out.map((entry) => geoplan.el("p", { class: "note" },
      this.words.say(`left-out-${entry.reason}`, {
        count: entry.count, layers: this.words.list(entry.layers.map((id) => this.index.layerTitle(id))),
      })));
  }

  answer(key, answer, content) {
    if (!answer) return this.section(key, null, this.empty("not-analysed"));
    return this.section(key, answer.rows.length,
      answer.rows.some((row) => this.index.isIndicative(row)) ? this.caution() : null,
      answer.rows.length ? content(answer.rows) : this.empty(`none-${key}`), this.notes(answer));
  }

  caution() {
    return geoplan.el("p", { class: "notice caution" }, this.words.say("indicative"));
  }

  empty(phrase) {
    return geoplan.el("p", { class: "empty" }, this.words.say(phrase));
  }

  overlaps() {
    return this.answer("overlaps", this.index.data.overlaps, (rows) => {
      const shown = rows.filter((row) => this.planMap.showsSides(row, ["left", "right"]));
      return [
        geoplan.el("ol", { class: "findings" }, shown.map((row) => this.finding(row))),
        this.heldBack(rows.length - shown.length),
      ];
    });
  }

  /** How many rows a filter of the features holds back. */
  heldBack(count) {
    return count ? geoplan.el("p", { class: "note" }, this.words.say("filter-held-back", { count })) : null;
  }

  finding(row) {
    const { words } = this;
    const indicative = this.index.isIndicative(row);
    const side = (which) => {
      const { accuracy } = this.index.sideTrust(row, which) || {};
      const layer = this.index.layers.get(row[`${which}_layer`]);
      const ratio = row[`${which}_ratio`];
      return geoplan.el("span", { class: "finding-side" },
        layer ? geoplan.paint.layerSwatch(layer, this.index.symbolOf(layer)) : null,
        geoplan.el("span", { class: "finding-name" }, this.index.sideName(row, which),
          indicative && typeof accuracy === "number"
            ? geoplan.el("span", { class: "accuracy" }, words.accuracy(accuracy)) : null),
        geoplan.el("span", { class: "share" }, typeof ratio === "number" ? words.percent(ratio) : ""));
    };
    const exact = typeof row.area_m2 === "number"
      ? words.squareMetres(row.area_m2)
      : words.say({ "line-overlap": "inside-length" }[geoplan.sharing(row)] || geoplan.sharing(row));
    const item = { type: "overlap", row };
    const button = geoplan.el("button",
      { type: "button", class: "finding", click: () => this.app.choose(item, true) },
      geoplan.el("span", { class: "finding-head" },
        geoplan.el("span", { class: "number-tag" }, row.number),
        geoplan.el("strong", {}, geoplan.amount(row, words)),
        row.outcome === "uncertain"
          ? geoplan.el("span", { class: "pill" }, words.say("outcome-uncertain"))
          : indicative ? geoplan.el("span", { class: "pill" }, words.say("indicative-short")) : null,
        geoplan.el("span", { class: "exact" }, exact)),
      side("left"), side("right"));
    this.entries.set(row, button);
    return geoplan.el("li", {}, button);
  }

  coverage() {
    const { words } = this;
    return this.answer("coverage", this.index.data.coverage, (rows) =>
      geoplan.el("table", { class: "coverage" },
        geoplan.el("thead", {}, geoplan.el("tr", {},
          geoplan.el("th", { scope: "col" }, words.say("zone"), geoplan.el("small", {}, words.say("covered-by"))),
          geoplan.el("th", { scope: "col", class: "figure" }, words.say("coverage-ratio")),
          geoplan.el("th", { scope: "col", class: "figure" }, words.say("gap-area")))),
        geoplan.el("tbody", {}, rows.map((row) => this.zone(row)))));
  }

  zone(row) {
    const bar = geoplan.el("span", { class: "bar-inner" });
    bar.style.width = `${Math.min(100, (row.coverage_ratio || 0) * 100)}%`;
    const button = geoplan.el("button",
      { type: "button", class: "link zone", click: () => this.app.choose({ type: "zone", row }, true) },
      this.index.sideName(row, "zone"));
    this.entries.set(row, button);
    return geoplan.el("tr", {},
      geoplan.el("th", { scope: "row" }, button, geoplan.el("small", {}, this.index.coveringLayers(row))),
      geoplan.el("td", { class: "figure" }, this.words.percent(row.coverage_ratio),
        typeof row.coverage_ratio === "number"
          ? geoplan.el("span", { class: "bar-outer", "aria-hidden": "true" }, bar) : null),
      geoplan.el("td", { class: "figure" }, this.words.hectares(row.gap_area_m2)));
  }

  unlocated() {
    const groups = this.index.layersOf("plan")
      .map((layer) => ({ layer, features: layer.features.filter((feature) => !feature.shape) }))
      .filter((group) => group.features.length);
    const count = groups.reduce((sum, { layer }) => sum + layer.engine.count - layer.engine.located, 0);
    return this.section("unlocated", count,
      groups.length
        ? groups.map(({ layer, features }) => [
          geoplan.el("h3", {}, geoplan.paint.layerSwatch(layer, this.index.symbolOf(layer)),
            this.words.of(layer.title)),
          geoplan.el("ul", { class: "members unlocated" },
            features.map((feature) => this.member(layer, feature, false))),
        ])
        : this.empty("none-unlocated"));
  }

  mark(item) {
    this.item = item;
    if (this.findings && item && item.type === "finding") this.findings.reach(item.row);
    this.entries.forEach((button, row) => {
      if (item && item.row === row) {
        button.setAttribute("aria-current", "true");
        button.scrollIntoView({ block: "nearest" });
      } else button.removeAttribute("aria-current");
    });
  }
};
