import type { SerializerProtocol } from '@langchain/langgraph-checkpoint';
import { describe, Reason } from '../errors/reason.ts';

/** What LangGraph's serializer makes of a value. */
export type Serialized = readonly [type: string, data: Uint8Array];

/** Fails with `not-cloneable` if the serializer refuses the value, which the caller knows as `name`. */
export async function dump(serde: SerializerProtocol, name: string, value: unknown): Promise<Serialized> {
  try {
    return await serde.dumpsTyped(value);
  } catch (cause) {
    const detail = `the serializer refused ${name}: ${describe(cause)}. Nothing was stored.`;
    throw new Reason('not-cloneable', detail, { cause });
  }
}

/** The value, of the type that the caller has stored. Fails with `unreadable` if the serializer cannot read it. */
export async function load<T>(serde: SerializerProtocol, [type, data]: Serialized): Promise<T> {
  try {
    return await serde.loadsTyped(type, data);
  } catch (cause) {
    throw new Reason('unreadable', `the serializer could not read a value: ${describe(cause)}.`, { cause });
  }
}
