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

/**
 * Takes the text of a payload piece by piece and unpacks it on the way; browsers older than
 * DecompressionStream do it at the end, with fflate.
 */
geoplan.engine.Inflow = class {
  constructor() {
    this.pieces = [];
    if (typeof DecompressionStream === "undefined") return;
    const { readable, writable } = new DecompressionStream("gzip");
    this.writer = writable.getWriter();
    this.whole = new Response(readable).arrayBuffer();
  }

  /** Take a piece: bytes, or base64, of which all but the last are multiples of four letters long. */
  take(piece) {
    const bytes = typeof piece === "string" ? geoplan.engine.fromBase64(piece) : piece;
    // what is wrong with a piece is told at the end
    if (this.writer) this.writer.write(bytes).catch(() => null);
    else this.pieces.push(bytes);
  }

  async end() {
    if (this.writer) {
      this.writer.close().catch(() => null);
      return new Uint8Array(await this.whole);
    }
    const packed = new Uint8Array(this.pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of this.pieces) {
      packed.set(piece, at);
      at += piece.length;
    }
    return fflate.gunzipSync(packed);
  }
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
