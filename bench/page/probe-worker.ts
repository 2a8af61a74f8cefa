// Says every millisecond what time it is. How late it is heard is how long the main thread had no time.
const nothing = new Int32Array(new SharedArrayBuffer(4));

for (;;) {
  Atomics.wait(nothing, 0, 0, 1);
  postMessage(performance.timeOrigin + performance.now());
}
