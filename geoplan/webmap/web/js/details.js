// The card of what is chosen: a feature's attributes, an overlap, a zone's coverage.
"use strict";

geoplan.Details = class {
  constructor(root, index, app) {
    this.root = root;
    this.index = index;
    this.words = index.words;
    this.app = app;
    this.item = null;
    this.back = null;
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.item) this.app.close();
    });
  }

  open(item) {
    if (!this.item) this.back = document.activeElement;
    this.item = item;
    this.render();
    this.root.scrollTop = 0;
    this.heading.focus({ preventScroll: true });
  }

  close() {
    this.item = null;
    this.root.hidden = true;
    geoplan.refill(this.root);
    if (this.back && this.back.isConnected) this.back.focus({ preventScroll: true });
  }

  render() {
    if (!this.item) return;
    const body = {
      feature: () => this.feature(), overlap: () => this.overlap(), zone: () => this.zone(),
      finding: () => geoplan.findingCard(this, this.item.row),
    };
    const { kicker, title, content } = body[this.item.type]();
    this.heading = geoplan.el("h2", { tabindex: -1, id: "details-title" }, title);
    const close = geoplan.el("button",
      { type: "button", class: "close", "aria-label": this.words.say("close"),
        title: this.words.say("close"), click: () => this.app.close() }, "×");
    this.root.hidden = false;
    this.root.setAttribute("aria-labelledby", "details-title");
    geoplan.refill(this.root,
      geoplan.el("div", { class: "details-head" },
        geoplan.el("div", {}, geoplan.el("p", { class: "kicker" }, kicker), this.heading), close),
      geoplan.el("div", { class: "details-body" }, content));
  }

  /** Rows of key and value; a row that is null is none. */
  table(rows) {
    const there = rows.filter(Boolean);
    return there.length ? geoplan.el("table", { class: "facts" }, geoplan.el("tbody", {},
      there.map(([key, value, missing]) => geoplan.el("tr", {},
        geoplan.el("th", { scope: "row" }, key),
        geoplan.el("td", { class: missing ? "missing" : null }, value))))) : null;
  }

  /** Published figures beside those of the drawing. */
  figures(pairs) {
    const { words } = this;
    const figure = (content, absent) => content === null
      ? geoplan.el("td", { class: "missing" }, words.say(absent)) : geoplan.el("td", {}, content);
    return pairs.length ? geoplan.el("table", { class: "facts figures" },
      geoplan.el("thead", {}, geoplan.el("tr", {}, geoplan.el("td", {}),
        geoplan.el("th", { scope: "col" }, words.say("published-figure")),
        geoplan.el("th", { scope: "col" }, words.say("drawn-figure")))),
      geoplan.el("tbody", {}, pairs.map(({ label, published, measured }) => geoplan.el("tr", {},
        geoplan.el("th", { scope: "row" }, label),
        figure(published, "not-published"), figure(measured, "not-measured"))))) : null;
  }

  /** That a finding rests on schematic drawings, if it does. */
  caution(row) {
    return this.index.isIndicative(row)
      ? geoplan.el("p", { class: "notice" }, this.words.say("indicative")) : null;
  }

  feature() {
    const { layer, feature } = this.item;
    const { words } = this;
    const facts = new geoplan.Facts(this.index, layer, feature);
    const identity = this.table(facts.identity());
    const figures = this.figures(facts.figures());
    const origin = this.table(facts.origin());
    const rest = facts.rest();
    const lineMeans = layer.line_means && [words.say("line-means"), words.say(layer.line_means)];
    return {
      kicker: [geoplan.paint.layerSwatch(layer, this.index.symbolOf(layer)), words.of(layer.title)],
      title: this.index.nameOf(layer, feature),
      content: [
        feature.shape ? null : geoplan.el("p", { class: "notice" }, words.say("no-position")),
        geoplan.el("h3", {}, words.say("attributes")),
        identity, figures, origin,
        this.related(layer, feature),
        geoplan.findingsOf(this, layer, feature),
        rest.length ? [geoplan.el("h3", {}, words.say("other-attributes")), this.table(rest)] : null,
        geoplan.el("h3", {}, words.say("layer-source")),
        this.table([
          [words.say("source"), words.of(layer.source)],
          [words.say("source-date"), layer.source_date],
          lineMeans,
        ]),
      ],
    };
  }

  related(layer, feature) {
    const rows = this.index.overlapsOf(layer, feature);
    if (!rows.length) return null;
    return [
      geoplan.el("h3", {}, this.words.say("overlaps")),
      geoplan.el("ul", { class: "related" }, rows.map((row) => {
        const mine = this.index.key(row.left_layer, row.left_id) === this.index.key(layer.id, feature.id);
        return geoplan.el("li", {}, geoplan.el("button",
          { type: "button", class: "link", click: () => this.app.choose({ type: "overlap", row }, true) },
          geoplan.el("span", { class: "number-tag" }, row.number),
          geoplan.el("span", {}, this.index.sideName(row, mine ? "right" : "left")),
          geoplan.el("span", { class: "amount" }, geoplan.amount(row, this.words))));
      })),
    ];
  }

  side(row, side) {
    const found = this.index.find(row[`${side}_layer`], row[`${side}_id`]);
    const name = this.index.sideName(row, side);
    const swatch = found && geoplan.paint.layerSwatch(found.layer, this.index.symbolOf(found.layer));
    return geoplan.el("div", { class: "side" },
      geoplan.el("p", { class: "kicker" }, swatch, this.index.layerTitle(row[`${side}_layer`])),
      found
        ? geoplan.el("button", { type: "button", class: "link",
          click: () => this.app.choose({ type: "feature", ...found }, true) }, name)
        : geoplan.el("span", {}, name),
      found && this.trust(found));
  }

  /** What a side says of its own drawing: how it was made and how far it may be off. */
  trust({ layer, feature }) {
    const { words } = this;
    const { accuracy } = this.index.trust(layer, feature);
    const term = (column) => {
      const value = this.index.value(layer, feature, column);
      return value === null ? null : words.term(layer, column, value);
    };
    const parts = [typeof accuracy === "number" ? words.accuracy(accuracy) : null,
      term("geometry_method"), term("coordinate_basis")].filter((part) => part !== null);
    return parts.length ? geoplan.el("p", { class: "trust" }, parts.join(" · ")) : null;
  }

  overlap() {
    const { row } = this.item;
    const { words } = this;
    const given = (value) => value !== null && value !== undefined;
    const share = (side) => given(row[`${side}_ratio`]) &&
      [words.say("share-of", { name: this.index.sideName(row, side) }), words.percent(row[`${side}_ratio`])];
    return {
      kicker: words.say("overlap"),
      title: [geoplan.el("span", { class: "number-tag" }, row.number), " ",
        words.say(geoplan.sharing(row))],
      content: [
        this.caution(row),
        geoplan.el("div", { class: "sides" }, this.side(row, "left"), this.side(row, "right")),
        this.table([
          given(row.area_m2) && [words.say("overlap-area"),
            [words.hectares(row.area_m2), geoplan.el("br"), words.squareMetres(row.area_m2)]],
          row.length_m > 0 && [words.say("overlap-length"), words.metres(row.length_m)],
          row.point_count > 0 && [words.say("crossing-count"), words.say("crossings", { count: row.point_count })],
          row.distance_m > 0 && [words.say("distance"), words.metres(row.distance_m)],
          share("left"), share("right"),
          row.outcome && [words.say("outcome"), words.say(`outcome-${row.outcome}`)],
          row.uncertainty_m > 0 && [words.say("uncertainty"), words.accuracy(row.uncertainty_m)],
          row.uncertainty_m > 0 && row.area_max_m2 > 0 && [words.say("range"),
            [words.hectares(row.area_min_m2), "–", words.hectares(row.area_max_m2)]],
          row.uncertainty_m > 0 && row.length_max_m > 0 && [words.say("range"),
            [words.metres(row.length_min_m), "–", words.metres(row.length_max_m)]],
        ]),
        row.outcome && geoplan.el("p", { class: "note" }, words.say(`outcome-note-${row.outcome}`)),
      ],
    };
  }

  zone() {
    const { row } = this.item;
    const { words } = this;
    const name = this.index.sideName(row, "zone");
    const area = (value) => typeof value === "number"
      ? [words.hectares(value), geoplan.el("br"), words.squareMetres(value)]
      : words.say("not-measured");
    return {
      kicker: [words.say("coverage"), " · ", this.index.layerTitle(row.zone_layer)],
      title: name,
      content: [
        this.caution(row),
        this.table([
          [words.say("covered-by"), this.index.coveringLayers(row)],
          [words.say("coverage-ratio"), words.percent(row.coverage_ratio)],
          [words.say("zone-area"), area(row.zone_area_m2)],
          [words.say("covered-area"), area(row.covered_area_m2)],
          [words.say("gap-area"), area(row.gap_area_m2)],
        ]),
        row.shape && geoplan.el("p", { class: "legend-line" },
          geoplan.paint.swatch("area", [geoplan.strokes.gap]), words.say("gap-drawn")),
      ],
    };
  }
};

/** What two features share, as a phrase: an area, a length, places; or nothing for certain. */
geoplan.sharing = (row) =>
  row.outcome === "uncertain" && !(row.area_m2 > 0 || row.length_m > 0 || row.point_count > 0) ? "near" :
  typeof row.area_m2 === "number" ? "area-overlap" : row.length_m > 0 ? "line-overlap" : "line-crossing";

/** How much two features share: an area where they have one, else a length, else places. */
geoplan.amount = (row, words) =>
  ({
    "area-overlap": () => words.hectares(row.area_m2),
    "line-overlap": () => words.metres(row.length_m),
    "line-crossing": () => words.say("crossings", { count: row.point_count }),
    "near": () => words.say("apart", { value: words.metres(row.distance_m) }),
  })[geoplan.sharing(row)]();
