import { importRun, RUN_ID } from './import-run.ts';
import { element } from './view/element.ts';

/** What the developer of such a page would see of the import. It is loaded when somebody asks for it. */
export function offerInspector(): void {
  const details = element('inspector', HTMLDetailsElement);
  details.addEventListener('toggle', async () => {
    if (!details.open || details.querySelector('rewake-inspector')) return;
    const inspector = document.createElement('rewake-inspector');
    details.append(inspector);
    inspector.definitions = { [RUN_ID]: importRun };
    const { defineInspector } = await import('rewake/inspector');
    defineInspector();
  });
}
