// @vitest-environment happy-dom
import { testingYourApp } from './testing-your-app.ts';

testingYourApp();
