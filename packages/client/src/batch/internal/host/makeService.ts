/** Builds the service `HostBatch` on a `HostApi`. */
import type { Batch } from "@kimi-effect/core/Batch"
import type { FileError } from "@kimi-effect/core/OperationErrors"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { Accounting, Budget } from "@kimi-effect/core/internal/OptionalServices"
import { listener } from "@kimi-effect/core/internal/Listener"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import { UnsupportedOperationError } from "@kimi-effect/core/ValidationErrors"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { Files as FilesService } from "../../../files/Files.ts"
import * as Files from "../../../files/internal/makeFiles.ts"
import * as HostApi from "../../../HostApi.ts"
import type { Provider } from "../../../Provider.ts"
import * as BatchApi from "../../BatchApi.ts"
import type * as HostBatch from "../../HostBatch.ts"
import * as RowInput from "../RowInput.ts"
import { batchRows } from "./batchRows.ts"
import { BatchUsage } from "./BatchUsage.ts"
import * as charge from "./charge.ts"
import { checkRows, rowsRule, toArray } from "./checkRows.ts"
import { checkComplete } from "./complete.ts"
import { createBody } from "../createBody.ts"
import { follow, followRules } from "./follow.ts"
import { idsOf, requestsOf } from "./inputFile.ts"
import * as optionNames from "./optionNames.ts"
import { type HostRow, prepare } from "./prepare.ts"
import { responses } from "./responses.ts"
import { type RetryPolicy, retried } from "./retried.ts"
import { metadataKey, submit, type SubmitSettings } from "./submit.ts"

type Service = HostBatch.HostBatch["Service"]

/** Source: files API. */
const maxFileBytes = 100 * 1024 * 1024

const unsupported = ({ id }: Provider): UnsupportedOperationError =>
  new UnsupportedOperationError({ message: `${id} does not offer batches`, provider: id, operation: "batches" })

const dayOf = ({ created_at }: Batch): Effect.Effect<string> =>
  created_at === undefined
    ? Effect.map(DateTime.now, DateTime.formatIsoDateUtc)
    : Effect.succeed(new Date(created_at * 1_000).toISOString().slice(0, 10))

/** All rows of a batch have one model. */
const modelOf = ([row]: ReadonlyArray<HostRow>): string | undefined => row?.request?.model ?? row?.model

const filesOf = ({ error_file_id, input_file_id, output_file_id }: Batch): ReadonlyArray<string> =>
  [input_file_id, output_file_id, error_file_id].filter((id) => id !== undefined && id !== "") as ReadonlyArray<string>

/** What the service reads of its context. */
const surroundings = Effect.gen(function* () {
  const config = Option.getOrUndefined(yield* Effect.serviceOption(KimiConfig.KimiConfig))
  return {
    config,
    budget: Option.getOrUndefined(yield* Effect.serviceOption(Budget)),
    accounting: Option.getOrUndefined(yield* Effect.serviceOption(Accounting)),
    prices: PriceTable.currentOrElse(yield* PriceTable.PriceTable)
  }
})

const makeResults = Effect.gen(function* () {
  const { provider } = yield* HostApi.HostApi
  const { accounting, budget, config, prices } = yield* surroundings
  const recorded = new Set<string>()
  const recordOnce = (id: string) => () => Effect.sync(() => !recorded.has(id) && recorded.add(id).has(id))
  const secret = config?.apiKey === undefined ? undefined : Redacted.value(config.apiKey)
  const limits = config ?? KimiConfig.defaults

  return (files: FilesService["Service"], retry: RetryPolicy): Service["results"] =>
    <A, RD, E, R>(batch: Batch, rows: Iterable<HostRow>, options: HostBatch.ResultOptions<A, RD, E, R> = {}) => {
      // The stream may run again, and an iterator ends once.
      const all = toArray(rows)
      return Stream.unwrap(
        Effect.gen(function* () {
          yield* OptionRules.check("HostBatch", [
            ...OptionRules.knownNames(options, optionNames.ofResults),
            rowsRule(rows)
          ])
          yield* checkRows(all)
          const usage = new BatchUsage()
          const surplus = { malformed: 0, duplicates: 0, unknown: 0 }
          const table = yield* prices
          const day = yield* dayOf(batch)
          const requested = options.model ?? modelOf(all)
          // The default is that of other calls, and need not be a model of batches.
          const modelFor = (served: string | undefined): string =>
            requested ?? served ?? config?.model ?? provider.defaultModel
          const { isWanted = () => true, onRead = recordOnce(batch.id), onSettled, onSurplus, schema } = options
          const outcomes = responses<A, RD, E | FileError, R>(batch, {
            provider,
            secret,
            limits,
            files,
            rows: all,
            schema,
            modelFor,
            prices: table,
            day,
            usage,
            surplus,
            retry,
            isWanted,
            requestsOf: options.requestsOf ?? requestsOf(files, batch, retry)
          })
          const known = (options.checkRows ?? true) ? idsOf(files, batch, retry) : Effect.undefined
          const account = config?.account ?? provider.id
          const settings = { budget, accounting, account, provider: provider.id, day, prices: table }
          const enter = Effect.gen(function* () {
            onSurplus?.(surplus)
            if (yield* onRead()) yield* charge.record(usage, settings)
            const submission = options.submission ?? batch.metadata?.[metadataKey]
            const isSettled = yield* charge.settle(submission, usage, settings)
            onSettled?.(isSettled)
          })
          // Nothing is entered of results that are read again.
          return outcomes.pipe(checkComplete(batch, known), Stream.concat(Stream.drain(Stream.fromEffect(enter))))
        })
      )
    }
})

