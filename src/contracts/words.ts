/** The name of one run: a non-empty string, unique in its database. */
export type RunId = string;

/** An event's number in its run: 1, 2, 3, … without gaps; a safe integer. 0 means 'before any event'. */
export type Seq = number;

/**
 * The identity of a run's log: a random string, made by the log's first append and gone with `delete`. A seq comes
 * again when a run is deleted and begun anew; together with the `logId` it means one event for ever.
 */
export type LogId = string;
