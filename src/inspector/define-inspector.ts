import { openStores } from '../backends/open-stores.ts';
import type { RunId } from '../contracts/words.ts';
import type { RunStores } from '../run/run.ts';
import { type InspectedDefinition, type InspectedDefinitions, type Stores, wordsOf } from './context.ts';
import { button, h } from './dom.ts';
import { Panel } from './panel.ts';
import { styleOf } from './style.ts';

/** The element `<rewake-inspector>`; see {@link defineInspector}. */
export interface InspectorElement extends HTMLElement {
  /** The definitions of the application's runs, with which their states are replayed. */
  definitions?: InspectedDefinitions | undefined;
  /** What to inspect, in place of the database that the attribute `database` names. Set it before the element is connected. */
  stores?: RunStores<unknown, unknown> | undefined;
}

declare global {
  interface HTMLElementTagNameMap {
    'rewake-inspector': InspectorElement;
  }
}

const NAME = 'rewake-inspector';

/**
 * Defines the custom element `<rewake-inspector database="rewake">`, once: a panel for developers with the runs of a
 * database, their logs, snapshots and states. Without the attribute it shows the database `rewake`; with the attribute
 * `fill` it covers its window. It owns no run, and appends nothing: it only reads, unless somebody presses Import or Delete.
 *
 * Values are shown as text. It needs no exception in a Content-Security-Policy, and works under Trusted Types.
 *
 * @example
 * defineInspector();
 * const inspector = document.createElement('rewake-inspector');
 * inspector.definitions = { 'import-7': importRun };
 * document.body.append(inspector);
 */
export function defineInspector(): void {
  if (customElements.get(NAME)) return;
  // Here, because a server has no HTMLElement.
  customElements.define(
    NAME,
    class extends HTMLElement implements InspectorElement {
      static readonly observedAttributes = ['database'];
      // No fields: they would hide what was set before the element was defined.
      declare definitions?: InspectedDefinitions | undefined;
      declare stores?: Stores | undefined;
      #panel: Panel | undefined;
      #turn = 0;

      connectedCallback(): void {
        void this.#start();
      }

      disconnectedCallback(): void {
        this.#stop();
      }

      attributeChangedCallback(): void {
        if (this.isConnected) void this.#start();
      }

      async #start(): Promise<void> {
        this.#stop();
        const turn = this.#turn;
        const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
        // Each document needs a sheet of its own, and an element that moves to another one loses its sheets.
        root.adoptedStyleSheets = [styleOf(this.ownerDocument)];
        try {
          const databaseName = this.getAttribute('database') ?? undefined;
          const stores =
            this.stores ?? (await openStores<unknown, unknown>(databaseName ? { databaseName } : {}));
          if (turn !== this.#turn) return;
          this.#panel = new Panel(stores, (runId) => this.#definitionOf(runId));
          root.replaceChildren(this.#panel.element);
          this.#panel.connect();
        } catch (error) {
          if (turn !== this.#turn) return;
          const again = button('Try again', () => this.#start());
          root.replaceChildren(h('p', { class: 'complaint', role: 'alert' }, wordsOf(error), ' ', again));
        }
      }

      #stop(): void {
        this.#turn++;
        this.#panel?.disconnect();
        this.#panel = undefined;
        this.shadowRoot?.replaceChildren();
      }

      #definitionOf(runId: RunId): InspectedDefinition | undefined {
        const { definitions = {} } = this;
        if (typeof definitions === 'function') return definitions(runId);
        return Object.hasOwn(definitions, runId) ? definitions[runId] : undefined;
      }
    },
  );
}
