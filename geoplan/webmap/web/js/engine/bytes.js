// From the text of a payload to bytes, and from bytes to whole numbers.
"use strict";

geoplan.engine.fromBase64 = (text) => {
  const given = text.trim();
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(given);
  const letters = atob(given);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return bytes;
};

/** Unpack gzip; browsers older than DecompressionStream do it with fflate. */
geoplan.engine.gunzip = async (bytes) => {
  if (typeof DecompressionStream === "undefined") return fflate.gunzipSync(bytes);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

/** Read varints up to 2^53; bit operations would stop at 2^32. */
geoplan.engine.varints = (bytes, count, found = new Float64Array(count)) => {
  let at = 0;
  for (let i = 0; i < count; i += 1) {
    let byte = bytes[at++];
    let value = byte & 127;
    for (let weight = 128; byte > 127; weight *= 128) {
      byte = bytes[at++];
      value += (byte & 127) * weight;
    }
    found[i] = value;
  }
  return found;
};

/** Read places that are written as steps from one to the next: x, y, x, y … */
geoplan.engine.places = (bytes, count) => {
  const found = new Int32Array(2 * count);
  let at = 0;
  let x = 0;
  let y = 0;
  const step = () => {
    let byte = bytes[at++];
    let value = byte & 127;
    for (let shift = 7; byte > 127; shift += 7) {
      byte = bytes[at++];
      value |= (byte & 127) << shift;
    }
    return (value >>> 1) ^ -(value & 1);
  };
  for (let i = 0; i < found.length; i += 2) {
    found[i] = x += step();
    found[i + 1] = y += step();
  }
  return found;
};

/** Where each of some counted things begins, and where the last one ends. */
geoplan.engine.starts = (counts) => {
  const found = new Int32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i += 1) found[i + 1] = found[i] + counts[i];
  return found;
};

geoplan.engine.bit = (bits, place) => (bits[place >> 3] >> (place & 7)) & 1;
