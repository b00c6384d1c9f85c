/**
 * Failures of batches. `BatchJob` (`client/node`) raises those of jobs, and
 * `HostBatch` those of batches that the host runs.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

const batch = {
  /** The host's id of the batch. */
  batchId: Schema.String
}

/**
 * A row of the input cannot be used. Only this row fails; the message does not
 * quote it.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidBatchRowError extends TaggedKimiError<InvalidBatchRowError>()("InvalidBatchRowError", {
  /** The line in the input, from 1. */
  line: Schema.Int,
  /** The id of the row, when it could be read. */
  id: Schema.optionalKey(Schema.String),
  /** Path of the invalid member, when it is known. */
  parameter: Schema.optionalKey(Schema.String)
}) {}

/**
 * A problem that the host would refuse a batch for.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchIssue = Schema.Struct({
  /** The line of the row, from 1. Absent when the batch as a whole is the problem. */
  line: Schema.optionalKey(Schema.Int),
  /** The id of the row. */
  id: Schema.optionalKey(Schema.String),
  /** What is wrong, without quotes of the request. */
  reason: Schema.String,
  /** Path of the invalid member, when it is known. */
  parameter: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type BatchIssue = typeof BatchIssue.Type

/**
 * The host would refuse the batch as a whole; nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidBatchError extends TaggedKimiError<InvalidBatchError>()("InvalidBatchError", {
  /** The first hundred problems, in the order of the rows. */
  issues: Schema.Array(BatchIssue),
  /** How many there are. */
  count: Schema.Int
}) {}

/**
 * The input of a job is not the one that the job was started with.
 *
 * @category errors
 * @since 0.1.0
 */
export class BatchInputChangedError extends TaggedKimiError<BatchInputChangedError>()("BatchInputChangedError", {
  /** The input. */
  input: Schema.String,
  /** What to do, when it was changed while the job was running. */
  fix: Schema.optionalKey(Schema.String)
}) {}

/**
 * Options of a job that change its rows are not those that it was started with.
 * Its output has results of the former ones.
 *
 * @category errors
 * @since 0.1.0
 */
export class BatchOptionsChangedError extends TaggedKimiError<BatchOptionsChangedError>()("BatchOptionsChangedError", {
  /** The output. */
  output: Schema.String,
  /** The names of the options that differ, such as `prompts.template`. */
  options: Schema.Array(Schema.String)
}) {}

/**
 * The host does not know the batch: its id is that of another account, or the host
 * has lost or deleted it.
 *
 * @category errors
 * @since 0.1.0
 */
export class BatchNotFoundError extends TaggedKimiError<BatchNotFoundError>()("BatchNotFoundError", batch) {}

/**
 * The host ended the batch because its completion window had passed. The rows
 * that were answered before are available.
 *
 * @category errors
 * @since 0.1.0
 */
export class BatchExpiredError extends TaggedKimiError<BatchExpiredError>()("BatchExpiredError", batch) {}

/**
 * The batch failed as a whole, or was cancelled.
 *
 * @category errors
 * @since 0.1.0
 */
export class BatchFailedError extends TaggedKimiError<BatchFailedError>()("BatchFailedError", {
  ...batch,
  /** The final state at the host. */
  state: Schema.Literals(["failed", "cancelled"]),
  /** Why the host has refused the file, in its words, when it lists that. At most a hundred problems. */
  issues: Schema.optionalKey(Schema.Array(BatchIssue)),
  /** How many it lists. */
  count: Schema.optionalKey(Schema.Int)
}) {}

/**
 * Another process works on the same job.
 *
 * @category errors
 * @since 0.1.0
 */
export class BatchJobLockedError extends TaggedKimiError<BatchJobLockedError>()("BatchJobLockedError", {
  /** The job, by its output file or its id. */
  job: Schema.String
}) {}