/** The operations on the files of a batch. */
const ofFiles = (
  files: FilesService["Service"],
  retry: RetryPolicy
): Pick<Service, "deleteFiles" | "hasFile" | "rows"> => ({
  rows: (batch) => batchRows(files, batch, retry),
  hasFile: (id) =>
    retried(retry, () => files.get(id)).pipe(
      Effect.as(true),
      Effect.catchTag("FileNotFoundError", () => Effect.succeed(false))
    ),
  deleteFiles: (batch) =>
    Effect.forEach(filesOf(batch), (id) => retried(retry, () => files.delete(id, { ignoreMissing: true })), {
      discard: true
    })
})

const retryOf = ({ retry = {} }: HostBatch.Options): RetryPolicy => ({
  maxAttempts: retry.maxAttempts ?? 6,
  backoff: { baseDelay: retry.baseDelay ?? "1 second", maxDelay: retry.maxDelay ?? "1 minute", jitter: "equal" }
})

const submitWith =
  (
    given: Pick<SubmitSettings<never, never>, "batches" | "budget" | "files" | "provider" | "retry">
  ): Service["submit"] =>
  (prepared, options = {}) =>
    Effect.suspend(() => {
      const { completionWindow = "24 hours", continued, metadata = {} } = options
      const { onRefused = () => Effect.void, onStep = () => Effect.void } = options
      const submission = continued ?? { id: crypto.randomUUID() }
      const settings = {
        ...given,
        completionWindow: OptionRules.durationOf(completionWindow),
        metadata,
        isContinued: continued !== undefined,
        onStep,
        onRefused
      }
      // What the host would refuse when the file is there.
      const checked = createBody(
        { inputFileId: "checked before the upload", completionWindow, metadata },
        { [metadataKey]: submission.id }
      )
      return OptionRules.check("HostBatch", OptionRules.knownNames(options, optionNames.ofSubmit)).pipe(
        Effect.andThen(checked),
        Effect.andThen(submit(prepared, submission, settings))
      )
    })

const followWith =
  (batches: BatchApi.BatchApi["Service"], provider: string): Service["follow"] =>
  (id, options = {}) => {
    const { interval = "10 seconds", maxInterval = "5 minutes", onState, timeout = "8 days" } = options
    const settings = {
      interval: OptionRules.durationOf(interval),
      maxInterval: OptionRules.durationOf(maxInterval),
      timeout: OptionRules.durationOf(timeout),
      onState: listener(onState)
    }
    return Effect.andThen(
      OptionRules.check("HostBatch", [
        ...OptionRules.knownNames(options, optionNames.ofFollow),
        ...followRules(options)
      ]),
      follow(batches.get(id), id, provider, settings)
    )
  }

export const makeService = Effect.fnUntraced(function* (
  options: HostBatch.Options
): Effect.fn.Return<Service, ConfigurationError, HostApi.HostApi> {
  yield* OptionRules.check("HostBatch", [
    ...OptionRules.knownNames(options, optionNames.ofService),
    ...OptionRules.knownNames(options.retry, optionNames.ofRetry, "retry"),
    OptionRules.bytes("maxBytes", options.maxBytes),
    OptionRules.positiveInteger("maxRows", options.maxRows),
    OptionRules.positiveInteger("retry.maxAttempts", options.retry?.maxAttempts),
    OptionRules.finiteDuration("retry.baseDelay", options.retry?.baseDelay),
    OptionRules.finiteDuration("retry.maxDelay", options.retry?.maxDelay)
  ])
  const { maxBytes = maxFileBytes, maxRows = Number.POSITIVE_INFINITY } = options
  const retry = retryOf(options)
  const { provider } = yield* HostApi.HostApi
  const files = yield* Files.make({ maxFileBytes: maxBytes })
  const batches = yield* BatchApi.make()
  const { budget, config, prices } = yield* surroundings
  const results = yield* makeResults

  return {
    provider,
    prepare: (input, options = {}) =>
      Effect.gen(function* () {
        const { keepRequests = true, model } = options
        yield* OptionRules.check("HostBatch", [
          ...OptionRules.knownNames(options, optionNames.ofPrepare),
          RowInput.rule(input)
        ])
        if (!provider.hasAccountApi) return yield* unsupported(provider)
        return yield* prepare(RowInput.toStream(input), {
          provider,
          model: model ?? config?.model ?? provider.defaultModel,
          maxRows,
          maxBytes,
          prices: yield* prices,
          day: DateTime.formatIsoDateUtc(yield* DateTime.now),
          keepsRequests: keepRequests
        })
      }),
    submit: submitWith({ files, batches, budget, provider: provider.id, retry }),
    follow: followWith(batches, provider.id),
    ...ofFiles(files, retry),
    results: results(files, retry),
    get: (id) => retried(retry, () => batches.get(id)),
    cancel: (id) => retried(retry, () => batches.cancel(id))
  }
})
