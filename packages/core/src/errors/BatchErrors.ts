/**
 * Failures of batches. `BatchJob` (`client/node`) raises those of jobs; those of
 * batches that the host runs are for programs that follow a `BatchApi`.
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
 * The input of a job is not the one that the job was started with.
 *
 * @category errors
 * @since 0.1.0
 */
export class BatchInputChangedError extends TaggedKimiError<BatchInputChangedError>()("BatchInputChangedError", {
  /** The input. */
  input: Schema.String
}) {}

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
  state: Schema.Literals(["failed", "cancelled"])
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
