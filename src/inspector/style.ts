import { windowOf } from './dom.ts';

const css = `
:host {
  color-scheme: light dark;
  --back: light-dark(#ffffff, #15161d);
  --raised: light-dark(#f6f6f8, #1c1e27);
  --line: light-dark(#dcdce3, #333644);
  --ink: light-dark(#1d1e28, #e8e8f0);
  --muted: light-dark(#5d5f6e, #a3a5b5);
  --accent: light-dark(#473a8c, #bcb2ff);
  --chosen: light-dark(#e8e5f8, #322e52);
  --string: light-dark(#1d6b34, #8ed6a0);
  --number: light-dark(#0b5aa8, #86c1ff);
  --special: light-dark(#8a4b08, #f0b878);
  --bad: light-dark(#a8201a, #ff9a8f);
  --good: light-dark(#1d6b34, #7ccf93);
  --wait: light-dark(#9aa0b5, #666b82);
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  display: block;
  container-type: size;
  height: 40rem;
  min-width: 0;
  background: var(--back);
  color: var(--ink);
  font: 12px / 1.4 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  text-align: start;
}
:host([fill]) { position: fixed; inset: 0; height: auto; }
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
h2, h3, p, dl, dd, ul, pre, fieldset { margin: 0; padding: 0; border: 0; min-width: 0; }
h2, h3 { font-size: inherit; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
button, input, .button { font: inherit; color: inherit; }
button, .button, input[type="search"], input[type="number"] {
  min-height: 26px; padding: 2px 9px; border: 1px solid var(--line); border-radius: 5px; background: var(--back);
}
button, .button { display: inline-grid; place-items: center; cursor: pointer; white-space: nowrap; }
button:hover, .button:hover { border-color: var(--accent); }
button:active, .button:active, [aria-pressed="true"] { background: var(--chosen); }
.small { min-height: 24px; padding: 0 7px; }
.danger { color: var(--bad); }
:focus-visible, .button:focus-within, label:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: -1px; }
input[type="search"] { flex: 1; min-width: 0; }
input[type="number"] { width: 8.5em; font-family: var(--mono); }
input[type="range"] { flex: 1; min-width: 3rem; min-height: 24px; margin: 0; accent-color: var(--accent); }
::placeholder { color: var(--muted); opacity: 1; }
.panel {
  display: grid; height: 100%;
  grid-template: "toolbar toolbar" auto "runs main" minmax(0, 1fr) "message message" auto / minmax(12rem, 17rem) minmax(0, 1fr);
}
.bar { display: flex; align-items: center; gap: 6px; padding: 5px 8px; min-width: 0; }
.toolbar { grid-area: toolbar; flex-wrap: wrap; background: var(--raised); border-bottom: 1px solid var(--line); }
.toolbar .button { margin-inline-start: auto; }
.toolbar strong { font-family: var(--mono); overflow-wrap: anywhere; }
button.back { display: none; }
.badge { padding: 0 6px; border: 1px solid var(--line); border-radius: 9px; color: var(--muted); font-size: 11px; white-space: nowrap; }
.badge.completed { color: var(--good); }
.badge.failed, .badge.cancelled { color: var(--bad); }
.badge.workflow { color: var(--accent); }
.runs { grid-area: runs; display: flex; flex-direction: column; min-height: 0; border-inline-end: 1px solid var(--line); background: var(--raised); }
.main { grid-area: main; min-height: 0; min-width: 0; }
.message { grid-area: message; padding: 3px 8px; border-top: 1px solid var(--line); color: var(--muted); overflow-wrap: anywhere; }
.message:empty { display: none; }
.hint { padding: 6px 8px; color: var(--muted); }
.hint:empty { display: none; }
.complaint { padding: 4px 8px; color: var(--bad); overflow-wrap: anywhere; white-space: pre-wrap; }

.list { position: relative; flex: 1; min-height: 0; overflow: hidden auto; contain: strict; outline-offset: -2px; }
.sizer { position: relative; overflow: clip; }
.row {
  position: absolute; inset: 0 0 auto; height: var(--row); display: flex; align-items: center; gap: 8px; padding-inline: 8px;
  cursor: default; white-space: nowrap; overflow: hidden; contain: strict;
}
.row:hover { background: color-mix(in srgb, var(--chosen) 45%, transparent); }
.row[aria-selected="true"] { background: var(--chosen); box-shadow: inset 3px 0 var(--accent); }
.runs .row { display: grid; grid-template: auto auto / 8px minmax(0, 1fr) auto; gap: 0 8px; align-content: center; align-items: center; }
.name, .note { overflow: hidden; text-overflow: ellipsis; }
.name { font-family: var(--mono); grid-area: 1 / 2; }
.note { color: var(--muted); font-size: 11px; grid-area: 2 / 2 / 3 / 4; }
.runs .badge { grid-area: 1 / 3; }
.dot { width: 8px; height: 8px; border-radius: 50%; border: 1.5px solid var(--wait); }
.dot.here, .dot.elsewhere { border-color: var(--good); background: var(--good); }
.seq { min-width: 6ch; text-align: end; color: var(--muted); font: 11px var(--mono); font-variant-numeric: tabular-nums; }
.type { color: var(--accent); font-family: var(--mono); font-weight: 600; }
.text { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; color: var(--muted); font-family: var(--mono); }

.run { display: flex; flex-direction: column; height: 100%; }
.run > header { border-bottom: 1px solid var(--line); }
.title { display: flex; align-items: start; gap: 8px; padding: 8px 8px 4px; }
.title h2 { flex: 1; font: 600 14px/1.7 var(--mono); overflow-wrap: anywhere; outline: none; }
.actions { display: flex; gap: 6px; }
dl { display: flex; flex-wrap: wrap; gap: 2px 20px; padding: 0 8px 6px; }
dl > div { display: flex; gap: 6px; align-items: center; min-height: 24px; }
dt { color: var(--muted); }
dd { font-family: var(--mono); }
.choice { display: inline-flex; border: 1px solid var(--line); border-radius: 5px; overflow: clip; }
.choice label { position: relative; display: grid; place-items: center; min-height: 24px; padding: 1px 10px; cursor: pointer; }
.choice label + label { border-inline-start: 1px solid var(--line); }
.choice input { position: absolute; opacity: 0; inset: 0; margin: 0; cursor: pointer; }
.choice label:has(:checked) { background: var(--chosen); color: var(--accent); font-weight: 600; }
.choice label:has(:focus-visible) { outline-offset: -2px; }
.run-body { flex: 1; min-height: 0; }
.log-view { display: grid; height: 100%; grid-template: minmax(0, 1fr) / minmax(0, 5fr) minmax(0, 4fr); }
.log, .detail { display: flex; flex-direction: column; min-width: 0; min-height: 0; }
.log > .bar:first-child, .detail > .bar:first-child { min-height: 36px; border-bottom: 1px solid var(--line); }
.detail { border-inline-start: 1px solid var(--line); }
.detail h3 { margin-inline-start: auto; font-family: var(--mono); font-weight: 400; color: var(--muted); }
.detail-body { flex: 1; min-height: 0; overflow: auto; outline-offset: -2px; padding-block: 4px 12px; }
.count { color: var(--muted); font-variant-numeric: tabular-nums; }
.steps { border-top: 1px solid var(--line); }
.steps button { min-width: 26px; }

.value { padding-inline: 8px; font: 12px/1.55 var(--mono); overflow-wrap: anywhere; }
.value summary { cursor: default; border-radius: 3px; }
.value summary { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.value summary::marker { color: var(--muted); }
.value summary:hover { background: color-mix(in srgb, var(--chosen) 45%, transparent); }
.leaf { padding-inline-start: 1.1em; }
.parts, .value pre { margin-inline-start: .45em; padding-inline-start: .75em; border-inline-start: 1px solid var(--line); }
.value pre { white-space: pre-wrap; font: inherit; }
.label { color: var(--accent); }
.of-string { color: var(--string); }
.of-number, .of-bigint, .of-boolean { color: var(--number); }
.of-special { color: var(--special); }
.of-undefined, .of-object { color: var(--muted); }
.of-error { color: var(--bad); }
.changes { list-style: none; }
.changes li { padding: 6px 8px; border-bottom: 1px solid var(--line); }
.changes code { font: 600 12px var(--mono); overflow-wrap: anywhere; }
.changes li > div { display: flex; gap: 4px; margin-top: 3px; border-radius: 3px; font-family: var(--mono); }
.changes li > div > [aria-hidden] { width: 1.2em; text-align: center; font-weight: 700; }
.changes .value { flex: 1; min-width: 0; padding: 0; }
.added { background: light-dark(#e9f6ec, #16291d); }
.removed { background: light-dark(#fcecea, #311b1c); }
.added > [aria-hidden] { color: var(--good); }
.removed > [aria-hidden] { color: var(--bad); }

.timeline .log > p { color: var(--muted); }
.timeline .type { width: 11em; overflow: hidden; text-overflow: ellipsis; font-weight: 400; color: var(--ink); }
.timeline .text { flex: none; width: 17em; font-family: inherit; }
.sign { width: 1em; text-align: center; color: var(--muted); }
.sign.succeeded { color: var(--good); }
.sign.failed { color: var(--bad); }
.sign.running { color: var(--accent); }
.track { position: relative; flex: 1; min-width: 40px; height: 12px; background: linear-gradient(var(--line), var(--line)) center / 100% 1px no-repeat; }
.stretch { position: absolute; inset-block: 0; min-width: 3px; border-radius: 2px; background: var(--good); }
.stretch.failed { background: var(--bad); }
.stretch.running { background: var(--accent); }
.stretch.cut { background: repeating-linear-gradient(135deg, var(--special) 0 3px, transparent 3px 6px); }
.stretch.waited, .stretch.waiting { inset-block: 4px; background: var(--wait); }

dialog { max-width: min(26rem, calc(100% - 2rem)); padding: 16px; border: 1px solid var(--line); border-radius: 8px; background: var(--back); color: var(--ink); }
dialog h2 { font-size: 14px; overflow-wrap: anywhere; }
dialog p { margin-block: 8px 12px; }
dialog .bar { padding: 0; justify-content: end; }
::backdrop { background: rgb(0 0 0 / .4); }

@container (max-width: 900px) {
  .log-view { grid-template: minmax(0, 1fr) minmax(0, 1fr) / minmax(0, 1fr); }
  .detail { border-inline-start: 0; border-top: 1px solid var(--line); }
}
@container (max-width: 640px) {
  .panel { grid-template: "toolbar" auto "main" minmax(0, 1fr) "message" auto / minmax(0, 1fr); }
  .panel[data-shows="runs"] .main, .panel[data-shows="run"] .runs { display: none; }
  .panel[data-shows="run"] .back { display: inline-grid; }
  .runs { grid-area: main; border: 0; }
  .timeline .text { width: 8em; }
  .timeline .type { width: 7em; }
  dl { gap: 0 14px; }
}
@media (forced-colors: active) {
  .row[aria-selected="true"], .choice label:has(:checked) { outline: 2px solid Highlight; outline-offset: -2px; }
}
`;

const sheets = new WeakMap<Document, CSSStyleSheet>();

/** The style sheet for a document: it can only be used in the one whose window has made it. */
export function styleOf(document: Document): CSSStyleSheet {
  const { CSSStyleSheet } = windowOf(document.documentElement);
  const sheet = sheets.get(document) ?? new CSSStyleSheet();
  if (!sheets.has(document)) sheet.replaceSync(css);
  sheets.set(document, sheet);
  return sheet;
}
