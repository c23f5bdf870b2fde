// Draws features on a map: those of an address, or those of a result. Nothing but this service is
// asked, and every text of others is set as text, never as markup.
"use strict";

const geoplanMap = {
  /** Draw GeoJSON features in a box; returns how many have no place. */
  draw(box, features, look) {
    const placed = features.filter((one) => one.geometry);
    if (!placed.length) {
      box.hidden = true;
      return features.length;
    }
    box.hidden = false;
    const map = L.map(box, { attributionControl: false, zoomControl: false, maxZoom: 20,
      preferCanvas: placed.length > 300 });
    L.control.zoom({ zoomInTitle: look.zoomIn, zoomOutTitle: look.zoomOut }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    const drawn = L.geoJSON(placed, {
      style: { color: look.stroke, weight: 2, fillColor: look.fill, fillOpacity: 0.55 },
      pointToLayer: (one, at) => L.circleMarker(at, { radius: 7, weight: 2 }),
      onEachFeature: (one, layer) => {
        layer.bindPopup(() => look.popup(one));
        geoplanMap.join(one, layer);
      },
    }).addTo(map);
    map.fitBounds(drawn.getBounds(), { padding: [24, 24], maxZoom: 16, animate: false });
    if (look.around) look.around(map, drawn);
    return features.length - placed.length;
  },

  /** Where a row of the table stands for a feature, each lights up the other. */
  join(one, layer) {
    const row = geoplanMap.rows.get(String(one.id));
    if (!row || !layer.setStyle) return;
    const light = (on) => {
      row.classList.toggle("lit", on);
      layer.setStyle({ weight: on ? 5 : 2 });
    };
    ["mouseenter", "focusin"].forEach((name) => row.addEventListener(name, () => light(true)));
    ["mouseleave", "focusout"].forEach((name) => row.addEventListener(name, () => light(false)));
    layer.on({ mouseover: () => light(true), mouseout: () => light(false) });
  },

  /** What lies around a feature in its layer, faintly, each with the way to its page. */
  async around(map, drawn, data, id) {
    const names = data.names ? data.names.split(",") : [];
    const edges = map.getBounds();
    if (edges.getWest() < -180 || edges.getEast() > 180) return;
    const answer = await fetch(`${data.around}&bbox=${edges.toBBoxString()}`);
    if (!answer.ok) return;
    const others = (await answer.json()).features.filter((one) => one.geometry && one.id !== id);
    L.geoJSON(others, {
      style: { color: data.stroke, weight: 1, opacity: 0.6, fillColor: data.fill, fillOpacity: 0.12 },
      pointToLayer: (one, at) => L.circleMarker(at, { radius: 5 }),
      onEachFeature: (one, layer) => layer.bindPopup(() => geoplanMap.popup(
        geoplanMap.nameOf(one, names), `${data.items}/${encodeURIComponent(one.id)}`)),
    }).addTo(map).bringToBack();
    drawn.bringToFront();
  },

  rows: new Map([...document.querySelectorAll("tr[data-id]")].map((row) => [row.dataset.id, row])),

  /** A popup: a text, and where it leads. */
  popup(text, href) {
    const box = document.createElement(href ? "a" : "span");
    box.textContent = text;
    if (href) box.href = href;
    return box;
  },

  nameOf(one, names) {
    const named = names.map((name) => (one.properties || {})[name]).find((name) => name);
    return String(named || one.id);
  },

  /** Fill the maps that the page leaves room for. */
  async fill(box) {
    const told = box.parentElement.querySelector("p[role=status]");
    const data = box.dataset;
    const names = data.names ? data.names.split(",") : [];
    const look = {
      fill: data.fill, stroke: data.stroke, zoomIn: data.zoomIn, zoomOut: data.zoomOut,
      popup: (one) => data.name
        ? geoplanMap.popup(data.name)
        : geoplanMap.popup(geoplanMap.nameOf(one, names),
          `${data.items}/${encodeURIComponent(one.id)}`),
    };
    try {
      const answer = await fetch(data.source, { headers: { Accept: "application/geo+json" } });
      if (!answer.ok) throw new Error(answer.statusText);
      const found = await answer.json();
      if (data.around) look.around = (map, drawn) => geoplanMap.around(map, drawn, data, found.id);
      const nowhere = geoplanMap.draw(box, found.features || [found], look);
      if (nowhere) told.textContent = data.nowhere.replace("{count}", nowhere);
    } catch (error) {
      box.hidden = true;
      told.textContent = data.failed;
    }
  },
};

document.querySelectorAll(".map[data-source]").forEach((box) => geoplanMap.fill(box));
