// A layer for any Leaflet map, such as Folium writes it: tiles, a name on hover, a table on click.
"use strict";

geoplan.PlanLayer = L.Layer.extend({
  /**
   * Options: symbol, marks, geometry, large; column and colours (which colour each value of the
   * column has); tooltip (the column of the name) or null; popup ([[column, label]]) or null.
   */
  initialize(textId, options) {
    L.setOptions(this, options);
    this.textId = textId;
    this.ready = null;
  },

  /** The engine's layer, for search and filter; see engine/client.js. */
  open() {
    this.ready = this.ready || this.begin();
    return this.ready;
  },

  async begin() {
    const { large, column, marks } = this.options;
    geoplan.strokes.learn(marks);
    const classBy = ["geometry_method", "coordinate_basis", "status", ...(column ? [column] : [])];
    this.engine = await geoplan.engine.open(this.textId, { large, classBy });
    this.engine.style(this.engine.classes.map(({ values }) => this.styleOf(values)));
    const { bounds } = this.engine;
    this.tiles = new geoplan.Tiles(this.engine, {
      pane: "overlayPane",
      bounds: bounds ? L.latLngBounds([bounds[1], bounds[0]], [bounds[3], bounds[2]]).pad(0.02) : undefined,
    });
    return this.engine;
  },

  symbolOf(value) {
    const { symbol, colours, other } = this.options;
    if (!colours) return symbol;
    const colour = geoplan.own(colours, String(value)) || other;
    return { ...symbol, fill: colour, stroke: colour };
  },

  styleOf([method, basis, status, value = null]) {
    const trust = { schematic: method === "schematic", estimated: basis === "estimated", status };
    const symbol = this.symbolOf(value);
    const strokes = geoplan.strokes.of({ geometry: this.options.geometry, role: "plan" }, symbol, trust);
    return geoplan.engineStyle(strokes, symbol);
  },

  onAdd(map) {
    map.on("click", this.click, this).on("mousemove", this.hover, this).on("movestart", this.hush, this);
    this.legend = this.options.colours ? this.makeLegend().addTo(map) : null;
    this.open().then(() => {
      if (map.hasLayer(this)) this.tiles.addTo(map);
    });
  },

  onRemove(map) {
    map.off("click", this.click, this).off("mousemove", this.hover, this).off("movestart", this.hush, this);
    this.hush();
    if (this.legend) this.legend.remove();
    if (this.tiles) this.tiles.remove();
  },

  async at(latlng) {
    const engine = await this.open();
    return this._map ? engine.hit(latlng, this._map.getZoom()) : null;
  },

  async click({ latlng }) {
    const feature = this.options.popup && await this.at(latlng);
    if (feature) L.popup({ maxHeight: 300 }).setLatLng(latlng).setContent(this.table(feature)).openOn(this._map);
  },

  async hover({ latlng }) {
    if (!this.options.tooltip || this.asking) return;
    this.asking = true;
    const feature = await this.at(latlng);
    this.asking = false;
    const name = feature && this.value(feature, this.options.tooltip);
    if (!feature || !this._map) this.hush();
    else {
      this.tip = this.tip || L.tooltip({ offset: [12, 0] });
      this.tip.setContent(geoplan.el("span", {}, String(name === null ? feature.id : name)));
      this.tip.setLatLng(latlng).addTo(this._map);
    }
  },

  hush() {
    if (this.tip) this.tip.remove();
  },

  value(feature, column) {
    const shown = this.engine.columns.filter(({ hidden }) => !hidden);
    const place = shown.findIndex(({ name }) => name === column);
    return place < 0 ? null : feature.values[place];
  },

  table(feature) {
    const row = (label, value) => geoplan.el("tr", {},
      geoplan.el("th", { scope: "row", style: "text-align:left;padding-right:1em;font-weight:600" }, label),
      geoplan.el("td", {}, value === null ? "–" : String(value)));
    return geoplan.el("table", { class: "geoplan-facts" }, geoplan.el("tbody", {},
      row("id", feature.id),
      this.options.popup.map(([column, label]) => row(label, this.value(feature, column)))));
  },

  makeLegend() {
    const swatch = (colour) => {
      const node = geoplan.el("span", {});
      Object.assign(node.style, { background: colour, display: "inline-block", width: "14px", height: "14px",
        marginRight: "6px", verticalAlign: "-2px" });
      return node;
    };
    const node = geoplan.el("div", { class: "geoplan-legend" }, geoplan.el("strong", {}, this.options.legend),
      Object.entries(this.options.colours).map(([value, colour]) => geoplan.el("div", {}, swatch(colour), value)));
    Object.assign(node.style, { background: "#fffd", padding: "6px 10px", font: "12px/1.6 sans-serif" });
    const control = L.control({ position: "bottomright" });
    control.onAdd = () => node;
    return control;
  },
});
