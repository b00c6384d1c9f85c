/**
 * Failures of durable work. The journal (`client/journal`) raises them,
 * for swarms and for batch jobs.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

const entry = {
  /** The key of the entry: agent, step, kind and ordinal. */
  key: Schema.String
}

/**
 * The program has changed since the run began: the request of this step is not
 * the recorded one, or a swarm has another task or other agents. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class JournalMismatchError extends TaggedKimiError<JournalMismatchError>()("JournalMismatchError", {
  /** The key of the entry (agent, step, kind and ordinal), or the parts of the program that have changed. */
  key: Schema.String,
  /** Digest of what was recorded. */
  recorded: Schema.String,
  /** Digest of what the program has now. */
  actual: Schema.String
}) {}

/**
 * A tool that must not run twice was started and its result was not recorded,
 * so it may or may not have taken effect.
 *
 * @category errors
 * @since 0.1.0
 */
export class UncertainToolResultError extends TaggedKimiError<UncertainToolResultError>()("UncertainToolResultError", {
  ...entry,
  /** The name of the tool. */
  tool: Schema.String,
  /** The id of the tool call. */
  callId: Schema.String
}) {}

/**
 * The store of the journal failed. The run can be resumed from what was written.
 *
 * @category errors
 * @since 0.1.0
 */
export class JournalStoreError extends TaggedKimiError<JournalStoreError>()("JournalStoreError", {
  /** The store, such as `sqlite`. */
  store: Schema.String,
  /** The operation that failed. */
  operation: Schema.String,
  /** What to change, when the store itself is in order. */
  fix: Schema.optionalKey(Schema.String)
}) {}

/**
 * Another worker holds the lease of this work, so the write was refused.
 *
 * @category errors
 * @since 0.1.0
 */
export class LeaseLostError extends TaggedKimiError<LeaseLostError>()("LeaseLostError", {
  /** What the lease is for, such as an agent or a range of rows. */
  resource: Schema.String,
  /** The epoch of the lease that was lost. */
  epoch: Schema.Int
}) {}
