export type { ActorRecord, ActorState, ActorTimer } from './actor-definition.ts';
export { type ActorOptions, type DurableActor, openActor } from './open-actor.ts';
