// Builds elements. Text becomes a text node, always: nothing here parses markup.
"use strict";

/** Make an element; a function among the attributes becomes a listener. */
geoplan.el = (tag, attributes = {}, ...children) =>
  geoplan.fill(document.createElement(tag), attributes, children);

/** Make an SVG element. */
geoplan.svg = (tag, attributes = {}, ...children) =>
  geoplan.fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

geoplan.fill = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      node.addEventListener(name, value);
    } else if (value !== null && value !== false && value !== undefined) {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
};

/** Put new children in the place of all old ones. */
geoplan.refill = (node, ...children) => {
  node.replaceChildren(...children.flat(Infinity).filter(Boolean));
};
