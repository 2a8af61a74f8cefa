/** How a part of a value is named after its place in it: `.late`, `["odd key"]` or `[3]`. */
export const placeOf = (key: string | number): string =>
  typeof key === 'string' && /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(key)
    ? `.${key}`
    : `[${JSON.stringify(key)}]`;
