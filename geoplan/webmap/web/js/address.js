// The view in the page's address: `#zoom/lat/lng&layers=a,b&lang=en&embed=1`, read at start, kept up to date.
"use strict";

geoplan.Address = class {
  constructor(app) {
    this.app = app;
    this.map = app.planMap.map;
    this.written = null;
    this.wait = null;
  }

  /** What an address asks for; whatever is no number in range, or no name of ours, is not there. */
  static read(hash) {
    const asked = {};
    for (const part of String(hash).replace(/^#/, "").slice(0, 10000).split("&")) {
      const view = /^(\d{1,2}(?:\.\d{1,4})?)\/(-?\d{1,2}(?:\.\d{1,9})?)\/(-?\d{1,3}(?:\.\d{1,9})?)$/.exec(part);
      const named = /^(layers|lang|embed)=(.*)$/.exec(part);
      if (view) {
        const [zoom, lat, lng] = view.slice(1).map(Number);
        if (zoom <= 24 && Math.abs(lat) <= 85 && Math.abs(lng) <= 180) asked.view = { zoom, centre: L.latLng(lat, lng) };
      } else if (named && named[1] === "layers") {
        asked.layers = named[2].split(",");
      } else if (named && named[1] === "lang" && /^(zh|en)$/.test(named[2])) {
        [, , asked.lang] = named;
      } else if (named && named[1] === "embed") {
        asked.embed = named[2] === "1";
      }
    }
    return asked;
  }

  /** The keys of what can be switched, each with its name in an address. */
  names() {
    const keys = [...this.app.planMap.groups.keys()];
    return new Map(keys.map((key) => [key.replace(/^:/, ""), key]));
  }

  /** Do what the address asks for; say whether it named a view. */
  apply() {
    const asked = geoplan.Address.read(window.location.hash);
    document.body.classList.toggle("embed", Boolean(asked.embed));
    if (asked.layers) this.show(asked.layers);
    if (asked.lang !== this.app.words.lang && this.app.data.languages.includes(asked.lang)) this.app.speak(asked.lang);
    this.map.invalidateSize({ animate: false });
    if (asked.view) this.map.setView(asked.view.centre, asked.view.zoom, { animate: false });
    return Boolean(asked.view);
  }

  /** Show the layers that are named; where none of them is known, the list is not meant for this plan. */
  show(asked) {
    const names = this.names();
    if (!asked.some((name) => names.has(name)) && asked.join("") !== "") return;
    for (const [name, key] of names) {
      const visible = asked.includes(name);
      if (this.app.planMap.isVisible(key) !== visible) this.app.planMap.setVisible(key, visible);
    }
    this.app.panel.render();
  }

  /** From now on write what changes, and follow an address that is typed. */
  follow() {
    this.map.on("moveend zoomend layeradd layerremove", () => this.soon());
    window.addEventListener("hashchange", () => {
      if (window.location.hash !== this.written) this.apply();
    });
  }

  soon() {
    clearTimeout(this.wait);
    this.wait = setTimeout(() => this.write(), 200);
  }

  text() {
    const centre = this.map.getCenter();
    const zoom = Number(this.map.getZoom().toFixed(2));
    const hidden = [...this.names()].filter(([, key]) => !this.app.planMap.isVisible(key));
    const shown = [...this.names()].filter(([, key]) => this.app.planMap.isVisible(key));
    const parts = [`${zoom}/${centre.lat.toFixed(5)}/${centre.lng.toFixed(5)}`];
    if (hidden.length) parts.push(`layers=${shown.map(([name]) => name).join(",")}`);
    parts.push(`lang=${this.app.words.lang}`);
    if (document.body.classList.contains("embed")) parts.push("embed=1");
    return `#${parts.join("&")}`;
  }

  /** Where a document has no address of its own (srcdoc) the last part is replaced, or nothing is. */
  write() {
    if (document.body.classList.contains("sheeted")) return;
    this.written = this.text();
    try {
      window.history.replaceState(null, "", this.written);
    } catch (refused) {
      try {
        window.location.replace(window.location.href.split("#")[0] + this.written);
      } catch (again) { /* a page without an address keeps its view all the same */ }
    }
  }
};
