// The one name that all scripts share, on the page and in the worker.
"use strict";

globalThis.geoplan = globalThis.geoplan || {};
geoplan.engine = geoplan.engine || {};

/** What an object of data holds under a key of its own, null where it has none. */
geoplan.own = (object, key) =>
  Object.prototype.hasOwnProperty.call(object, key) ? object[key] : null;
