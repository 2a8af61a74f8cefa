import { deltaChannelHistoryTests, validate } from '@langchain/langgraph-checkpoint-validation';
import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect';
import * as chai from 'chai';
import { openStores } from '../../src/index.ts';
import { RewakeSaver } from '../../src/langgraph/index.ts';

// LangChain's suite for checkpointers in a page. It was written for vitest, whose `expect` runs here, too; of `describe`
// and the others this has as much as the suite uses.

type Work = () => unknown;
type Body = (...args: readonly unknown[]) => unknown;

class Group {
  readonly before: Work[] = [];
  readonly after: Work[] = [];
  readonly beforeEach: Work[] = [];
  readonly afterEach: Work[] = [];
  readonly members: (Group | { readonly name: string; readonly test: Work })[] = [];
  constructor(readonly name: string) {}
}

export interface Outcome {
  readonly name: string;
  readonly error?: string;
}

let group = new Group('');
const skipped: string[] = [];

const describe = (name: string, body: Work): void => {
  const outer = group;
  group = new Group(name);
  outer.members.push(group);
  body();
  group = outer;
};
const it = (name: string, test: Work): void => void group.members.push({ name, test });
const each =
  (define: (name: string, body: Work) => void) =>
  (rows: readonly unknown[]) =>
  (name: string, body: Body): void => {
    for (const row of rows) {
      const values = Array.isArray(row) ? row : [row];
      define(name.replace('%s', String(row)).replace('$description', String(Object(row).description)), () =>
        body(...values),
      );
    }
  };

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

Object.assign(globalThis, {
  describe: Object.assign(describe, { each: each(describe) }),
  it: Object.assign(it, { each: each(it), skip: (name: string) => skipped.push(name) }),
  beforeAll: (work: Work) => group.before.push(work),
  afterAll: (work: Work) => group.after.push(work),
  beforeEach: (work: Work) => group.beforeEach.push(work),
  afterEach: (work: Work) => group.afterEach.push(work),
  expect: Object.assign(chai.expect, { soft: chai.expect }),
});

async function run(
  { name, before, after, beforeEach, afterEach, members }: Group,
  outer: { readonly path: string; readonly beforeEach: Work[]; readonly afterEach: Work[] },
): Promise<Outcome[]> {
  const path = `${outer.path} ${name}`.trim();
  const inner = {
    path,
    beforeEach: [...outer.beforeEach, ...beforeEach],
    afterEach: [...afterEach, ...outer.afterEach],
  };
  const outcomes: Outcome[] = [];
  for (const work of before) await work();
  for (const member of members) {
    if (member instanceof Group) {
      outcomes.push(...(await run(member, inner)));
      continue;
    }
    const test = `${path} ${member.name}`;
    try {
      for (const work of inner.beforeEach) await work();
      await member.test();
      for (const work of inner.afterEach) await work();
      outcomes.push({ name: test });
    } catch (error) {
      outcomes.push({ name: test, error: String(error) });
    }
  }
  for (const work of after) await work();
  return outcomes;
}

export async function runSuite(): Promise<{ readonly outcomes: Outcome[]; readonly skipped: string[] }> {
  const saver = {
    checkpointerName: 'RewakeSaver',
    createCheckpointer: async () =>
      new RewakeSaver({ stores: await openStores({ databaseName: crypto.randomUUID() }) }),
  };
  validate(saver);
  deltaChannelHistoryTests(saver);
  return { outcomes: await run(group, { path: '', beforeEach: [], afterEach: [] }), skipped };
}
