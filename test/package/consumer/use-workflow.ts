import { isKernelError } from 'rewake';
import { openWorkflow, sendEvent } from 'rewake/workflow';

// Types flow from the body: nobody writes a type argument.
const flow = await openWorkflow({
  runId: 'sum',
  input: { numbers: [1, 2, 3] },
  onError: () => {},
  async run({ input }, step) {
    let sum = 0;
    for (const number of input.numbers) sum += await step.do('add', { retries: { limit: 2 } }, () => number);
    const { payload } = await step.waitForEvent<number>('last', { type: 'last' });
    // @ts-expect-error: the input is of the type that was given.
    input.number;
    return { sum: sum + payload };
  },
});
await sendEvent({ runId: 'sum', type: 'last', payload: 4 });
const { sum } = await flow.result;
// @ts-expect-error: the result is of the type that the body returns.
(await flow.result).total;

const failing = await openWorkflow({
  runId: 'failing',
  onError: () => {},
  run: () => Promise.reject(new TypeError('no')),
});
const failed = await failing.result.catch((error: unknown) => isKernelError(error, 'failed'));
console.log(JSON.stringify({ sum, failed }));
