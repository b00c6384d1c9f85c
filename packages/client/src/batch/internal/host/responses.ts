/** The outcomes of the rows of a batch, in the form of a batch that runs in this program. */
import { BatchExpiredError, BatchFailedError } from "@kimi-effect/core/BatchErrors"
import type { Batch } from "@kimi-effect/core/Batch"
import type { ChatRequest, ModelRequest } from "@kimi-effect/core/ChatRequest"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Cost from "@kimi-effect/core/Cost"
import type { FileError } from "@kimi-effect/core/OperationErrors"
import type * as PriceTable from "@kimi-effect/core/PriceTable"
import { InvalidResponseError } from "@kimi-effect/core/ProviderErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Files } from "../../../files/Files.ts"
import type { BatchResponse, Failed, RowError } from "../../BatchResponse.ts"
import { decoderOf } from "../rowDecoder.ts"
import type { BatchUsage } from "./BatchUsage.ts"
import { type DecodedResult, decodeResult, type DecodeSettings } from "./decodeResult.ts"
import { modelOf } from "./inputFile.ts"
import type { HostRow } from "./prepare.ts"
import type { RetryPolicy } from "./retried.ts"
import { type IdentifiedResult, isAnswer, type JoinedRow, readResults, type Surplus } from "./readResults.ts"

/** Characters of the results that wait for their requests, at most: for each time, the whole input is read. */
const maxWaiting = 16 * 1024 * 1024

export interface ResponseSettings<A, RD, E, R> extends DecodeSettings {
  readonly files: Files["Service"]
  readonly rows: ReadonlyArray<HostRow>
  readonly schema: Schema.ConstraintDecoder<A, RD> | undefined
  /** The model of rows whose request is not known, by the name that the host gives it in a response. */
  readonly modelFor: (served: string | undefined) => string
  readonly prices: PriceTable.Prices
  readonly day: string
  /** Sums up what every row used. */
  readonly usage: BatchUsage
  readonly surplus: Surplus
  readonly retry: RetryPolicy
  /** Whether the outcome of a row is wanted. What it used counts in any case. */
  readonly isWanted: (row: HostRow) => boolean
  /** Reads the requests of failed rows that have none, by their ids: errors must not quote them. */
  readonly requestsOf: (rows: ReadonlyArray<HostRow>) => Effect.Effect<ReadonlyMap<string, ChatRequest>, E, R>
}

/** Why a row has no result. */
const missing = (provider: string, { id, status }: Batch): RowError => {
  const common = { provider, batchId: id }
  switch (status) {
    case "expired":
      return new BatchExpiredError({ ...common, message: "The batch ended before the host had run the row" })
    case "failed":
    case "cancelled":
      return new BatchFailedError({
        ...common,
        state: status,
        message: `The batch was ${status} before the row was run`
      })
    default:
      return new InvalidResponseError({
        provider,
        message: "The batch ended without a result for the row",
        fix: "Send the row again, in another batch or as a single call."
      })
  }
}

/** What was billed for a row that failed. */
type Billed = Pick<Failed, "attempts" | "cost" | "usage">

const notRun: Billed = { attempts: 0, usage: undefined, cost: Option.none() }

const failedOf = ({ id, line }: HostRow, error: RowError, billed: Billed): Failed => ({
  _tag: "Failed",
  id,
  line,
  error,
  isCached: false,
  ...billed
})

/** Emits an outcome for each row that is wanted: those with a result, and then those without one. */
export const responses = <A, RD, E, R>(
  batch: Batch,
  settings: ResponseSettings<A, RD, E, R>
): Stream.Stream<BatchResponse<A>, FileError | E, RD | R> =>
  Stream.suspend(() => {
    const { day, files, isWanted, modelFor, prices, provider, requestsOf, rows, schema, surplus, usage } = settings
    const decode = decoderOf(schema)
    const open = new Map<string, HostRow>()
    for (const row of rows) open.set(row.id, row)

    const costOf = (billed: DecodedResult["billed"], of: string): Option.Option<Cost.Cost> =>
      billed === undefined
        ? Option.none()
        : Cost.of(billed.usage, { model: of, provider: provider.id, day, isBatch: true }, prices)

    const modelOfResult = ({ response }: IdentifiedResult) => modelFor(modelOf(response?.body))

    const decoded = (result: IdentifiedResult, of: string, request: ModelRequest | undefined): DecodedResult => {
      const { billed, outcome } = decodeResult(result, of, request, settings)
      if (billed !== undefined) {
        const group = outcome instanceof ChatResponse ? "succeeded" : "failed"
        usage.add({ outcome: group, isEstimate: billed.isEstimate, model: of }, billed.usage)
      }
      return { billed, outcome }
    }

    const outcomeOf = ({ result, row }: JoinedRow, request: ModelRequest | undefined) => {
      const of = request?.model ?? modelOfResult(result)
      const { billed, outcome } = decoded(result, of, request)
      if (!isWanted(row)) return Effect.undefined
      const cost = costOf(billed, of)
      if (!(outcome instanceof ChatResponse))
        return Effect.succeed(failedOf(row, outcome, { attempts: 1, usage: billed?.usage, cost }))
      return Effect.match(decode(outcome), {
        onFailure: (error): BatchResponse<A> => failedOf(row, error, { attempts: 1, usage: outcome.usage, cost }),
        onSuccess: (value): BatchResponse<A> => ({
          _tag: "Answered",
          id: row.id,
          line: row.line,
          value,
          response: outcome,
          usage: outcome.usage,
          attempts: 1,
          isCached: false,
          cost
        })
      })
    }

    const waiting: Array<JoinedRow> = []
    let waitingLength = 0
    const decodeWaiting = Effect.suspend(() => {
      const taken = waiting.splice(0)
      waitingLength = 0
      if (taken.length === 0) return Effect.succeed<ReadonlyArray<BatchResponse<A> | undefined>>([])
      return Effect.flatMap(requestsOf(taken.map(({ row }) => row)), (requests) =>
        Effect.forEach(taken, (joined) => {
          const request = requests.get(joined.row.id)
          return outcomeOf(joined, request && { ...request, model: request.model ?? modelOfResult(joined.result) })
        })
      )
    })

    // The host bills rows that were not given too.
    const onUnknown = (result: IdentifiedResult) => void decoded(result, modelOfResult(result), undefined)
    const reader = { open, surplus, onUnknown }
    const joined = Stream.mapEffect(readResults(files, batch, reader, settings.retry), (joined) => {
      const { request } = joined.row
      if (request !== undefined || isAnswer(joined.result))
        return Effect.map(outcomeOf(joined, request), (one) => [one])
      waiting.push(joined)
      waitingLength += joined.result.length
      return waitingLength < maxWaiting ? Effect.succeed([]) : decodeWaiting
    })
    const unanswered = Stream.suspend(() =>
      Stream.fromArray(
        [...open.values()].filter(isWanted).map((row) => failedOf(row, missing(provider.id, batch), notRun))
      )
    )
    return joined.pipe(
      Stream.concat(Stream.fromEffect(decodeWaiting)),
      Stream.flatMap((outcomes) => Stream.fromArray(outcomes)),
      Stream.filter((outcome) => outcome !== undefined),
      Stream.concat(unanswered)
    )
  })
