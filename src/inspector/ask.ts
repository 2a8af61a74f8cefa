import { button, h } from './dom.ts';

/** Asks in a dialog, inside of `root`. The answer is no unless somebody says yes. */
export function ask(root: Node, question: string, consequence: string, yes: string): Promise<boolean> {
  const keep = button('Keep it', () => dialog.close(), { autofocus: true });
  const go = button(yes, () => dialog.close('yes'), { class: 'danger' });
  const heading = h('h2', { id: 'question' }, question);
  const text = h('p', { id: 'consequence' }, consequence);
  const attributes = { 'aria-labelledby': 'question', 'aria-describedby': 'consequence' };
  const dialog = h('dialog', attributes, heading, text, h('div', { class: 'bar' }, keep, go));
  root.appendChild(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
  });
}
