/**
 * The outcomes of the rows of a batch.
 *
 * @since 0.1.0
 */
import type { BatchExpiredError, BatchFailedError } from "@kimi-effect/core/BatchErrors"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { Cost } from "@kimi-effect/core/Cost"
import type { ChatError } from "@kimi-effect/core/OperationErrors"
import type { StructuredOutputError } from "@kimi-effect/core/ProviderErrors"
import type { Usage } from "@kimi-effect/core/Usage"
import type * as Option from "effect/Option"

/**
 * A row of a batch.
 *
 * @category models
 * @since 0.1.0
 */
export interface BatchRow {
  /** Names the row in its outcome. Defaults to the line. */
  readonly id?: string | undefined
  /** The place in the input, from 1. Defaults to the count of rows. */
  readonly line?: number | undefined
  readonly request: ChatRequest
}

/**
 * Why a row failed. The errors of batches are those of rows that the host did not
 * run before it ended the batch.
 *
 * @category models
 * @since 0.1.0
 */
export type RowError = ChatError | StructuredOutputError | BatchExpiredError | BatchFailedError

interface Outcome {
  /** The id of the row. */
  readonly id: string
  /** The place of the row in the input, from 1. */
  readonly line: number
  /**
   * Requests to the host: of a failed row all that its error lists, none if the client refused it, of an answered
   * one all if the client has an `Accounting`, and otherwise 1. 0 if cached.
   */
  readonly attempts: number
  /** Whether the outcome is that of the cache or of an equal row. */
  readonly isCached: boolean
  /** The tokens of its last response, also of one that became an error. Absent when the host reported none. */
  readonly usage: Usage | undefined
  /**
   * The cost, of failed attempts too if the client has an `Accounting`; zero if
   * cached. None if it is not known. Attempts whose response was lost are not in it:
   * what the host has billed for them is not known.
   */
  readonly cost: Option.Option<Cost>
}

/**
 * A row that was answered.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answered<A = string> extends Outcome {
  readonly _tag: "Answered"
  /** The text, or the value of the Schema. */
  readonly value: A
  readonly response: ChatResponse
}

/**
 * A row that failed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failed extends Outcome {
  readonly _tag: "Failed"
  readonly error: RowError
}

/**
 * The outcome of a row.
 *
 * @category models
 * @since 0.1.0
 */
export type BatchResponse<A = string> = Answered<A> | Failed
