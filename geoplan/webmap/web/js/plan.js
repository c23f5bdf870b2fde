// Finds layers, features and findings, and what they are called.
"use strict";

geoplan.PlanIndex = class {
  constructor(data, words) {
    this.data = data;
    this.words = words;
    this.layers = new Map(data.layers.map((layer) => [layer.id, layer]));
    this.features = new Map();
    for (const layer of data.layers) {
      for (const feature of [...layer.features, ...layer.named]) {
        this.features.set(this.key(layer.id, feature.id), feature);
      }
    }
    this.sketched = new Set(this.drawnWith("schematic", data.layers).map(({ layer }) => layer.id));
  }

  key(layerId, featureId) {
    return JSON.stringify([layerId, String(featureId)]);
  }

  symbolOf(layer) {
    const symbol = this.data.symbols[layer.kind] || this.data.symbols.generic;
    return layer.tint ? { ...symbol, ...layer.tint } : symbol;
  }

  find(layerId, featureId) {
    const feature = this.features.get(this.key(layerId, featureId));
    return feature ? { layer: this.layers.get(layerId), feature } : null;
  }

  /** The layers of the plan, or those that only help to find one's way. */
  layersOf(role) {
    return this.data.layers.filter((layer) => layer.role === role);
  }

  /** What stands in a column, null where it is empty or the layer has no such column. */
  value(layer, feature, column) {
    const place = layer.columns.indexOf(column);
    return place < 0 ? null : feature.values[place];
  }

  /** The name in the language of the moment, or else the other one. */
  nameOf(layer, feature) {
    const chinese = this.value(layer, feature, layer.name_column);
    const english = this.value(layer, feature, layer.name_en_column);
    const name = this.words.lang === "en" ? english || chinese : chinese || english;
    return String(name || feature.id);
  }

  /** Whether it has a name of its own, and not just an id. */
  isNamed(layer, feature) {
    return [layer.name_column, layer.name_en_column].some((column) => this.value(layer, feature, column));
  }

  /** How far a feature's drawing can be trusted, as its own columns say. */
  trust(layer, feature) {
    return {
      schematic: this.value(layer, feature, "geometry_method") === "schematic",
      estimated: this.value(layer, feature, "coordinate_basis") === "estimated",
      accuracy: this.value(layer, feature, "geometry_accuracy_m"),
      status: this.value(layer, feature, "status"),
    };
  }

  /** The drawn features of the plan whose layer tells a status: of one, or of none that is known. */
  drawnAs(status) {
    const known = this.data.marks.status;
    return this.layersOf("plan").filter((layer) => layer.columns.includes("status"))
      .flatMap((layer) => layer.samples.filter((feature) => feature.shape)
        .map((feature) => ({ layer, feature, is: this.trust(layer, feature).status }))
        .filter(({ is }) => (status === null ? !geoplan.own(known, is) : is === status)));
  }

  /** The drawn features of some layers that are schematic, or estimated, each with its layer. */
  drawnWith(sign, layers) {
    return layers.flatMap((layer) => layer.samples
      .filter((feature) => feature.shape && this.trust(layer, feature)[sign])
      .map((feature) => ({ layer, feature })));
  }

  /** How far one side of a finding can be trusted; null where the side is not known. */
  sideTrust(row, side) {
    const found = this.find(row[`${side}_layer`], row[`${side}_id`]);
    return found && this.trust(found.layer, found.feature);
  }

  /** Whether a finding rests on a schematic drawing, and so only indicates. */
  isIndicative(row) {
    return ["left", "right", "zone"].some((side) => (this.sideTrust(row, side) || {}).schematic)
      || this.coveringIds(row).some((id) => this.sketched.has(id));
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

  coveringIds(row) {
    return String(row.by || "").split(",").map((id) => id.trim());
  }

  coveringLayers(row) {
    return this.words.list(this.coveringIds(row).map((id) => this.layerTitle(id)));
  }
};
