// Runs before `npm start` and `npm test`, so that both work in a fresh clone. Nothing is installed when it
// starts: it uses Node's built-ins alone.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { findPostgres } from './postgres.js';

/** @typedef {'chromium' | 'firefox' | 'webkit'} BrowserName */

const MINUTE = 60_000;

const byHand = {
  chromium: 'npx playwright install --with-deps chromium',
  firefox: 'npx playwright install --with-deps firefox',
  webkit: 'WebKitGTK with its WebDriver and MiniBrowser, and Xvfb, which are for Linux alone',
};

setUpPackages();
if (process.argv.includes('--browsers')) {
  await setUpBrowsers();
  setUpPostgres();
}

function setUpPackages() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  say(`${missing.length} of the packages in package-lock.json are missing here. Running npm ci.`);
  // On Windows npm is a .cmd file, which only a shell can start. NODE_ENV=production would leave out the tools.
  const done = run('npm', ['ci', '--include=dev'], { shell: process.platform === 'win32' });
  if (!done) fail('npm ci failed; see above.');
}

/** What package-lock.json demands and node_modules lacks or has in another version. */
function missingPackages() {
  const wanted = lockedPackages('package-lock.json');
  const installed = lockedPackages('node_modules/.package-lock.json');
  return Object.keys(wanted).filter((path) => {
    if (path === '' || wanted[path]?.optional) return false;
    return installed[path]?.version !== wanted[path]?.version || !existsSync(path);
  });
}

/**
 * @param {string} lockFile
 * @returns {Record<string, { version?: string, optional?: boolean } | undefined>}
 */
function lockedPackages(lockFile) {
  return existsSync(lockFile) ? JSON.parse(readFileSync(lockFile, 'utf8')).packages : {};
}

async function setUpBrowsers() {
  let missing = await missingBrowsers();
  for (const install of [installWithPlaywright, installWithApt]) {
    if (missing.length === 0) return;
    install(missing);
    missing = await missingBrowsers();
  }
  if (missing.length === 0) return;

  const lack = `There is still no ${missing.join(' and no ')}`;
  const advice = `To install by hand: ${missing.map((browser) => byHand[browser]).join('; ')}.`;
  if (process.env.CI) fail(`${lack}, which the tests need. ${advice}`);
  say(`${lack}: the tests in it will be skipped. ${advice}`);
}

/** @returns {Promise<BrowserName[]>} */
async function missingBrowsers() {
  const { browserNames, findBrowser, findWebKit } = await import('../e2e/browsers.js');
  const found = await Promise.all([...browserNames.map(findBrowser), findWebKit()]);
  return [...browserNames, /** @type {const} */ ('webkit')].filter((_, i) => !found[i]);
}

/** @param {BrowserName[]} missing */
function installWithPlaywright(missing) {
  // Its WebKit is a build of its own, for its own protocol.
  const browsers = missing.filter((browser) => browser !== 'webkit');
  if (browsers.length === 0) return;
  say(`There is no ${browsers.join(' and no ')} here. Downloading with Playwright.`);
  // Not with npx: what it starts outlives the time limit, which is for networks that swallow packets. Why a
  // download fails is on stdout too.
  const playwright = 'node_modules/@playwright/test/cli.js';
  run(process.execPath, [playwright, 'install', ...browsers], {
    timeout: 5 * MINUTE,
    stdio: ['ignore', 'inherit', 'ignore'],
  });
}

/** @param {BrowserName[]} browsers */
function installWithApt(browsers) {
  if (!mayUseApt()) return;
  const isUbuntu = readFileSync('/etc/os-release', 'utf8').includes('\nID=ubuntu');
  const packages = {
    chromium: [isUbuntu ? 'chromium-browser' : 'chromium'],
    firefox: [isUbuntu ? 'firefox' : 'firefox-esr'],
    webkit: ['webkit2gtk-driver', 'xvfb'],
  };
  runApt(
    browsers.join(' and '),
    browsers.map((browser) => packages[browser]),
  );
}

function setUpPostgres() {
  if (findPostgres()) return;
  if (mayUseApt()) runApt('PostgreSQL', [['postgresql']]);
  if (findPostgres()) return;
  const lack = 'There is no PostgreSQL';
  const advice =
    'To install by hand: apt-get install postgresql, or put its initdb and postgres into the PATH.';
  if (process.env.CI) fail(`${lack}, which the tests need. ${advice}`);
  say(
    `${lack}: the unit tests in a server of it will be skipped, and the one with two browsers fails. ${advice}`,
  );
}

function mayUseApt() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

/**
 * @param {string} what
 * @param {string[][]} groups of packages: if one cannot be installed, the others are
 */
function runApt(what, groups) {
  say(`Installing ${what} with apt-get.`);
  const options = { timeout: 10 * MINUTE, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  run('apt-get', ['update', '-q'], options);
  for (const packages of groups) {
    run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], options);
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
function run(command, args, options) {
  return spawnSync(command, args, { stdio: 'inherit', ...options }).status === 0;
}

/** @param {string} message */
function say(message) {
  console.log(`set-up: ${message}`);
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(`set-up: ${message}`);
  process.exit(1);
}
