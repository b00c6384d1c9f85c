/** Runs one row of a batch to its outcome. */
import * as Accounting from "@kimi-effect/core/Accounting"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { StructuredOutputError } from "@kimi-effect/core/ProviderErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { KimiClient } from "../../KimiClient.ts"
import type { Answered, BatchResponse, BatchRow, Failed, RowError } from "../BatchResponse.ts"
import type { Share } from "./EqualRows.ts"
import { Attempts, type CostOf } from "./rowCost.ts"

type Decode<A, R> = (response: ChatResponse) => Effect.Effect<A, StructuredOutputError, R>

/** Without a schema, the value of a response is its text. */
const textOf = <A>(response: ChatResponse): A => response.text as A

const truncated = (): StructuredOutputError =>
  new StructuredOutputError({ message: "The response was truncated by the token limit", reason: "truncated" })

/** Reads responses with a Schema; without one, their text. */
export const decoderOf = <A, R>(schema: Schema.ConstraintDecoder<A, R> | undefined): Decode<A, R> => {
  if (schema === undefined) return (response) => Effect.succeed(textOf(response))
  const decode = Schema.decodeUnknownEffect(schema)
  return (response) => {
    if (response.finishReason === "length") return Effect.fail(truncated())
    return Effect.flatMap(
      Effect.try({
        try: () => JSON.parse(response.text) as unknown,
        catch: () => new StructuredOutputError({ message: "The response is not JSON", reason: "invalid JSON" })
      }),
      (json) =>
        Effect.mapError(
          decode(json),
          () =>
            new StructuredOutputError({
              message: "The response does not fit the schema of the batch",
              reason: "schema mismatch"
            })
        )
    )
  }
}

/** None without a schema: the text of a response needs no effect. */
export const rowDecoderOf = <A, R>(schema: Schema.ConstraintDecoder<A, R> | undefined): Decode<A, R> | undefined =>
  schema === undefined ? undefined : decoderOf(schema)

/** The response of another row, which costs nothing. */
const sharedResponse = (response: ChatResponse): ChatResponse =>
  new ChatResponse({ ...response, cached: { level: "flight", age: 0, isStale: false } }, { disableChecks: true })

interface Settings<A, R> {
  readonly client: KimiClient["Service"]
  readonly share: Share
  readonly costOf: CostOf
  /** Absent when the value of a response is its text. */
  readonly decode: Decode<A, R> | undefined
}

/** The failed attempts that an error lists; at least the one that it is of. */
const attemptsOf = (error: RowError): number => error.attempts?.length ?? 1

/** To be called when the row is run. */
export const runRow =
  <A, R>({ client, costOf, decode, share }: Settings<A, R>) =>
  (row: BatchRow, count: number): Effect.Effect<BatchResponse<A>, never, R> => {
    const line = row.line ?? count
    const id = row.id ?? `${line}`
    const { request } = row
    const attempts = new Attempts()

    const failed = (error: RowError, isCached: boolean, response?: ChatResponse): Effect.Effect<Failed> =>
      Effect.succeed({
        _tag: "Failed",
        id,
        line,
        error,
        attempts: isCached ? 0 : Math.max(attempts.count, attemptsOf(error)),
        isCached,
        cost: isCached ? Option.none() : costOf(attempts, request, response)
      })

    const withValue = (response: ChatResponse, value: A): Effect.Effect<Answered<A>> => {
      const isCached = response.cached !== undefined
      return Effect.succeed({
        _tag: "Answered",
        id,
        line,
        value,
        response,
        usage: response.usage,
        attempts: isCached ? 0 : attempts.count || 1,
        isCached,
        cost: costOf(attempts, request, response)
      })
    }

    const answered = (given: ChatResponse, isShared: boolean): Effect.Effect<BatchResponse<A>, never, R> => {
      const response = isShared ? sharedResponse(given) : given
      return decode === undefined
        ? withValue(response, textOf(response))
        : Effect.matchEffect(decode(response), {
            onFailure: (error) => failed(error, isShared, response),
            onSuccess: (value) => withValue(response, value)
          })
    }

    return share(request, Accounting.recordTo(attempts)(client.chat(request)), { answered, failed })
  }
