/** Shows, cancels and forgets batches at the host, and counts the rows of a job. */
import type { Batch } from "@kimi-effect/core/Batch"
import * as BatchApi from "@kimi-effect/client/batch/BatchApi"
import * as BatchJob from "@kimi-effect/client/node/BatchJob"
import * as HostBatch from "@kimi-effect/client/node/HostBatch"
import * as HostBatchJob from "@kimi-effect/client/node/HostBatchJob"
import { counted } from "@kimi-effect/core/internal/Counted"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as client from "../client.ts"
import * as configuration from "../configuration.ts"
import { nextCommand, sameOptions } from "../nextCommand.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { BatchForgotten, BatchStatus } from "../schemas/batch.ts"
import { shellPath } from "../shellWord.ts"
import { byId, checkJob, fromBatch, hasRecord, hostLine, isBatchId, ofHost, recorded, recordOf } from "./batchTarget.ts"
import { repeatHints, sentence, toText } from "./batchText.ts"

const withHost = <A, E, R>(options: Given, use: Effect.Effect<A, E, R | HostBatch.HostBatch>) =>
  Effect.provide(use, client.layerHostBatch(options))

const withApi = <A, E, R>(options: Given, use: Effect.Effect<A, E, R | BatchApi.BatchApi>) =>
  Effect.provide(use, Layer.provide(BatchApi.layer(), client.layerHostApi(options)))

const stateOf = (batch: Batch): BatchStatus["state"] => {
  if (!BatchApi.isFinal(batch)) return "at host"
  return batch.status === "completed" ? "finished" : "stopped"
}

const continued =
  "kimi batch run with the input and the flags it was started with continues it, or reports what prevents that"

/** Of an output that `kimi batch run` has not written, as of those of `--shared` and of a batch by its id, there is none. */
const withoutState = (output: string): string =>
  hasRecord(output)
    ? `whether it is finished is not known: ${shellPath(recordOf(output))} is damaged`
    : `whether it is finished is not known: it has no record of a job, which kimi batch run keeps in ${shellPath(recordOf(output))}`

const stateText = (state: BatchStatus["state"], output: string, options: Given): string => {
  switch (state) {
    case "running":
      return "running in another process"
    case "interrupted":
      return `interrupted: ${continued}`
    case "stopped":
      return `stopped before its last row: ${continued}`
    case "finished":
      return "finished"
    case "at host":
      return `at the host. ${nextCommand("Collect it", `kimi batch resume ${shellPath(output)}`, sameOptions(options))}`
    case "unknown":
      return withoutState(output)
  }
}

const stateLine = ({ answered, failed, state, total }: BatchStatus, output: string, options: Given): string =>
  sentence([
    total === null
      ? `${answered + failed} of an unknown number of rows`
      : `${answered + failed} of ${counted(total, "row")}`,
    stateText(state, output, options)
  ])

export const status = Effect.fnUntraced(function* ({
  json,
  options,
  target
}: {
  readonly target: string
  readonly json: boolean
  readonly options: Given
}) {
  if (isBatchId(target)) {
    // The service of the jobs would wait for a host that cannot be reached.
    const batch = yield* withApi(options, byId(Effect.flatMap(BatchApi.BatchApi, (api) => api.get(target))))
    const { completed = 0, failed = 0, total = 0 } = batch.request_counts ?? {}
    const result: BatchStatus = {
      answered: completed,
      failed,
      failedByTag: {},
      cost: {},
      state: stateOf(batch),
      // Zero before the host has read the file.
      total: total === 0 ? null : total,
      rejected: null,
      host: fromBatch(batch)
    }
    return yield* json ? Output.json(result) : Output.line(hostLine(fromBatch(batch)))
  }
  yield* checkJob(target)
  yield* configuration.loadWithoutKey(options)
  // First: what is lost of the batch is worth more than the rows that are there.
  const atHost = Option.map(yield* HostBatchJob.status(target), ofHost)
  const counted = yield* BatchJob.status(target)
  const { rejected = null, total = null } = counted
  const result: BatchStatus = {
    ...counted,
    rejected,
    total,
    ...Option.match(atHost, { onNone: () => ({}), onSome: (host) => ({ host }) })
  }
  const text = [
    toText({ ...counted, rejects: `${target}.rejects.jsonl` }),
    stateLine(result, target, options),
    ...repeatHints(counted.failedByTag, target),
    ...Option.toArray(Option.map(atHost, hostLine))
  ].join("\n")
  yield* json ? Output.json(result) : Output.line(text)
})

/** An account may have very many batches: the newest are listed. */
const maxListed = 100

export const list = Effect.fnUntraced(function* ({
  json,
  options
}: {
  readonly json: boolean
  readonly options: Given
}) {
  const newest = Effect.flatMap(BatchApi.BatchApi, ({ listAll }) => Stream.runCollect(Stream.take(listAll, maxListed)))
  const batches = Array.from(yield* withApi(options, newest), (batch) => fromBatch(batch))
  if (json) return yield* Output.json(batches)
  for (const batch of batches) yield* Output.line(hostLine(batch))
})

export const cancel = Effect.fnUntraced(function* ({
  json,
  options,
  target
}: {
  readonly target: string
  readonly json: boolean
  readonly options: Given
}) {
  if (!isBatchId(target)) yield* checkJob(target)
  const ofId = byId(Effect.flatMap(HostBatch.HostBatch, (host) => host.cancel(target)))
  const batch = yield* isBatchId(target) ? withHost(options, ofId) : withHost(options, HostBatchJob.cancel(target))
  const shown = fromBatch(batch, isBatchId(target) ? undefined : yield* recorded(target, batch))
  yield* json ? Output.json(shown) : Output.line(hostLine(shown))
})

const forgottenLine = (batch: BatchForgotten): string =>
  batch.otherBatchId === undefined
    ? `Forgotten: ${hostLine(batch)}. kimi batch run sends its rows again.`
    : `Forgotten: ${hostLine(batch)}. Forgotten too: Batch ${batch.otherBatchId}. kimi batch run sends the rows of both again.`

export const forget = Effect.fnUntraced(function* ({
  force,
  json,
  options,
  output
}: {
  readonly output: string
  /** Whether the host is not asked. */
  readonly force: boolean
  readonly json: boolean
  readonly options: Given
}) {
  yield* checkJob(output)
  yield* configuration.loadWithoutKey(options)
  // As for the batch that is to be cancelled, which the library does not find either.
  const noBatch = new InvalidRequestError({
    message: "This job has no batch at the host that is open",
    parameter: "output",
    fix: `Check the path of the output: nothing is left to forget. ${nextCommand("Count its rows", `kimi batch status ${shellPath(output)}`)}`
  })
  // Without a request: a job without a batch needs no key.
  const asked = Effect.flatMap(HostBatchJob.status(output), (known) =>
    Option.exists(known, ({ state }) => state === "open")
      ? withHost(options, HostBatchJob.forget(output))
      : Effect.fail(noBatch)
  )
  const found = yield* force ? HostBatchJob.abandon(output) : asked
  if (Option.isNone(found)) return yield* Effect.fail(noBatch)
  const { otherBatchId } = found.value
  const forgotten: BatchForgotten = {
    ...ofHost(found.value),
    ...(otherBatchId === undefined ? {} : { otherBatchId })
  }
  yield* json ? Output.json(forgotten) : Output.line(forgottenLine(forgotten))
})
