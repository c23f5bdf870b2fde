// Draws the plan on the Leaflet map: layers, findings, and what is chosen.
"use strict";

geoplan.OVERLAPS = ":overlaps";
geoplan.PHONE = "(max-width: 700px)";

geoplan.PlanMap = class {
  constructor(map, index, choose) {
    this.map = map;
    this.index = index;
    this.choose = choose;
    this.groups = new Map();
    this.hidden = new Set();
    this.chosen = L.layerGroup().addTo(map);
    this.graticule = new geoplan.Graticule(map);
    this.labels = new geoplan.Labels(map);
    document.body.append(geoplan.paint.definitions(index.data.symbols));
    index.data.layers.forEach((layer) => this.drawLayer(layer));
    this.drawOverlaps();
    this.pane("chosen-lines", 434);
    this.pane("chosen", 436);
    this.bounds = this.wholeBounds();
  }

  pane(name, zIndex) {
    if (!this.map.getPane(name)) this.map.createPane(name).style.zIndex = zIndex;
    return name;
  }

  drawLayer(layer) {
    const symbol = this.index.symbolOf(layer);
    const pane = this.pane(`layer-${layer.id}`, 400 + Math.min(symbol.order, 70));
    const group = L.featureGroup().addTo(this.map);
    this.groups.set(layer.id, group);
    const drawn = layer.features.filter((feature) => feature.shape);
    const styles = layer.geometry === "line" ? geoplan.paint.line(symbol) : [geoplan.paint.area(symbol)];
    // All casings first, then all cores: where lines of a layer cross they join.
    for (const style of styles) {
      const top = style === styles[styles.length - 1] && layer.geometry !== "line";
      drawn.forEach((feature) => {
        const shape = this.shape(feature.shape, { ...style, pane, interactive: top });
        if (top) this.makeClickable(shape, layer, feature);
        shape.addTo(group);
      });
    }
    if (layer.geometry === "line") drawn.forEach((feature) => this.hitLine(layer, feature, pane, group));
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
      this.choose({ type: "feature", layer, feature });
    });
    const name = geoplan.el("span", {});
    shape.bindTooltip(name, { sticky: true, className: "hover-name", opacity: 1 });
    shape.on("tooltipopen", () => { name.textContent = this.index.nameOf(layer, feature); });
  }

  drawOverlaps() {
    const symbol = this.index.data.symbols.conflict;
    const group = L.featureGroup().addTo(this.map);
    this.groups.set(geoplan.OVERLAPS, group);
    // Conflict areas lie over everything; a band along a line lies under the line it marks.
    this.pane("conflict-bands", 435);
    this.pane("conflict-areas", 400 + symbol.order);
    for (const row of this.index.overlaps().filter((entry) => entry.shape)) {
      const isLine = this.isLine(row.shape);
      const styles = isLine ? geoplan.paint.conflictLine(symbol) : [geoplan.paint.conflictArea(symbol)];
      for (const style of styles) {
        this.shape(row.shape, { ...style, pane: isLine ? "conflict-bands" : "conflict-areas" })
          .on("click", (event) => {
            L.DomEvent.stopPropagation(event);
            this.choose({ type: "overlap", row });
          }).addTo(group);
      }
    }
  }

  isLine(shape) {
    return shape.type === "LineString" || shape.type === "MultiLineString";
  }

  shape(geometry, style) {
    return L.geoJSON({ type: "Feature", properties: {}, geometry }, {
      ...style,
      style: () => style,
      pointToLayer: (_, latlng) => L.circleMarker(latlng, { ...style, radius: 6 }),
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

  isVisible(key) {
    return !this.hidden.has(key);
  }

  /** Show what a list points at, even if its layer was switched off; say which layer that is. */
  reveal(item) {
    const key = { overlap: geoplan.OVERLAPS, feature: item.layer && item.layer.id }[item.type];
    if (key && this.hidden.has(key)) this.setVisible(key, true);
    return key;
  }

  /** Write names and numbers anew, in the language of the moment. */
  label() {
    this.labels.clear();
    for (const row of this.index.overlaps()) {
      if (!row.anchor || this.hidden.has(geoplan.OVERLAPS)) continue;
      const entry = this.labels.add({
        pane: "numbers", anchor: row.anchor, text: row.number, className: "number",
        title: `${row.number} ${this.index.sideName(row, "left")} × ${this.index.sideName(row, "right")}`,
        onClick: () => this.choose({ type: "overlap", row }),
      });
      entry.always = this.item && this.item.row === row;
    }
    for (const layer of this.index.data.layers) {
      if (this.hidden.has(layer.id)) continue;
      for (const feature of layer.features.filter((one) => one.anchor)) {
        this.labels.add({
          pane: "names", anchor: feature.anchor, text: this.index.nameOf(layer, feature),
          className: `name name-${layer.geometry}`,
          colour: this.index.symbolOf(layer).stroke,
          places: layer.geometry === "area" ? [0, -20, 20, -38, 38] : [-16, 16, -30, 30],
          shape: layer.geometry === "point" ? null : this.shape(feature.shape, {}),
        });
      }
    }
    this.labels.arrange();
  }

  /** Mark what is chosen; nothing is marked without an item. */
  mark(item) {
    this.item = item;
    this.chosen.clearLayers();
    if (item && item.type === "zone") {
      const zone = this.index.find(item.row.zone_layer, item.row.zone_id);
      if (zone && zone.feature.shape) this.halo(zone.feature.shape, ["#FFFFFF", 9], ["#0B57D0", 4]);
      if (item.row.shape) {
        this.shape(item.row.shape, { ...geoplan.paint.gap, pane: "chosen", interactive: false })
          .addTo(this.chosen);
      }
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
    const zone = item.type === "zone" && this.index.find(item.row.zone_layer, item.row.zone_id);
    const shape = item.type === "feature" ? item.feature.shape
      : (zone && zone.feature.shape) || item.row.shape;
    if (shape) this.fit(this.shape(shape, {}).getBounds(), item.type === "overlap" ? 0.4 : 0.15);
  }

  fit(bounds, margin = 0.04) {
    const phone = window.matchMedia(geoplan.PHONE).matches;
    const details = !phone && this.item ? 380 : 0;
    this.map.fitBounds(bounds.pad(margin), {
      paddingTopLeft: [24, 24],
      paddingBottomRight: [details || 24, 48],
      maxZoom: 17,
      animate: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    });
  }

  wholeBounds() {
    const all = L.latLngBounds([]);
    this.groups.forEach((group) => all.extend(group.getBounds()));
    const [west, south, east, north] = this.index.data.plan.extent;
    return all.isValid() ? all : L.latLngBounds([south, west], [north, east]);
  }

  home() {
    this.fit(this.bounds);
  }
};
