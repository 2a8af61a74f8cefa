// A string of JavaScript as text of a database. UTF-8 has no lone surrogates, and PostgreSQL and SQLite take no NUL: two
// strings that differ there alone would be one. They are written as in JSON, and so is the backslash; any other text stays
// as it is.

export const escapeText = (text: string): string =>
  text.replaceAll(/[\0\\]|\p{Surrogate}/gu, (letter) =>
    letter === '\\' ? '\\\\' : `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

export const unescapeText = (text: string): string =>
  text.replaceAll(/\\(?:\\|u([0-9a-f]{4}))/g, (_, code?: string) =>
    code === undefined ? '\\' : String.fromCharCode(Number.parseInt(code, 16)),
  );
