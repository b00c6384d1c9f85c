/** Runs the requests of a file at the host, and looks after batches that are there. */
import { existsSync } from "node:fs"
import { type Batch } from "@kimi-effect/core/Batch"
import * as BatchMode from "@kimi-effect/client/batch/BatchMode"
import type { HostBatchEvent } from "@kimi-effect/client/batch/HostBatchEvent"
import * as BatchJob from "@kimi-effect/client/node/BatchJob"
import * as HostBatch from "@kimi-effect/client/node/HostBatch"
import * as HostBatchJob from "@kimi-effect/client/node/HostBatchJob"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as client from "../client.ts"
import { CommandError, UsageError, wrongFlag } from "../commandError.ts"
import * as InputFile from "../inputFile.ts"
import { live } from "../live.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { BatchAtHost, BatchRun, BatchStatus } from "../schemas/batch.ts"
import { type InputFlags, isStandard, jobFiles } from "./batchFiles.ts"
import { progressLine } from "./batchProgress.ts"
import { tagsOf } from "./batchTags.ts"
import { causeOf, rerunFlags, sentence, stoppedHint, toText } from "./batchText.ts"

export interface HostFlags {
  readonly mode: BatchMode.Mode
  readonly window: Option.Option<Duration.Duration>
  readonly deadline: Option.Option<Duration.Duration>
  readonly poll: Option.Option<Duration.Duration>
}

interface RunInput {
  readonly input: string
  readonly output: string
  readonly rows: number
  readonly read: InputFlags
  readonly rerun: ReadonlyArray<string>
  readonly json: boolean
  readonly options: Given
  /** Whether several machines run it. */
  readonly isShared: boolean
}

const countsOf = ({ request_counts: counts }: Batch): string =>
  counts === undefined || counts.total === 0 ? "" : `${counts.completed + counts.failed} of ${counts.total} rows`

/** What is known while the command waits. */
class Progress {
  #line = "Checking the rows"
  /** Whether a batch is at the host, which continues without this program. */
  isAtHost = false

  /** Rows that this program runs. */
  readonly onProgress = (progress: BatchJob.JobProgress): Effect.Effect<void> =>
    Effect.sync(() => {
      this.#line = progressLine(progress)
    })

  readonly lines = (): ReadonlyArray<string> => [this.#line]

  readonly onEvent = (event: HostBatchEvent): Effect.Effect<void> =>
    Effect.sync(() => {
      this.#line = this.#lineOf(event)
    })

  #lineOf(event: HostBatchEvent): string {
    switch (event._tag) {
      case "Chosen":
        return event.choice.reason
      case "Checked":
        return `Uploading ${event.rows} rows`
      case "Uploaded":
        return "Creating the batch"
      case "Created":
        this.isAtHost = true
        return `Batch ${event.batchId} was created`
      case "State":
        this.isAtHost = true
        return sentence([`Batch ${event.batch.id} is ${event.batch.status}`, countsOf(event.batch)])
    }
  }
}

const fromBatch = (batch: Batch): BatchAtHost => ({
  batchId: batch.id,
  status: batch.status,
  model: null,
  rows: batch.request_counts?.total ?? 0,
  completed: batch.request_counts?.completed ?? null,
  failed: batch.request_counts?.failed ?? null
})

const toRun = ({ batch, choice, ...result }: HostBatchJob.JobResult): BatchRun => ({
  answered: result.answered,
  failed: result.failed,
  failedByTag: result.failedByTag,
  cost: result.cost,
  rejected: result.rejected,
  resumed: result.resumed,
  stopped: result.stopped?._tag ?? null,
  mode: result.mode,
  unanswered: result.unanswered,
  ...(choice === undefined ? {} : { reason: choice.reason }),
  ...(batch === undefined ? {} : { host: fromBatch(batch) })
})

interface FollowInput extends Pick<RunInput, "json" | "options" | "output"> {
  /** The command that continues it. */
  readonly resume: string
  /** Whether it is a batch without the files of a job. */
  readonly byId?: boolean | undefined
}

