import { StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { App } from './app.tsx';

/** What a server would send. */
export const html = (): string =>
  renderToString(
    <StrictMode>
      <App />
    </StrictMode>,
  );
