// @ts-check
// Plain JavaScript on Node's built-ins: `.ci/set-up.js` imports it before anything is installed.
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** @typedef {'chromium' | 'firefox'} BrowserName */
/** @typedef {{ executablePath: string, channel?: string }} Browser */

/** @type {readonly BrowserName[]} */
export const browserNames = ['chromium', 'firefox'];

/** What a person sets to have another browser used. */
export const overrides = /** @type {const} */ ({ chromium: 'REWAKE_CHROMIUM', firefox: 'REWAKE_FIREFOX' });

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
  for (const executablePath of installedPaths(name)) {
    if (await isProgram(executablePath)) return described(name, executablePath);
  }
  const executablePath = await playwrightPath(name);
  return executablePath && (await isProgram(executablePath)) ? { executablePath } : undefined;
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
  const path = PATH.split(delimiter).filter((folder) => folder !== '');
  const folders = new Set([...path, '/usr/bin', '/usr/local/bin', '/snap/bin']);
  return commands[name].flatMap((command) => [...folders].map((folder) => join(folder, command)));
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

/** @param {string} path */
async function isProgram(path) {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
