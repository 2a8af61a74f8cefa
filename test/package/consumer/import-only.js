import './no-browser.js';
import * as rewake from 'rewake';
import * as conformance from 'rewake/conformance';
import * as exporting from 'rewake/export';
import * as inspector from 'rewake/inspector';
import * as react from 'rewake/react';
import * as redux from 'rewake/redux';
import * as workflow from 'rewake/workflow';
import * as zustand from 'rewake/zustand';

console.log(
  Object.keys({
    ...rewake,
    ...conformance,
    ...exporting,
    ...inspector,
    ...react,
    ...redux,
    ...workflow,
    ...zustand,
  }).length > 0
    ? 'imported'
    : 'nothing there',
);
