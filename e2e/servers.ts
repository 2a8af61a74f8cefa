import { freePort } from './free-port.ts';

const { REWAKE_DEMO_PORT, REWAKE_SOURCES_PORT } = process.env;

/** Free ports, found once: Playwright's worker processes get those of the first process. */
export const demoPort = REWAKE_DEMO_PORT ?? (await freePort());
export const sourcesPort = REWAKE_SOURCES_PORT ?? (await freePort());
Object.assign(process.env, { REWAKE_DEMO_PORT: demoPort, REWAKE_SOURCES_PORT: sourcesPort });

/** The built demo. */
export const demoUrl = `http://localhost:${demoPort}/`;

/** A page that can `import('/src/index.ts')`: a server of the repository's sources is behind it. */
export const blankUrl = `http://localhost:${sourcesPort}/e2e/pages/blank.html`;

/** Not `localhost`, and so an insecure context. The browsers of the tests that need one are told where that is. */
export const INTRANET = 'intranet.test';

/** The same page on that site. */
export const intranetUrl = blankUrl.replace('localhost', INTRANET);
