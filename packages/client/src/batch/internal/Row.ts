/** Runs one row of a batch to its end, and makes its outcome. */
import * as Accounting from "@kimi-effect/core/Accounting"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { table, type Tag } from "@kimi-effect/core/ErrorFacts"
import { RecordedAttempts } from "@kimi-effect/core/internal/RecordedAttempts"
import type { ChatError } from "@kimi-effect/core/OperationErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { KimiClient } from "../../KimiClient.ts"
import type { Answered, BatchResponse, BatchRow, Failed, RowError } from "../BatchResponse.ts"
import type { Share } from "./EqualRows.ts"
import { isRefusal, type OutageWait } from "./OutageWait.ts"
import { type CostOf, usageOfError } from "./rowCost.ts"
import { type Decode, textOf } from "./rowDecoder.ts"
import { skipped } from "./settling.ts"

/** The response of another row, which costs nothing. */
const sharedResponse = (response: ChatResponse): ChatResponse =>
  new ChatResponse({ ...response, cached: { level: "flight", age: 0, isStale: false } }, { disableChecks: true })

export interface Settings<A, R> {
  readonly client: KimiClient["Service"]
  readonly share: Share
  readonly outages: OutageWait
  readonly costOf: CostOf
  /** Whether the client records attempts; otherwise those of a row are not known. */
  readonly isRecorded: boolean
  /** Absent when the value of a response is its text. */
  readonly decode: Decode<A, R> | undefined
}

const unsentCategories: ReadonlySet<string> = new Set(["cache", "money", "resilience", "testing"])

/** Whether the client itself refuses with an error: before an attempt, or in place of its request. */
const isUnsent = (tag: string, isOfHost: boolean): boolean => {
  if (!Object.hasOwn(table, tag)) return false
  const { billing, category } = table[tag as Tag]
  if (unsentCategories.has(category)) return true
  return category === "validation" && billing === "none" && !isOfHost
}

/** The failed attempts that an error lists, or the one that it is of, as far as they were sent. */
const attemptsOf = ({ _tag, attempts, requestId, status }: RowError): number => {
  if (attempts !== undefined) return attempts.filter(({ tag }) => !isUnsent(tag, true)).length
  return isUnsent(_tag, status !== undefined || requestId !== undefined) ? 0 : 1
}

const onlyAttempt = CallOptions.provide({ maxAttempts: 1 })

/** A row that runs. It delivers its outcome when it ends, which takes a step less than to return it. */
export class Row<A, R, B> {
  readonly #settings: Settings<A, R>
  readonly #id: string
  readonly #line: number
  readonly #request: ChatRequest
  readonly #deliver: (outcome: BatchResponse<A> | typeof skipped) => Effect.Effect<B>
  readonly #attempts: RecordedAttempts | undefined
  /** Attempts of calls before the last one. */
  #earlier = 0

  /** `count` is the line of a row that names none. */
  constructor(
    settings: Settings<A, R>,
    row: BatchRow,
    count: number,
    deliver: (outcome: BatchResponse<A> | typeof skipped) => Effect.Effect<B>
  ) {
    const { id, line = count, request } = row
    this.#settings = settings
    this.#id = id ?? `${line}`
    this.#line = line
    this.#request = request
    this.#deliver = deliver
    this.#attempts = settings.isRecorded ? new RecordedAttempts() : undefined
  }

  /** To be called when the row is run. */
  run(): Effect.Effect<B, never, R> {
    return this.#settings.share(this.#request, this.#call(), this)
  }

  #call(): Effect.Effect<ChatResponse, ChatError> {
    const call = this.#settings.client.chat(this.#request)
    return this.#attempts === undefined ? call : Accounting.recordTo(this.#attempts)(call)
  }

  again(error: ChatError): Effect.Effect<ChatResponse, ChatError> | undefined {
    if (!isRefusal(error)) return undefined
    return this.#settings.outages.call(error, (refusal) => {
      this.#earlier += attemptsOf(refusal)
      // A retry that the store of a budget has refused is made, and no further ones: the call has had its attempts.
      return this.#earlier > 0 && refusal._tag === "BudgetStoreError" ? onlyAttempt(this.#call()) : this.#call()
    })
  }

  answered(given: ChatResponse, isShared: boolean): Effect.Effect<B, never, R> {
    const response = isShared ? sharedResponse(given) : given
    const { decode } = this.#settings
    if (decode === undefined) return this.#deliver(this.#answer(response, textOf(response)))
    return Effect.matchEffect(decode(response), {
      onFailure: (error) => this.failed(error, isShared, response),
      onSuccess: (value) => this.#deliver(this.#answer(response, value))
    })
  }

  /** With the response of a row whose value does not fit the schema. */
  failed(error: RowError, isShared: boolean, response?: ChatResponse): Effect.Effect<B> {
    if (this.#settings.outages.isLeft(error, isShared)) return this.#deliver(skipped)
    const isCached = isShared || response?.cached !== undefined
    const outcome: Failed = {
      _tag: "Failed",
      id: this.#id,
      line: this.#line,
      error,
      attempts: isCached ? 0 : Math.max(this.#attempts?.count ?? 0, this.#earlier + attemptsOf(error)),
      isCached,
      usage: response === undefined ? usageOfError(error) : response.usage,
      cost: isShared ? Option.none() : this.#settings.costOf(this.#attempts, this.#request, response ?? error)
    }
    return this.#deliver(outcome)
  }

  #answer(response: ChatResponse, value: A): Answered<A> {
    const isCached = response.cached !== undefined
    return {
      _tag: "Answered",
      id: this.#id,
      line: this.#line,
      value,
      response,
      usage: response.usage,
      attempts: isCached ? 0 : this.#attempts?.count || 1,
      isCached,
      cost: this.#settings.costOf(this.#attempts, this.#request, response)
    }
  }
}
