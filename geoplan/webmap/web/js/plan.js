// Finds layers, features and findings, and what they are called.
"use strict";

geoplan.PlanIndex = class {
  constructor(data, words) {
    this.data = data;
    this.words = words;
    this.layers = new Map(data.layers.map((layer) => [layer.id, layer]));
    this.features = new Map();
    for (const layer of data.layers) {
      for (const feature of layer.features) {
        this.features.set(this.key(layer.id, feature.id), feature);
      }
    }
  }

  key(layerId, featureId) {
    return JSON.stringify([layerId, String(featureId)]);
  }

  symbolOf(layer) {
    return this.data.symbols[layer.kind] || this.data.symbols.generic;
  }

  find(layerId, featureId) {
    const feature = this.features.get(this.key(layerId, featureId));
    return feature ? { layer: this.layers.get(layerId), feature } : null;
  }

  nameOf(layer, feature) {
    const value = (column) => {
      const place = layer.columns.indexOf(column);
      return place < 0 ? null : feature.values[place];
    };
    const chinese = value(layer.name_column);
    const english = value(layer.name_en_column);
    const name = this.words.lang === "en" ? english || chinese : chinese || english;
    return String(name || feature.id);
  }

  /** The name of one side of a finding, in the language of the moment where it is known. */
  sideName(row, side) {
    const found = this.find(row[`${side}_layer`], row[`${side}_id`]);
    if (found) return this.nameOf(found.layer, found.feature);
    return String(row[`${side}_name`] || row[`${side}_id`]);
  }

  layerTitle(layerId) {
    const layer = this.layers.get(layerId);
    return layer ? this.words.of(layer.title) : String(layerId);
  }

  overlaps() {
    return this.data.overlaps ? this.data.overlaps.rows : [];
  }

  zones() {
    return this.data.coverage ? this.data.coverage.rows : [];
  }

  overlapsOf(layer, feature) {
    const mine = this.key(layer.id, feature.id);
    return this.overlaps().filter((row) =>
      ["left", "right"].some((side) => this.key(row[`${side}_layer`], row[`${side}_id`]) === mine)
    );
  }

  coveringLayers(row) {
    return this.words.list(
      String(row.by || "").split(",").map((id) => this.layerTitle(id.trim()))
    );
  }
};
