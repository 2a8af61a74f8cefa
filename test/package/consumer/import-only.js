import './no-browser.js';
import * as rewake from 'rewake';
import * as conformance from 'rewake/conformance';
import * as exporting from 'rewake/export';
import * as workflow from 'rewake/workflow';

console.log(
  Object.keys({ ...rewake, ...conformance, ...exporting, ...workflow }).length > 0
    ? 'imported'
    : 'nothing there',
);
