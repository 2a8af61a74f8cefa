import './no-browser.js';
import * as rewake from 'rewake';
import * as conformance from 'rewake/conformance';
import * as exporting from 'rewake/export';
import * as postgres from 'rewake/postgres';
import * as sqlite from 'rewake/sqlite';
import * as workflow from 'rewake/workflow';

console.log(
  Object.keys({ ...rewake, ...conformance, ...exporting, ...postgres, ...sqlite, ...workflow }).length > 0
    ? 'imported'
    : 'nothing there',
);
