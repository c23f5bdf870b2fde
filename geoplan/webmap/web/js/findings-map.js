// Draws findings on the map: where they share ground, what joins them, where they cross.
"use strict";

geoplan.FindingsMap = class {
  constructor(planMap, findings) {
    this.planMap = planMap;
    this.findings = findings;
    this.pane = planMap.pane("findings", 437);
    this.group = L.featureGroup().addTo(planMap.map);
    planMap.groups.set(geoplan.FINDINGS, this.group);
    document.body.append(this.patterns());
    this.draw();
  }

  patterns() {
    const { severity } = this.findings.index.data.marks;
    const mark = {
      cross: (color) => [["M0 0L8 8", color], ["M8 0L0 8", color]],
      hatch: (color) => [["M-1 1L1 -1M0 8L8 0M7 9L9 7", color]],
      dots: (color) => [["M3.2 4h1.6", color]],
    };
    return geoplan.svg("svg", { width: 0, height: 0, class: "definitions", "aria-hidden": "true" },
      geoplan.svg("defs", {}, Object.entries(severity).map(([name, look]) =>
        geoplan.svg("pattern", { id: `cue-severity-${name}`, width: 8, height: 8, patternUnits: "userSpaceOnUse" },
          geoplan.svg("rect", { width: 8, height: 8, fill: look.colour, "fill-opacity": 0.1 }),
          mark[look.fill](look.colour).map(([d, stroke]) =>
            geoplan.svg("path", { d, stroke, "stroke-width": look.fill === "dots" ? 1.6 : 1.1, fill: "none" }))))));
  }

  /** Draw anew what is shown; worse findings lie over lighter ones. */
  draw() {
    this.group.clearLayers();
    const rows = this.findings.rows.filter((row) => row.shape && this.findings.isShown(row));
    [...rows].reverse().forEach((row) => this.drawRow(row));
  }

  styles(row) {
    const look = this.findings.look(row);
    const dash = row.outcome === "uncertain" ? { dashArray: "5 5" } : {};
    const outline = { color: look.colour, weight: 2.6, lineCap: "butt", fill: false, ...dash };
    const kind = row.shape.type;
    if (kind.endsWith("Polygon")) {
      return [{ ...outline, fill: true, fillOpacity: 1, fillColor: `url(#cue-severity-${this.findings.rule(row).severity})` }];
    }
    if (kind.endsWith("Point")) {
      return [{ color: "#FFFFFF", weight: 4, radius: 7, fill: false },
        { ...outline, radius: 7, fill: true, fillColor: "#FFFFFF", fillOpacity: 0.7 }];
    }
    return [{ color: "#FFFFFF", weight: 6, opacity: 0.9, fill: false }, { ...outline, weight: 3 },
      { weight: 14, opacity: 0, fill: false }];
  }

  drawRow(row) {
    const styles = this.styles(row);
    styles.forEach((style, level) => {
      const top = level === styles.length - 1;
      const shape = this.planMap.shape(row.shape, { ...style, pane: this.pane, interactive: top });
      if (top) {
        shape.on("click", (event) => {
          L.DomEvent.stopPropagation(event);
          this.planMap.choose(this.findings.item(row));
        });
      }
      shape.addTo(this.group);
    });
  }

  /** Numbers stand where the findings are; those that collide wait for a closer zoom. */
  label() {
    if (this.planMap.hidden.has(geoplan.FINDINGS)) return;
    const { words } = this.findings;
    for (const row of this.findings.rows) {
      if (!row.anchor || !this.findings.isShown(row)) continue;
      const rule = this.findings.rule(row);
      const entry = this.planMap.labels.add({
        pane: "numbers", rank: 0, anchor: row.anchor, className: "finding-label",
        text: geoplan.findingNumber(this.findings, row), places: [0, -22, 22],
        title: `${row.number} ${words.code("severity", rule.severity)}, ${words.code("outcome", row.outcome)}: ${words.of(rule.title)}`,
        onClick: () => this.planMap.choose(this.findings.item(row)),
      });
      entry.always = Boolean(this.planMap.item) && this.planMap.item.row === row;
    }
  }

  /** Both features and, over them, the place of the finding. */
  mark(row) {
    for (const side of ["subject", "object"]) {
      const found = this.findings.found(row, side);
      if (!found) continue;
      const wide = found.layer.geometry === "line" ? 8 : 0;
      this.planMap.halo(found.feature.shape, ["#FFFFFF", 8 + wide], ["#0B57D0", 3 + wide]);
    }
    this.planMap.halo(row.shape, ["#0B57D0", 12], ["#FFFFFF", 7]);
  }

  /** Show where it is; what has no place of its own is shown by its features. */
  zoomTo(row) {
    const features = ["subject", "object"].map((side) => this.findings.found(row, side))
      .filter((found) => found && found.feature.shape).map((found) => found.feature.shape);
    const bounds = L.latLngBounds([]);
    for (const shape of row.shape ? [row.shape] : features) {
      bounds.extend(geoplan.boundsOf(shape));
    }
    if (bounds.isValid()) this.planMap.fit(bounds, 0.6, 15);
  }
};
