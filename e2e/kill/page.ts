import { inhabit } from './inhabit.ts';
import { live } from './writer.ts';

inhabit(live);
