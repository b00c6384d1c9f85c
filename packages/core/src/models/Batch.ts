/**
 * Batches that the host runs: the job, its input lines and its output lines.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { ChatCompletionRequest } from "./ChatRequest.ts"
import { ErrorObject } from "./internal/ErrorBody.ts"
import { optionalFromNullish } from "./internal/OptionalFromNullish.ts"

/**
 * The states of a batch. `completed`, `failed`, `expired` and `cancelled` are final.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchStatus = Schema.Literals([
  "validating",
  "failed",
  "in_progress",
  "finalizing",
  "completed",
  "expired",
  "cancelling",
  "cancelled"
])

/**
 * @category models
 * @since 0.1.0
 */
export type BatchStatus = typeof BatchStatus.Type

/**
 * The body that creates a batch.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchRequest = Schema.Struct({
  input_file_id: Schema.String,
  endpoint: Schema.Literal("/v1/chat/completions"),
  /** 12 hours to 7 days, such as `12h`, `1d`, `3d`. */
  completion_window: Schema.String.check(Schema.isPattern(/^\d+[hd]$/, { expected: 'a window such as "24h" or "3d"' })),
  /** At most 16 pairs; keys up to 64 and values up to 512 characters. */
  metadata: Schema.optional(Schema.Record(Schema.String, Schema.String))
})

/**
 * The progress of a batch in lines.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchRequestCounts = Schema.Struct({
  completed: Schema.Finite,
  failed: Schema.Finite,
  total: Schema.Finite
})

/**
 * A batch at the host. Times are Unix seconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Batch = Schema.Struct({
  id: Schema.String,
  endpoint: Schema.String,
  input_file_id: Schema.String,
  completion_window: Schema.String,
  /** One of `BatchStatus`, or another status of the host. */
  status: Schema.String,
  output_file_id: optionalFromNullish(Schema.String),
  error_file_id: optionalFromNullish(Schema.String),
  created_at: optionalFromNullish(Schema.Finite),
  in_progress_at: optionalFromNullish(Schema.Finite),
  expires_at: optionalFromNullish(Schema.Finite),
  finalizing_at: optionalFromNullish(Schema.Finite),
  completed_at: optionalFromNullish(Schema.Finite),
  failed_at: optionalFromNullish(Schema.Finite),
  cancelling_at: optionalFromNullish(Schema.Finite),
  cancelled_at: optionalFromNullish(Schema.Finite),
  request_counts: optionalFromNullish(BatchRequestCounts),
  /** Why the host has refused the file, in a form that is not documented. */
  errors: optionalFromNullish(Schema.Unknown),
  metadata: optionalFromNullish(Schema.Record(Schema.String, Schema.String))
})

/**
 * @category models
 * @since 0.1.0
 */
export type Batch = typeof Batch.Type

/**
 * A page of batches. The next page is requested with `after` set to the last id.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchList = Schema.Struct({ data: Schema.Array(Batch), has_more: optionalFromNullish(Schema.Boolean) })

/**
 * One line of a batch's input file. All lines name the same model and
 * different `custom_id`s.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchInputLine = Schema.Struct({
  custom_id: Schema.String,
  method: Schema.Literal("POST"),
  url: Schema.Literal("/v1/chat/completions"),
  body: ChatCompletionRequest
})

/**
 * One line of a batch's output file. The order of lines is not guaranteed:
 * join on `custom_id`. `body` is a chat completion, or an error body.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchOutputLine = Schema.Struct({
  id: optionalFromNullish(Schema.String),
  custom_id: Schema.String,
  response: optionalFromNullish(
    Schema.Struct({
      status_code: Schema.Finite,
      request_id: optionalFromNullish(Schema.String),
      body: Schema.Json
    })
  ),
  error: optionalFromNullish(ErrorObject)
})

/**
 * @category models
 * @since 0.1.0
 */
export type BatchOutputLine = typeof BatchOutputLine.Type
