// Copies a text; where the page may not, the text is shown marked, ready for Ctrl+C.
"use strict";

/** Resolve to whether the text is in the clipboard. */
geoplan.copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch (refused) { // no clipboard here, or not for this page
    const field = geoplan.el("textarea", { class: "copy-field", readonly: true, "aria-hidden": "true" });
    const back = document.activeElement;
    field.value = text;
    document.body.append(field);
    field.select();
    let copied = false;
    try {
      copied = document.execCommand("copy");
    } finally {
      field.remove();
      if (back) back.focus({ preventScroll: true });
    }
    return copied;
  }
};

/** A button that copies what `text()` gives, and says whether it did. */
geoplan.copyButton = (words, key, text) => {
  const said = geoplan.el("span", { class: "copy-said", role: "status" });
  const field = geoplan.el("input", { class: "copy-text", readonly: true, hidden: true });
  const button = geoplan.el("button", {
    type: "button", class: "tool-button", "data-copy": key,
    click: async () => {
      const copied = await geoplan.copy(text());
      said.textContent = words.say(copied ? "copied" : "copy-by-hand");
      field.hidden = copied;
      if (copied) return;
      field.value = text();
      field.setAttribute("aria-label", words.say(key));
      field.focus();
      field.select();
    },
  }, words.say(key));
  return [button, field, said];
};