/** What is left to do, as the failure of the command. */
const remainder = (
  { batch, failed, failedByTag, rejected, stopped, unanswered }: HostBatchJob.JobResult,
  { byId = false, output }: Pick<FollowInput, "byId" | "output">
) => {
  if (byId) {
    return failed > 0
      ? new CommandError(`Failed rows: ${failed}`, `kimi batch failed ${output} lists them.`)
      : undefined
  }
  if (stopped !== undefined) {
    const hint = stoppedHint(stopped, "Run the same command again to continue.")
    return new CommandError(`The batch was stopped: ${causeOf(stopped)}`, hint)
  }
  if (unanswered > 0) {
    const cause = batch === undefined ? "" : `, the batch is ${batch.status}`
    return new CommandError(
      `Rows that the host did not run: ${unanswered}${cause}`,
      "Run kimi batch run with the same files again: it sends only these rows."
    )
  }
  if (failed > 0) {
    return new CommandError(`Failed rows: ${failed}`, `Run them again with ${rerunFlags(failedByTag)}.`)
  }
  return rejected > 0
    ? new CommandError(`Lines that are no rows: ${rejected}`, `See ${output}.rejects.jsonl for the reasons.`)
    : undefined
}

/** Shows the progress of a job and then its result. */
const follow = Effect.fnUntraced(function* <E, R>(
  { byId, json, options, output, resume }: FollowInput,
  job: (progress: Progress) => Effect.Effect<HostBatchJob.JobResult, E, R>
) {
  const progress = new Progress()
  const result = yield* Effect.scoped(Effect.andThen(live(progress.lines), job(progress))).pipe(
    Effect.provide(Layer.merge(client.layer(options), client.layerHostBatch(options))),
    Effect.onInterrupt(() =>
      Output.note(
        progress.isAtHost
          ? `\nInterrupted. A batch continues at the host: ${resume} collects it.`
          : "\nInterrupted. Run the same command again to continue."
      )
    )
  )
  yield* json ? Output.json(toRun(result)) : Output.line(toText(result))
  const left = remainder(result, { byId, output })
  if (left !== undefined) return yield* Effect.fail(left)
})

export const run = Effect.fnUntraced(function* (
  { input, isShared, json, options, output, read, rerun, rows }: RunInput,
  { deadline, mode, poll, window }: HostFlags
) {
  if (isShared) {
    return yield* Effect.fail(wrongFlag("--mode", "local, without a deadline, for a batch that several machines run"))
  }
  if (isStandard(input) || isStandard(output)) {
    return yield* Effect.fail(wrongFlag("--mode", "files for the input and the output, to continue the job"))
  }
  const tags = yield* tagsOf("--rerun", rerun)
  const { format, prompts, separator } = yield* jobFiles({ input, output }, read)
  const settings: HostBatchJob.Options = {
    input,
    output,
    mode,
    format,
    separator,
    prompts,
    rerun: tags,
    concurrency: rows,
    completionWindow: Option.getOrUndefined(window),
    interval: Option.getOrUndefined(poll),
    ...(Option.isNone(deadline) ? {} : { stop: { deadline: deadline.value } })
  }
  yield* follow({ json, options, output, resume: `kimi batch resume ${output}` }, ({ onEvent, onProgress }) =>
    HostBatchJob.run({ ...settings, onEvent, onProgress })
  )
})

/** An id has no suffix and no folder, and no file has its name. */
const isBatchId = (target: string): boolean => !/[\\/.]/.test(target) && !existsSync(target)

/** A job at the host has the file of its answers, or the record of its batch. */
const checkJob = (output: string) => (existsSync(`${output}.host.json`) ? Effect.void : InputFile.check(output))

