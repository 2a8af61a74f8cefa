// @ts-check
// Plain JavaScript on Node's built-ins: `.ci/set-up.js` imports it before anything is installed.
import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** @typedef {'chromium' | 'firefox'} BrowserName */
/** @typedef {{ executablePath: string, channel?: string }} Browser */
/** @typedef {{ miniBrowser: string, driver: string, xvfb: string }} WebKit */

/** @type {readonly BrowserName[]} */
export const browserNames = ['chromium', 'firefox'];

/** What a person sets to have another browser used. */
export const overrides = /** @type {const} */ ({
  chromium: 'REWAKE_CHROMIUM',
  firefox: 'REWAKE_FIREFOX',
  webkit: 'REWAKE_WEBKIT',
});

const { HOME = '/', PATH = '' } = process.env;

// Playwright drives a stock Firefox over WebDriver BiDi; only its own build speaks its older protocol.
const STOCK_FIREFOX = 'moz-firefox';

/**
 * The browser to test in: the one that the environment names, or an installed one, or Playwright's own.
 *
 * @param {BrowserName} name
 * @returns {Promise<Browser | undefined>}
 */
export async function findBrowser(name) {
  const override = process.env[overrides[name]];
  if (override) {
    if (!(await isProgram(override))) throw new Error(`${overrides[name]} names no program: ${override}`);
    return described(name, override);
  }
  const installed = await firstProgram(installedPaths(name));
  if (installed) return described(name, installed);
  const executablePath = await playwrightPath(name);
  return executablePath && (await isProgram(executablePath)) ? { executablePath } : undefined;
}

/**
 * WebKitGTK: its MiniBrowser (the one that the environment names, or an installed one), the WebDriver for it, and
 * the display for both. Playwright has a WebKit of its own, which is no stock browser, and cannot drive another.
 *
 * @returns {Promise<WebKit | undefined>}
 */
export async function findWebKit() {
  const override = process.env[overrides.webkit];
  if (override && !(await isProgram(override))) {
    throw new Error(`${overrides.webkit} names no program: ${override}`);
  }
  if (process.platform !== 'linux') return undefined;
  const miniBrowser = override || (await firstProgram(await miniBrowserPaths()));
  const driver = await firstProgram(inPath(['WebKitWebDriver']));
  const xvfb = await firstProgram(inPath(['Xvfb']));
  return miniBrowser && driver && xvfb ? { miniBrowser, driver, xvfb } : undefined;
}

/** It is in no PATH, but beside WebKit's other processes: on Debian below the architecture's folder. */
async function miniBrowserPaths() {
  const folders = ['/usr/libexec', '/usr/lib', '/usr/lib64'];
  const architectures = (await readdir('/usr/lib')).filter((name) => name.endsWith('-linux-gnu'));
  folders.push(...architectures.map((name) => join('/usr/lib', name)));
  return ['webkitgtk-6.0', 'webkit2gtk-4.1', 'webkit2gtk-4.0'].flatMap((version) =>
    folders.map((folder) => join(folder, version, 'MiniBrowser')),
  );
}

/**
 * @param {BrowserName} name
 * @param {string} executablePath
 * @returns {Promise<Browser>}
 */
async function described(name, executablePath) {
  const own = executablePath === (await playwrightPath(name));
  return name === 'firefox' && !own ? { executablePath, channel: STOCK_FIREFOX } : { executablePath };
}

/**
 * @param {BrowserName} name
 * @returns {string[]}
 */
function installedPaths(name) {
  if (process.platform === 'darwin') {
    const applications = {
      chromium: ['Chromium', 'Google Chrome', 'Microsoft Edge'],
      firefox: ['Firefox', 'Firefox Developer Edition'],
    };
    return ['/Applications', join(HOME, 'Applications')].flatMap((folder) =>
      applications[name].map((application) => {
        const program = name === 'firefox' ? 'firefox' : application;
        return join(folder, `${application}.app`, 'Contents', 'MacOS', program);
      }),
    );
  }
  if (process.platform === 'win32') {
    const programs = {
      chromium: [
        'Google\\Chrome\\Application\\chrome.exe',
        'Chromium\\Application\\chrome.exe',
        'Microsoft\\Edge\\Application\\msedge.exe',
      ],
      firefox: ['Mozilla Firefox\\firefox.exe'],
    };
    return ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((variable) => {
      const folder = process.env[variable];
      return folder ? programs[name].map((program) => join(folder, program)) : [];
    });
  }
  const commands = {
    chromium: [
      'chromium',
      'chromium-browser',
      'google-chrome-stable',
      'google-chrome',
      'microsoft-edge-stable',
      'microsoft-edge',
    ],
    firefox: ['firefox', 'firefox-esr'],
  };
  return inPath(commands[name]);
}

/** @param {string[]} commands */
function inPath(commands) {
  const path = PATH.split(delimiter).filter((folder) => folder !== '');
  const folders = new Set([...path, '/usr/bin', '/usr/local/bin', '/snap/bin']);
  return commands.flatMap((command) => [...folders].map((folder) => join(folder, command)));
}

/**
 * Where Playwright keeps, or would keep, its own download. `undefined` before `npm install`.
 *
 * @param {BrowserName} name
 * @returns {Promise<string | undefined>}
 */
async function playwrightPath(name) {
  try {
    const playwright = await import('playwright-core');
    return playwright[name].executablePath();
  } catch {
    return undefined;
  }
}

/** @param {string[]} paths */
async function firstProgram(paths) {
  for (const path of paths) if (await isProgram(path)) return path;
  return undefined;
}

/** @param {string} path */
async function isProgram(path) {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
