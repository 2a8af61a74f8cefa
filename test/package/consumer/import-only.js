import './no-browser.js';
import * as rewake from 'rewake';
import * as conformance from 'rewake/conformance';
import * as exporting from 'rewake/export';

console.log(
  Object.keys({ ...rewake, ...conformance, ...exporting }).length > 0 ? 'imported' : 'nothing there',
);
