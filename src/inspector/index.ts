export type { InspectedDefinition, InspectedDefinitions } from './context.ts';
export { defineInspector, type InspectorElement } from './define-inspector.ts';
export { showInReduxDevTools } from './redux-dev-tools.ts';