export const resume = Effect.fnUntraced(function* ({
  json,
  options,
  output,
  poll,
  target
}: {
  readonly target: string
  readonly output: Option.Option<string>
  readonly poll: Option.Option<Duration.Duration>
  readonly json: boolean
  readonly options: Given
}) {
  const interval = Option.getOrUndefined(poll)
  if (!isBatchId(target)) {
    if (Option.isSome(output)) {
      return yield* Effect.fail(
        new UsageError("The answers of a job are in its own file", `kimi batch resume ${target}`)
      )
    }
    yield* checkJob(target)
    return yield* follow({ json, options, output: target, resume: `kimi batch resume ${target}` }, ({ onEvent }) =>
      HostBatchJob.resume(target, { interval, onEvent })
    )
  }
  if (Option.isNone(output)) {
    return yield* Effect.fail(
      new UsageError("A batch by its id needs a file for its answers", `kimi batch resume ${target} answers.jsonl`)
    )
  }
  const path = output.value
  const resume = `kimi batch resume ${target} ${path}`
  yield* follow({ json, options, output: path, resume, byId: true }, ({ onEvent }) =>
    HostBatchJob.collect(target, path, { interval, onEvent })
  )
})

const hostLine = ({ batchId, completed, failed, rows, status }: BatchAtHost): string =>
  sentence([
    `Batch ${batchId ?? "not created yet"}`,
    status ?? "",
    rows === 0 ? "" : `${rows} rows`,
    completed === null ? "" : `${completed} answered`,
    failed === null ? "" : `${failed} failed`
  ])

const ofHost = (status: HostBatchJob.HostStatus): BatchAtHost => ({
  batchId: status.batchId ?? null,
  status: status.status ?? null,
  model: status.model,
  rows: status.rows,
  completed: null,
  failed: null
})

const withHost = <A, E, R>(options: Given, use: Effect.Effect<A, E, R | HostBatch.HostBatch>) =>
  Effect.provide(use, client.layerHostBatch(options))

const rerunHint = ({ failed, failedByTag }: BatchJob.Status): ReadonlyArray<string> =>
  failed === 0 ? [] : [`To run failed rows again, add ${rerunFlags(failedByTag)} to kimi batch run.`]

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
    const batch = yield* withHost(
      options,
      Effect.flatMap(HostBatch.HostBatch, (host) => host.get(target))
    )
    const counts = { answered: batch.request_counts?.completed ?? 0, failed: batch.request_counts?.failed ?? 0 }
    const result: BatchStatus = { ...counts, failedByTag: {}, cost: {}, host: fromBatch(batch) }
    return yield* json ? Output.json(result) : Output.line(hostLine(fromBatch(batch)))
  }
  yield* InputFile.check(target)
  const counted = yield* BatchJob.status(target)
  const atHost = Option.map(yield* HostBatchJob.status(target), ofHost)
  const result: BatchStatus = Option.match(atHost, { onNone: () => counted, onSome: (host) => ({ ...counted, host }) })
  const text = [toText(counted), ...rerunHint(counted), ...Option.toArray(Option.map(atHost, hostLine))].join("\n")
  yield* json ? Output.json(result) : Output.line(text)
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
  const batch = yield* withHost(
    options,
    isBatchId(target) ? Effect.flatMap(HostBatch.HostBatch, (host) => host.cancel(target)) : HostBatchJob.cancel(target)
  )
  yield* json ? Output.json(fromBatch(batch)) : Output.line(hostLine(fromBatch(batch)))
})

export const forget = Effect.fnUntraced(function* ({
  json,
  output
}: {
  readonly output: string
  readonly json: boolean
}) {
  const forgotten = Option.map(yield* HostBatchJob.forget(output), ofHost)
  if (Option.isNone(forgotten)) {
    return yield* Effect.fail(
      new CommandError("This job has no batch at the host that is open", `kimi batch status ${output} has its rows.`)
    )
  }
  yield* json
    ? Output.json(forgotten.value)
    : Output.line(`Forgotten: ${hostLine(forgotten.value)}. kimi batch run sends its rows again.`)
})
