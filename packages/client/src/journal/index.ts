/**
 * Durable work: the journal of the calls of a run.
 *
 * @since 0.1.0
 */
export * as Journal from "./Journal.ts"
