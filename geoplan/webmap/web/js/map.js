// Draws the plan on the Leaflet map: layers, findings, and what is chosen.
"use strict";

geoplan.OVERLAPS = ":overlaps";
geoplan.PHONE = "(max-width: 700px)";
geoplan.HELPERS_FROM_ZOOM = 13;

/** The bounds of a geometry of GeoJSON. */
geoplan.boundsOf = (shape) => {
  const bounds = L.latLngBounds([]);
  const extend = (at) => {
    if (typeof at[0] === "number") bounds.extend([at[1], at[0]]);
    else at.forEach(extend);
  };
  if (shape.geometries) shape.geometries.forEach((one) => bounds.extend(geoplan.boundsOf(one)));
  else extend(shape.coordinates);
  return bounds;
};

geoplan.PlanMap = class {
  constructor(map, index, choose) {
    this.map = map;
    this.index = index;
    this.choose = choose;
    this.groups = new Map();
    this.hidden = new Set(index.data.layers.filter(({ shown }) => !shown).map(({ id }) => id));
    this.opacities = new Map();
    this.withheld = new Set();
    this.chosen = L.layerGroup().addTo(map);
    this.graticule = new geoplan.Graticule(map);
    this.labels = new geoplan.Labels(map);
    this.large = new geoplan.LargeLayers(this);
    document.body.append(geoplan.paint.definitions(index.data.symbols));
    this.bounds = this.wholeBounds();
    // before anything is drawn: every path is worked out anew for another view
    this.open();
    this.pictures = new geoplan.Pictures(this);
    index.data.layers.forEach((layer) => this.drawLayer(layer));
    this.drawOverlaps();
    this.findings = index.findings ? new geoplan.FindingsMap(this, index.findings) : null;
    this.pane("chosen-lines", 434);
    this.pane("chosen", 436);
  }

  pane(name, zIndex) {
    if (!this.map.getPane(name)) this.map.createPane(name).style.zIndex = zIndex;
    return name;
  }

  drawLayer(layer) {
    const symbol = this.index.symbolOf(layer);
    const base = layer.role === "context" ? 300 : 400;
    const pane = this.pane(`layer-${layer.id}`, base + Math.min(symbol.order, 70));
    if (layer.large) {
      this.groups.set(layer.id, this.large.draw(layer, symbol, pane));
      if (!this.hidden.has(layer.id)) this.groups.get(layer.id).addTo(this.map);
      return;
    }
    const group = L.featureGroup();
    if (!this.hidden.has(layer.id)) group.addTo(this.map);
    this.groups.set(layer.id, group);
    this.drawShapes(layer, symbol, pane, group);
  }

  drawShapes(layer, symbol, pane, group) {
    const drawn = layer.features.filter((feature) => feature.shape && !this.withheld.has(feature));
    const strokes = drawn.map((feature) =>
      geoplan.strokes.of(layer, symbol, this.index.trust(layer, feature)));
    // All casings first, then all cores: where lines of a layer cross they join.
    for (let level = 0; drawn.length && level < strokes[0].length; level += 1) {
      const top = level === strokes[0].length - 1 && layer.geometry !== "line";
      drawn.forEach((feature, place) => {
        if (!strokes[place][level]) return;
        const shape = this.shape(feature.shape, { ...strokes[place][level], pane, interactive: top });
        if (top) this.makeClickable(shape, layer, feature);
        shape.addTo(group);
      });
    }
    if (layer.geometry === "line") drawn.forEach((feature) => this.hitLine(layer, feature, pane, group));
  }

  /**
   * Show of a layer what all predicates let through (see engine/client.js), everything for [];
   * say how many features that are.
   */
  async filter(layer, predicates) {
    const { shown, visible } = await layer.engine.filter(predicates);
    const group = this.groups.get(layer.id);
    [...layer.features, ...layer.named].forEach((feature) => {
      if (!visible || visible[feature.row]) this.withheld.delete(feature);
      else this.withheld.add(feature);
    });
    if (layer.large) group.refresh();
    else {
      group.clearLayers();
      this.drawShapes(layer, this.index.symbolOf(layer), `layer-${layer.id}`, group);
      this.label();
    }
    return shown;
  }

  /** Whether a filter shows all sides of a row; a side that is not known holds nothing back. */
  showsSides(row, sides) {
    return sides.every((side) => {
      const found = this.index.find(row[`${side}_layer`], row[`${side}_id`]);
      return !found || !this.withheld.has(found.feature);
    });
  }

  /** Draw overlaps and findings anew after a filter. */
  redrawAnswers() {
    this.groups.get(geoplan.OVERLAPS).clearLayers();
    this.drawOverlapShapes();
    if (this.findings) this.findings.draw();
    this.label();
  }

  /** A thin line is hard to hit, so a wide one without colour takes the click. */
  hitLine(layer, feature, pane, group) {
    const shape = this.shape(feature.shape, { pane, weight: 14, opacity: 0, fill: false });
    this.makeClickable(shape, layer, feature);
    shape.addTo(group);
  }

  makeClickable(shape, layer, feature) {
    shape.on("click", (event) => {
      L.DomEvent.stopPropagation(event);
      this.large.orElse(event.latlng, { type: "feature", layer, feature }, (item) => this.choose(item));
    });
    const name = geoplan.el("span", {});
    shape.bindTooltip(name, { sticky: true, className: "hover-name", opacity: 1 });
    const say = (item) => { name.textContent = this.index.nameOf(item.layer, item.feature); };
    const own = { layer, feature };
    shape.on("tooltipopen", () => say(own));
    shape.on("mousemove", (event) => this.large.orElse(event.latlng, own, say));
  }

  drawOverlaps() {
    const symbol = this.index.data.symbols.conflict;
    const group = L.featureGroup().addTo(this.map);
    this.groups.set(geoplan.OVERLAPS, group);
    // Conflict areas lie over everything; a band along a line lies under the line it marks.
    this.pane("conflict-bands", 435);
    this.pane("conflict-areas", 400 + symbol.order);
    this.drawOverlapShapes();
  }

  drawOverlapShapes() {
    const symbol = this.index.data.symbols.conflict;
    const group = this.groups.get(geoplan.OVERLAPS);
    for (const row of this.shownOverlaps().filter((entry) => entry.shape)) {
      const isLine = this.isLine(row.shape);
      const styles = geoplan.sharing(row) === "near"
        ? [geoplan.strokes.conflictMaybe(symbol)]
        : isLine ? geoplan.strokes.conflictLine(symbol) : [geoplan.strokes.conflictArea(symbol)];
      for (const style of styles) {
        this.shape(row.shape, { ...style, pane: isLine ? "conflict-bands" : "conflict-areas" })
          .on("click", (event) => {
            L.DomEvent.stopPropagation(event);
            this.choose({ type: "overlap", row });
          }).addTo(group);
      }
    }
  }

  shownOverlaps() {
    return this.index.overlaps().filter((row) => this.showsSides(row, ["left", "right"]));
  }

  isLine(shape) {
    return shape.type === "LineString" || shape.type === "MultiLineString";
  }

  shape(geometry, style) {
    // not L.geoJSON: a group, its styles and its events around every single path cost as much again
    return L.GeoJSON.geometryToLayer({ type: "Feature", properties: {}, geometry }, {
      ...style,
      pointToLayer: (_, latlng) => L.circleMarker(latlng, { radius: 6, ...style }),
    });
  }

  setVisible(key, visible) {
    if (visible) this.hidden.delete(key);
    else this.hidden.add(key);
    const group = this.groups.get(key);
    if (visible) group.addTo(this.map);
    else group.remove();
    this.label();
  }

  /** How strongly a layer is drawn, 0 to 1; what lies on it, as labels do, stays as it is. */
  setOpacity(key, share) {
    this.opacities.set(key, share);
    const pane = this.map.getPane(`layer-${key}`);
    if (pane) pane.style.opacity = share;
  }

  isVisible(key) {
    return !this.hidden.has(key);
  }

  /** Show what a list points at, even if its layer was switched off; say which layer that is. */
  reveal(item) {
    const key = {
      overlap: geoplan.OVERLAPS, finding: geoplan.FINDINGS, feature: item.layer && item.layer.id,
    }[item.type];
    if (key && this.hidden.has(key)) this.setVisible(key, true);
    return key;
  }

  /** Write names and numbers anew, in the language of the moment. */
  label() {
    this.labels.clear();
    for (const row of this.shownOverlaps()) {
      if (!row.anchor || this.hidden.has(geoplan.OVERLAPS)) continue;
      const entry = this.labels.add({
        pane: "numbers", rank: 0, anchor: row.anchor, text: row.number, className: "number",
        title: `${row.number} ${this.index.sideName(row, "left")} × ${this.index.sideName(row, "right")}`,
        onClick: () => this.choose({ type: "overlap", row }),
      });
      entry.always = this.item && this.item.row === row;
    }
    if (this.findings) this.findings.label();
    for (const layer of this.index.data.layers) {
      if (this.hidden.has(layer.id)) continue;
      for (const feature of layer.features.filter((one) => one.anchor && !this.withheld.has(one)
        && this.index.isNamed(layer, one))) {
        this.labelFeature(layer, feature);
      }
    }
    this.labels.arrange();
  }

  /** The plan's names come first, then counties, then places; helping points wait longest. */
  labelFeature(layer, feature) {
    const context = layer.role === "context";
    const symbol = this.index.symbolOf(layer);
    const helper = context && this.index.trust(layer, feature).schematic;
    this.labels.add({
      pane: "names", anchor: feature.anchor, text: this.index.nameOf(layer, feature),
      className: `name name-${layer.geometry}${context ? " name-context" : ""}`,
      rank: context ? 2 + (layer.geometry !== "area") + helper : 1,
      colour: context || layer.geometry === "point" ? null : symbol.stroke,
      places: {
        area: context ? [0, -24, 24, -48, 48] : [0, -20, 20, -38, 38],
        line: [-16, 16, -30, 30],
        point: context ? [-11, 11] : [-16, 16, -30, 30],
      }[layer.geometry],
      bounds: layer.geometry === "point" ? null : geoplan.boundsOf(feature.shape),
      stays: context && layer.geometry === "area",
      from: helper ? geoplan.HELPERS_FROM_ZOOM : 0,
    });
  }

  /** Mark what is chosen; nothing is marked without an item. */
  mark(item) {
    this.item = item;
    this.chosen.clearLayers();
    if (item && item.type === "zone") {
      const zone = this.index.find(item.row.zone_layer, item.row.zone_id);
      if (zone && zone.feature.shape) this.halo(zone.feature.shape, ["#FFFFFF", 9], ["#0B57D0", 4]);
      if (item.row.shape) {
        this.shape(item.row.shape, { ...geoplan.strokes.gap, pane: "chosen", interactive: false })
          .addTo(this.chosen);
      }
    } else if (item && item.type === "finding") {
      this.findings.mark(item.row);
    } else if (item && item.type === "overlap") {
      // The red outline is drawn over it, so the light ring has to be the inner one.
      const wide = item.row.shape && this.isLine(item.row.shape) ? 14 : 0;
      this.halo(item.row.shape, ["#0B57D0", 10 + wide], ["#FFFFFF", 5.5 + wide]);
    } else if (item) {
      const wide = item.layer.geometry === "line" ? 8 : 0;
      this.halo(item.feature.shape, ["#FFFFFF", 9 + wide], ["#0B57D0", 4 + wide]);
    }
    this.label();
  }

  /** Rings around a shape; around a line they lie below it, so that it stays readable. */
  halo(shape, ...rings) {
    if (!shape) return;
    const pane = this.isLine(shape) ? "chosen-lines" : "chosen";
    for (const [color, weight] of rings) {
      this.shape(shape, { pane, color, weight, interactive: false, fill: false, lineCap: "butt" })
        .addTo(this.chosen);
    }
  }

  zoomTo(item) {
    if (item.type === "finding") {
      this.findings.zoomTo(item.row);
      return;
    }
    const zone = item.type === "zone" && this.index.find(item.row.zone_layer, item.row.zone_id);
    const shape = item.type === "feature" ? item.feature.shape
      : (zone && zone.feature.shape) || item.row.shape;
    if (!shape) return;
    const point = shape.type === "Point";
    this.fit(geoplan.boundsOf(shape), item.type === "overlap" ? 0.4 : 0.15, point ? 14 : 17);
  }

  fit(bounds, margin = 0.04, maxZoom = 17) {
    const phone = window.matchMedia(geoplan.PHONE).matches;
    const details = !phone && this.item ? 380 : 0;
    this.map.fitBounds(bounds.pad(margin), {
      paddingTopLeft: [24, 24],
      paddingBottomRight: [details || 24, 48],
      maxZoom,
      animate: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    });
  }

  /** Where the plan's features lie; what leads far out of the plan's extent is cut off there. */
  wholeBounds() {
    const [west, south, east, north] = this.index.data.plan.extent;
    const extent = L.latLngBounds([south, west], [north, east]);
    const around = extent.pad(0.1);
    const all = L.latLngBounds([]);
    const near = L.latLngBounds([]);
    for (const layer of this.index.layersOf("plan")) {
      for (const bounds of this.boundsOf(layer)) {
        all.extend(bounds);
        if (around.intersects(bounds)) near.extend(this.cut(bounds, around));
      }
    }
    return [near, all, extent].find((bounds) => bounds.isValid());
  }

  /** The bounds of each feature; of a large layer, those of the whole. */
  boundsOf(layer) {
    if (layer.large) return layer.engine.bounds ? [this.large.bounds(layer)] : [];
    return layer.features.filter((one) => one.shape).map((one) => geoplan.boundsOf(one.shape));
  }

  cut(bounds, frame) {
    return L.latLngBounds(
      [Math.max(bounds.getSouth(), frame.getSouth()), Math.max(bounds.getWest(), frame.getWest())],
      [Math.min(bounds.getNorth(), frame.getNorth()), Math.min(bounds.getEast(), frame.getEast())]);
  }

  /** The first view. */
  open() {
    this.map.invalidateSize({ animate: false });
    this.map.fitBounds(this.bounds.pad(0.04), {
      animate: false, paddingTopLeft: [12, 24], paddingBottomRight: [52, 44],
    });
    this.openedAt = this.map.getSize();
  }

  home() {
    this.fit(this.bounds);
  }
};
