// Takes the clicks, taps and keys of the map for a tool, also those that land on a feature.
"use strict";

geoplan.Aim = class {
  /** `take` gets a place; `undo`, `finish` and `end` are asked for by keys, `hover` follows the mouse. */
  constructor(map, { take, end, undo = () => {}, finish = () => {}, hover = () => {} }) {
    this.map = map;
    this.tool = { take, end, undo, finish, hover };
    this.cross = geoplan.el("div", { class: "aim-cross", "aria-hidden": "true" });
    // in the capture phase of the document: before Leaflet, and so before what is drawn there
    this.listeners = {
      click: (event) => this.click(event),
      dblclick: (event) => this.swallow(event),
      keydown: (event) => this.key(event),
      mousemove: (event) => this.move(event),
    };
  }

  start() {
    const container = this.map.getContainer();
    container.classList.add("aiming");
    container.append(this.cross);
    for (const [name, listen] of Object.entries(this.listeners)) document.addEventListener(name, listen, true);
    container.focus({ preventScroll: true });
  }

  stop() {
    this.map.getContainer().classList.remove("aiming");
    this.cross.remove();
    for (const [name, listen] of Object.entries(this.listeners)) document.removeEventListener(name, listen, true);
  }

  /** Whether something happened on the map itself, not on a button over it. */
  isOnMap(event) {
    const { target } = event;
    return this.map.getContainer().contains(target) && !target.closest(".leaflet-control");
  }

  swallow(event) {
    if (this.isOnMap(event)) event.stopPropagation();
  }

  click(event) {
    if (!this.isOnMap(event)) return;
    event.stopPropagation();
    if (this.map.dragging && this.map.dragging.moved()) return;
    // the second click of a double one stands where the first did
    if (event.detail > 1) this.tool.finish();
    else this.tool.take(this.map.mouseEventToLatLng(event));
  }

  move(event) {
    this.tool.hover(this.isOnMap(event) ? this.map.mouseEventToLatLng(event) : null);
  }

  key(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.tool.end();
      return;
    }
    if (!this.isOnMap(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      Enter: () => this.tool.take(this.map.getCenter()), " ": () => this.tool.take(this.map.getCenter()),
      Backspace: () => this.tool.undo(), Delete: () => this.tool.undo(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }
};
