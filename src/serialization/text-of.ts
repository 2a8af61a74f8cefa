import type { Base, SequencedEvent } from '../contracts/event-store.ts';
import { serialize } from './serialize.ts';

// What tells whether two logs hold the same. Both fail with `not-cloneable` and the place if it is not data.

/** An event and its version. */
export const textOfEvent = ({ seq, event, version }: SequencedEvent<unknown>): string =>
  `${version} ${serialize(event, `the event ${seq}`)}`;

/** A base, whatever log it is of. */
export const textOfBase = ({ atSeq, version, state }: Omit<Base, 'logId'>): string =>
  `${atSeq} ${version} ${serialize(state, `the base at ${atSeq}`)}`;
