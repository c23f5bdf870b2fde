// Opens the features of the layers: few become shapes of the page, many become tiles of the engine.
"use strict";

/** The columns that say how a feature is drawn. */
geoplan.TRUST = ["geometry_method", "coordinate_basis", "status"];
geoplan.LISTED = 500;

/** Every id of a layer that an answer or a finding speaks of. */
geoplan.namedIds = (data, layerId) => {
  const answers = [data.overlaps, data.coverage, data.check].filter(Boolean);
  const sides = ["left", "right", "zone", "subject", "object"];
  return [...new Set(answers.flatMap(({ rows }) => rows.flatMap((row) => sides
    .filter((side) => row[`${side}_layer`] === layerId).map((side) => row[`${side}_id`]))))];
};

/**
 * Give each layer its `engine`, its `features` (of a large layer those without a position), the
 * features that answers name, and samples of every way in which its features are drawn.
 */
geoplan.openLayers = (data) => Promise.all(data.layers.map(async (layer) => {
  const { large } = layer;
  if (layer.served) {
    const engine = new geoplan.ServedLayer(layer);
    Object.assign(layer, { engine, features: [], samples: [], named: [] });
    return;
  }
  layer.engine = await geoplan.engine.open(layer.data, { large, classBy: geoplan.TRUST });
  const { count, located, classes } = layer.engine;
  const from = large ? located : 0;
  const rows = Array.from({ length: large ? Math.min(count - from, geoplan.LISTED) : count }, (_, i) => from + i);
  layer.features = await layer.engine.features(rows);
  layer.samples = large ? await layer.engine.features(classes.map(({ row }) => row)) : layer.features;
  const named = large ? await layer.engine.byIds(geoplan.namedIds(data, layer.id)) : [];
  layer.named = named.filter(Boolean);
}));

/** The layers that are tiles: drawn, hit and named on the map. */
geoplan.LargeLayers = class {
  constructor(planMap) {
    this.planMap = planMap;
    this.map = planMap.map;
    this.layers = [];
  }

  draw(layer, symbol, pane) {
    layer.engine.styleBy(({ values: [method, basis, status] }) => {
      const trust = { schematic: method === "schematic", estimated: basis === "estimated", status };
      return geoplan.engineStyle(geoplan.strokes.of(layer, symbol, trust), symbol);
    });
    if (!this.layers.length) this.hover();
    this.layers.push({ layer, height: Number(this.map.getPane(pane).style.zIndex) });
    this.layers.sort((a, b) => b.height - a.height);
    const bounds = layer.engine.bounds ? this.bounds(layer).pad(0.02) : undefined;
    return new geoplan.Tiles(layer.engine, { pane, bounds });
  }

  bounds(layer) {
    const [west, south, east, north] = layer.engine.bounds;
    return L.latLngBounds([south, west], [north, east]);
  }

  /** The uppermost feature at a place that lies above a height, null for none. */
  async at(latlng, above = 0) {
    for (const { layer, height } of this.layers) {
      if (height <= above || this.planMap.hidden.has(layer.id)) continue;
      const feature = await layer.engine.hit(latlng, this.map.getZoom());
      if (feature) return { type: "feature", layer, feature };
    }
    return null;
  }

  /** Choose what lies in tiles above an item of the page's own, or else the item. */
  orElse(latlng, item, choose) {
    if (!this.layers.length) {
      choose(item);
      return;
    }
    const pane = item && this.map.getPane(`layer-${item.layer.id}`);
    this.at(latlng, pane ? Number(pane.style.zIndex) : 0).then((found) => choose(found || item));
  }

  /** Say the name of what the pointer rests on; one question at a time. */
  hover() {
    const name = geoplan.el("span", {});
    const tip = L.tooltip({ className: "hover-name", opacity: 1, offset: [12, 0] }).setContent(name);
    let busy = false;
    this.map.on("mousemove", async ({ latlng, originalEvent }) => {
      if (busy || this.map.dragging.moving()) return;
      busy = true;
      const onGround = originalEvent.target === this.map.getContainer();
      const found = onGround ? await this.at(latlng) : null;
      busy = false;
      if (found) {
        name.textContent = this.planMap.index.nameOf(found.layer, found.feature);
        tip.setLatLng(latlng).openOn(this.map);
      } else tip.close();
    });
    this.map.on("mouseout movestart", () => tip.close());
  }
};
