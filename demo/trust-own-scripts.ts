declare global {
  /** Trusted Types: https://www.w3.org/TR/trusted-types/ */
  var trustedTypes:
    | { createPolicy(name: string, rules: { createScriptURL(url: string): string | null }): unknown }
    | undefined;
}

/**
 * With the Content-Security-Policy of the page no string becomes HTML or a script. The address of a Worker is
 * such a string, too: this lets the page start those of its own origin.
 */
export function trustOwnScripts(): void {
  globalThis.trustedTypes?.createPolicy('default', {
    createScriptURL: (url) => (new URL(url, location.href).origin === location.origin ? url : null),
  });
}
