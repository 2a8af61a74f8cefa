// @vitest-environment jsdom
import { testingYourApp } from './testing-your-app.ts';

testingYourApp();
