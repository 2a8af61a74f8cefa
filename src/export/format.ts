// An exported run is lines of JSON, in this order. Their values are in the serialization of `src/serialization`.
//
//   {"format":"rewake-run","formatVersion":1,"runId":"import-7","logId":"…","seq":2}   seq: of the last event
//   {"base":{"atSeq":2,"version":2,"state":…}}           if the log was compacted; its events begin after it
//   {"seq":1,"event":…}
//   {"seq":2,"version":2,"event":…}                      of the application; without one, it is 1
//   {"snapshot":{"atSeq":2,"version":2,"state":…}}       if the run has one
//   {"end":{"crc32":…}}                                  of all bytes before this line

export const FORMAT = 'rewake-run';
export const FORMAT_VERSION = 1;

/** The CRC-32 (as of zip and gzip) of what had the checksum `before`, and of `bytes` after it. It finds damage, not malice. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}

const table: Uint32Array = /* @__PURE__ */ Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});
