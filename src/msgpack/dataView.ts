// Reading four bytes at a time. V8 loads a buffer's address and length anew for every byte that is read of it: a
// loop over words does so a fourth as often.

let last: Uint8Array = new Uint8Array(0);
let lastView = new DataView(last.buffer as ArrayBuffer);
let before = last;
let viewBefore = lastView;

/** A view of all of `buf`'s bytes: the same one as long as no more than two buffers take turns. */
export function dataView(buf: Uint8Array): DataView {
  if (buf === last) return lastView;
  const view =
    buf === before ? viewBefore : new DataView(buf.buffer as ArrayBuffer, buf.byteOffset, buf.length);
  before = last;
  viewBefore = lastView;
  last = buf;
  lastView = view;
  return view;
}
