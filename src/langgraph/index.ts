export { RewakeSaver, type RewakeSaverOptions } from './rewake-saver.ts';
