// In a worker, and only there: answer the page.
"use strict";

if (typeof document === "undefined") {
  const session = new geoplan.engine.Session(
    (message, transfer = []) => postMessage(message, transfer),
    (width, height) => new OffscreenCanvas(width, height));
  onmessage = (event) => session.take(event.data);
  postMessage({ ready: typeof OffscreenCanvas !== "undefined" && Boolean(new OffscreenCanvas(1, 1).getContext("2d")) });
}
