import './no-browser.js';
import * as rewake from 'rewake';
import * as conformance from 'rewake/conformance';
import * as exporting from 'rewake/export';
import * as http from 'rewake/http';
import * as inspector from 'rewake/inspector';
import * as postgres from 'rewake/postgres';
import * as react from 'rewake/react';
import * as redux from 'rewake/redux';
import * as sqlite from 'rewake/sqlite';
import * as workflow from 'rewake/workflow';
import * as zustand from 'rewake/zustand';

console.log(
  Object.keys({
    ...rewake,
    ...conformance,
    ...exporting,
    ...http,
    ...postgres,
    ...sqlite,
    ...inspector,
    ...react,
    ...redux,
    ...workflow,
    ...zustand,
  }).length > 0
    ? 'imported'
    : 'nothing there',
);
