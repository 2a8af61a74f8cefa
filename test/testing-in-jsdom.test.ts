// @vitest-environment jsdom
import { testingKit } from './testing-kit.ts';
import { testingYourApp } from './testing-your-app.ts';

testingYourApp();
testingKit();
