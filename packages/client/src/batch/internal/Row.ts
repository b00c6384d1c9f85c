/** Runs one row of a batch to its end, and makes its outcome. */
import * as Accounting from "@kimi-effect/core/Accounting"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { KimiClient } from "../../KimiClient.ts"
import type { Answered, BatchResponse, BatchRow, Failed, RowError } from "../BatchResponse.ts"
import type { Share } from "./EqualRows.ts"
import { Attempts, type CostOf } from "./rowCost.ts"
import { type Decode, textOf } from "./rowDecoder.ts"

/** The response of another row, which costs nothing. */
const sharedResponse = (response: ChatResponse): ChatResponse =>
  new ChatResponse({ ...response, cached: { level: "flight", age: 0, isStale: false } }, { disableChecks: true })

export interface Settings<A, R> {
  readonly client: KimiClient["Service"]
  readonly share: Share
  readonly costOf: CostOf
  /** Whether the client records attempts; otherwise those of a row are not known. */
  readonly isRecorded: boolean
  /** Absent when the value of a response is its text. */
  readonly decode: Decode<A, R> | undefined
}

/** The failed attempts that an error lists; at least the one that it is of. */
const attemptsOf = (error: RowError): number => error.attempts?.length ?? 1

/** A row that runs. It delivers its outcome when it ends, which takes a step less than to return it. */
export class Row<A, R, B> {
  readonly #settings: Settings<A, R>
  readonly #id: string
  readonly #line: number
  readonly #request: ChatRequest
  readonly #deliver: (outcome: BatchResponse<A>) => Effect.Effect<B>
  readonly #attempts: Attempts | undefined

  /** `count` is the line of a row that names none. */
  constructor(
    settings: Settings<A, R>,
    row: BatchRow,
    count: number,
    deliver: (outcome: BatchResponse<A>) => Effect.Effect<B>
  ) {
    const { id, line = count, request } = row
    this.#settings = settings
    this.#id = id ?? `${line}`
    this.#line = line
    this.#request = request
    this.#deliver = deliver
    this.#attempts = settings.isRecorded ? new Attempts() : undefined
  }

  /** To be called when the row is run. */
  run(): Effect.Effect<B, never, R> {
    const { client, share } = this.#settings
    const call = client.chat(this.#request)
    return share(this.#request, this.#attempts === undefined ? call : Accounting.recordTo(this.#attempts)(call), this)
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
    const outcome: Failed = {
      _tag: "Failed",
      id: this.#id,
      line: this.#line,
      error,
      attempts: isShared ? 0 : Math.max(this.#attempts?.count ?? 0, attemptsOf(error)),
      isCached: isShared,
      cost: isShared ? Option.none() : this.#settings.costOf(this.#attempts, this.#request, response)
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
