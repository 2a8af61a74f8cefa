import './no-browser.js';
import * as rewake from 'rewake';
import * as conformance from 'rewake/conformance';

console.log(Object.keys({ ...rewake, ...conformance }).length > 0 ? 'imported' : 'nothing there');
