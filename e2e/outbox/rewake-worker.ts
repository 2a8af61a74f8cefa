import { listen } from '../../examples/workflow-outbox.ts';

listen(globalThis);
