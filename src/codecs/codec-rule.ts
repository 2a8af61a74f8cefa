import { method, nonEmpty, object, type Rule } from '../errors/rules.ts';

export const codecRule: Rule = object({ id: nonEmpty, encode: method, decode: method });
