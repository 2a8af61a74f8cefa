import type { ServiceWorkerScope } from './service-worker-scope.ts';

interface Site {
  readonly version: string;
  readonly files: readonly string[];
}

const PREFIX = 'rewake-demo-';
/** Many servers send `Vary: Origin`, and a script is asked for with other headers than it was kept with. */
const MATCH = { ignoreVary: true };

/** Keeps the whole site for visits without a network, each version of it until the next one comes. */
export function cacheSite({ version, files }: Site, scope: ServiceWorkerScope): void {
  const name = PREFIX + version;
  scope.addEventListener('install', (event) => event.waitUntil(fill(name, files)));
  scope.addEventListener('activate', (event) => event.waitUntil(deleteOthers(name)));
  scope.addEventListener('fetch', (event) => {
    const { request } = event;
    const { origin, pathname } = new URL(request.url);
    if (request.method !== 'GET' || origin !== location.origin) return;
    // What is asked for with a permission is no file of this site.
    if (request.headers.has('Authorization')) return;
    // What has a hash in its name never changes.
    event.respondWith(pathname.includes('/assets/') ? cacheFirst(request) : networkFirst(request));
  });
}

async function fill(name: string, files: readonly string[]): Promise<void> {
  const cache = await caches.open(name);
  await cache.addAll(files.map((file) => new Request(file, { cache: 'no-cache' })));
}

async function deleteOthers(name: string): Promise<void> {
  const others = (await caches.keys()).filter((other) => other.startsWith(PREFIX) && other !== name);
  await Promise.all(others.map((other) => caches.delete(other)));
}

async function cacheFirst(request: Request): Promise<Response> {
  return (await caches.match(request, MATCH)) ?? fetch(request);
}

async function networkFirst(request: Request): Promise<Response> {
  try {
    // Past the browser's own cache: a page from there may name scripts that are no more.
    return await fetch(request.url, { cache: 'no-cache', redirect: request.redirect });
  } catch (error) {
    const cached = await caches.match(request, { ...MATCH, ignoreSearch: true });
    if (!cached) throw error;
    return cached;
  }
}
