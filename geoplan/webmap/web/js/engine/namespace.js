// The one name that all scripts share, on the page and in the worker.
"use strict";

globalThis.geoplan = globalThis.geoplan || {};
geoplan.engine = geoplan.engine || {};
