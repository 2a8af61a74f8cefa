import { KernelError } from '../errors/kernel-error.ts';
import { withContext } from '../errors/reason.ts';
import { object, optional, type Rule } from '../errors/rules.ts';

/** What is to be reported on. */
export interface StorageOptions {
  /** What `openStores` gave, or a run: then the report says so if they are in memory, or the browser has lost the database. */
  readonly stores?: { readonly backend?: string; readonly dataLoss?: Error | undefined } | undefined;
}

/** What the browser tells of the room that this site has. What it does not tell is missing. */
export interface StorageReport {
  /** How many bytes this site uses: all its databases, caches and files. Browsers round it, and some pad it. */
  readonly usage?: number;
  /** How many it may use at most; the disk may be full before that. */
  readonly quota?: number;
  /** Whether the browser asks the user before it deletes anything. If not, it may delete all of a site's data at any time. */
  readonly persisted?: boolean;
  /** Some sentences in English that a page can show. */
  readonly message: string;
}

const rules: Record<keyof StorageOptions, Rule> = { stores: optional(object({})) };

/**
 * What is used of the room that the browser gives this site, and whether it may take it back. It asks the browser
 * (`navigator.storage`) and reads nothing, so it costs next to nothing. Rejects with `invalid-argument` alone: what the browser does not tell, or
 * refuses to, is missing.
 *
 * No browser tells how much of it is which run's. Only reading all of a run does: `sizeOfRun` of `rewake/export`.
 *
 * @example
 * const stores = await openStores();
 * const { persisted, message } = await storageReport({ stores });
 * if (persisted === false && (await navigator.storage.persist())) showKept();
 * status.textContent = message;
 */
export function storageReport(options: StorageOptions = {}): Promise<StorageReport> {
  return withContext(KernelError, 'storageReport', undefined, async () => {
    object(rules)('options', options);
    // Missing outside of secure contexts (https and localhost), and in Node.
    const storage = globalThis.navigator?.storage;
    const [estimate, persisted] = await Promise.all([
      told(() => storage?.estimate()),
      told(() => storage?.persisted()),
    ]);
    const { usage, quota } = estimate ?? {};
    const known = {
      ...(usage !== undefined && { usage }),
      ...(quota !== undefined && { quota }),
      ...(persisted !== undefined && { persisted }),
    };
    return { ...known, message: messageOf(known, options.stores) };
  });
}

/** What the browser answers, if it does: not every browser has it all, and some refuse it in some frames. */
async function told<T>(ask: () => Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await ask();
  } catch {
    return undefined;
  }
}

function messageOf(
  { usage, quota, persisted }: Omit<StorageReport, 'message'>,
  { backend, dataLoss }: NonNullable<StorageOptions['stores']> = {},
): string {
  if (backend === 'memory')
    return 'This page keeps everything in memory: it is lost when the page is closed or reloaded.';
  const sentences: string[] = [];
  if (dataLoss) sentences.push('The browser has lost what was stored here before.');
  if (usage === undefined || quota === undefined)
    sentences.push('The browser does not say how much room there is.');
  else sentences.push(`This site uses ${sizeOf(usage)} of the ${sizeOf(quota)} that the browser gives it.`);
  if (persisted) sentences.push('It stays until you delete it.');
  else if (persisted === false)
    sentences.push(
      'The browser may delete it if the disk is full, or if you do not come back for a long time.',
    );
  return sentences.join(' ');
}

const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** 1 kB is 1000 bytes. */
function sizeOf(bytes: number): string {
  let [size, unit] = [bytes / 1000, 0];
  while (size >= 999.95 && unit < UNITS.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${size.toFixed(1)} ${UNITS[unit]}`;
}
