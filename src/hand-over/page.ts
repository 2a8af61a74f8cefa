/** So many events are read, compared and appended at once. */
export const PAGE = 1_000;
