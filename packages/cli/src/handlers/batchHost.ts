/** Runs the requests of a file at the host, and looks after batches that are there. */
import { existsSync } from "node:fs"
import type { Batch } from "@kimi-effect/core/Batch"
import { counted } from "@kimi-effect/core/internal/Counted"
import * as BatchMode from "@kimi-effect/client/batch/BatchMode"
import type { HostBatchEvent } from "@kimi-effect/client/batch/HostBatchEvent"
import type * as BatchJob from "@kimi-effect/client/node/BatchJob"
import * as HostBatchJob from "@kimi-effect/client/node/HostBatchJob"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as client from "../client.ts"
import { CommandError, UsageError, wrongFlag } from "../commandError.ts"
import * as Interruption from "../interruption.ts"
import { live } from "../live.ts"
import { nextCommand, sameOptions } from "../nextCommand.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { BatchAtHost, BatchRun } from "../schemas/batch.ts"
import { shellPath } from "../shellWord.ts"
import { type InputFlags, isOfPrompts, isStandard, jobFiles } from "./batchFiles.ts"
import { progressLine } from "./batchProgress.ts"
import { tagsOf } from "./batchTags.ts"
import { atHost, byId as ofId, checkJob, fromBatch, isBatchId, recorded } from "./batchTarget.ts"
import { noteDuplicates, repeatHints, sentence, stoppedFailure, toText } from "./batchText.ts"

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
  counts === undefined || counts.total === 0
    ? ""
    : `${counts.completed + counts.failed} of ${counted(counts.total, "row")}`

/** What is known while the command waits. */
class Progress {
  /** Empty until something is done: what refuses the command would follow a line of progress. */
  #line = ""
  /** Whether a batch is at the host, which continues without this program. */
  isAtHost = false

  /** Rows that this program runs. */
  readonly onProgress = (progress: BatchJob.JobProgress): Effect.Effect<void> =>
    Effect.sync(() => {
      this.#line = progressLine(progress)
    })

  readonly lines = (): ReadonlyArray<string> => (this.#line === "" ? [] : [this.#line])

  readonly onEvent = (event: HostBatchEvent): Effect.Effect<void> =>
    Effect.sync(() => {
      this.#line = this.#lineOf(event)
    })

  #lineOf(event: HostBatchEvent): string {
    switch (event._tag) {
      case "Chosen":
        return event.choice.reason
      case "Checked":
        return `Uploading ${counted(event.rows, "row")}`
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

const surplusText = ({ duplicates, malformed, unknown }: HostBatchJob.JobResult["surplus"]): string =>
  sentence([
    malformed === 0 ? "" : `${malformed} that are no results`,
    duplicates === 0 ? "" : `${duplicates} of rows that have a result`,
    unknown === 0 ? "" : `${unknown} of no row`
  ])

const toRun = ({ choice, surplus, ...result }: HostBatchJob.JobResult, host: BatchAtHost | undefined): BatchRun => ({
  answered: result.answered,
  failed: result.failed,
  failedByTag: result.failedByTag,
  cost: result.cost,
  rejected: result.rejected,
  duplicateIds: result.duplicateIds,
  resumed: result.resumed,
  stopped: result.stopped?._tag ?? null,
  mode: result.mode,
  unanswered: result.unanswered,
  ...(choice === undefined ? {} : { reason: choice.reason }),
  ...(surplusText(surplus) === "" ? {} : { surplus }),
  ...(host === undefined ? {} : { host })
})

interface FollowInput extends Pick<RunInput, "json" | "options" | "output"> {
  /** The command that continues it. */
  readonly resume: string
  /** Whether it is a batch without the files of a job. */
  readonly byId?: boolean | undefined
  /** Whether the lines of the input are prompts. */
  readonly isPrompted?: boolean | undefined
  /** Whether the command has chosen where the rows run. */
  readonly isChosen?: boolean | undefined
}

/** The batch, whose rows are known if the host has not counted them: each has an outcome in the answers of one by its id. */
const hostOf = (
  { answered, batch, failed }: HostBatchJob.JobResult,
  { byId = false, output }: Pick<FollowInput, "byId" | "output">
): Effect.Effect<BatchAtHost | undefined> => {
  if (batch === undefined) return Effect.undefined
  const rows = byId ? Effect.succeed({ model: null, rows: answered + failed }) : recorded(output, batch)
  return Effect.map(rows, (known) => fromBatch(batch, known))
}

/** What is left to do, as the failure of the command. */
const remainder = (
  { batch, failed, failedByTag, rejected, stopped, unanswered }: HostBatchJob.JobResult,
  { byId = false, output }: Pick<FollowInput, "byId" | "output">
) => {
  if (byId) {
    return failed > 0
      ? new CommandError(`Failed rows: ${failed}`, nextCommand("List them", `kimi batch failed ${shellPath(output)}`))
      : undefined
  }
  if (stopped !== undefined) {
    return stoppedFailure(stopped, "Run the same command again to continue.")
  }
  if (unanswered > 0) {
    const cause = batch === undefined ? "" : `, the batch is ${batch.status}`
    return new CommandError(
      `Rows that the host did not run: ${unanswered}${cause}`,
      "Run kimi batch run with the same files and flags again: it sends only these rows."
    )
  }
  if (failed > 0) {
    return new CommandError(`Failed rows: ${failed}`, repeatHints(failedByTag, output).join(" "))
  }
  return rejected > 0
    ? new CommandError(
        `Lines that are no rows: ${rejected}`,
        `See ${shellPath(`${output}.rejects.jsonl`)} for the reasons.`
      )
    : undefined
}

/** Shows the progress of a job and then its result. */
const follow = Effect.fnUntraced(function* <E, R>(
  { byId, isChosen = false, isPrompted = false, json, options, output, resume }: FollowInput,
  job: (progress: Progress) => Effect.Effect<HostBatchJob.JobResult, E, R>
) {
  const progress = new Progress()
  const result = yield* Effect.scoped(Effect.andThen(live(progress.lines), job(progress))).pipe(
    Effect.provide(Layer.merge(client.layer(options), client.layerHostBatch(options))),
    Effect.onInterrupt(() =>
      Interruption.noteContinued(
        progress.isAtHost
          ? `A batch continues at the host. ${nextCommand("Collect it", resume, sameOptions(options))}`
          : "Run the same command again to continue."
      )
    )
  )
  yield* json ? Output.json(toRun(result, yield* hostOf(result, { byId, output }))) : Output.line(toText(result))
  yield* noteDuplicates(result, isPrompted)
  // With --json, the result has the reason.
  if (isChosen && !json && result.choice !== undefined) {
    yield* Output.note(`Ran ${result.mode === "host" ? "at the host" : "in this process"}: ${result.choice.reason}`)
  }
  const surplus = surplusText(result.surplus)
  if (surplus !== "") yield* Output.note(`The host has sent further lines, which were left out: ${surplus}.`)
  const left = remainder(result, { byId, output })
  if (left !== undefined) return yield* Effect.fail(left)
})

const tooEarly = (deadline: Duration.Duration): UsageError =>
  new UsageError(
    `--mode host cannot keep the --deadline of ${Duration.format(deadline)}: the shortest window of the host is 12 hours`,
    "Use --mode auto, which runs the rows in this process then, or give --window, the time within which the host ends the batch, in place of --deadline."
  )

const wrongMode = (isShared: boolean): UsageError =>
  wrongFlag(
    "--mode",
    isShared ? "local for a batch that several machines run" : "files for the input and the output, to continue the job"
  )

/** The host ends a batch with its window, which is therefore never longer than the deadline. */
const noteWindow = ({ deadline, mode, window }: HostFlags, output: string): Effect.Effect<void> => {
  // A batch that is at the host has its window.
  if (mode !== "host" || existsSync(`${output}.host.json`)) return Effect.void
  const hours = Math.floor(Option.match(deadline, { onNone: () => Number.POSITIVE_INFINITY, onSome: Duration.toHours }))
  if (Option.isNone(window) || hours >= Duration.toHours(window.value)) return Effect.void
  const [given, used] = [Duration.format(window.value), Duration.format(Duration.hours(hours))]
  return Output.note(`The --window of ${given} is shortened to ${used}, at which the results are needed by --deadline.`)
}

/** Only the job that has made the record knows which of its rows the host runs. */
const needsFiles = (output: string): UsageError =>
  new UsageError(
    `${output} is the output of a job that has been at the host, which needs its input as a file and no --shared`,
    "Run it with its files, or name another output."
  )

export const run = Effect.fnUntraced(function* (
  { input, isShared, json, options, output, read, rerun, rows }: RunInput,
  { deadline, mode, poll, window }: HostFlags
) {
  if (isShared || isStandard(input) || isStandard(output)) {
    return yield* Effect.fail(mode === "local" ? needsFiles(output) : wrongMode(isShared))
  }
  const tags = yield* tagsOf("--rerun", rerun)
  const { format, prompts, separator } = yield* jobFiles({ input, output }, read)
  if (mode === "host" && Option.isSome(deadline) && Duration.isLessThan(deadline.value, BatchMode.shortestWindow)) {
    return yield* Effect.fail(tooEarly(deadline.value))
  }
  yield* noteWindow({ deadline, mode, poll, window }, output)
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
  const shown = {
    json,
    options,
    output,
    resume: `kimi batch resume ${shellPath(output)}`,
    isChosen: mode === "auto",
    isPrompted: isOfPrompts(read)
  }
  yield* follow(shown, ({ onEvent, onProgress }) => HostBatchJob.run({ ...settings, onEvent, onProgress }))
})

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
        new UsageError(
          "The answers of a job are in its own file",
          nextCommand("Collect them", `kimi batch resume ${shellPath(target)}`, sameOptions(options))
        )
      )
    }
    yield* checkJob(target)
    return yield* follow(
      { json, options, output: target, resume: `kimi batch resume ${shellPath(target)}` },
      ({ onEvent }) => atHost(target, HostBatchJob.resume(target, { interval, onEvent }))
    )
  }
  if (Option.isNone(output)) {
    return yield* Effect.fail(
      new UsageError(
        `There is no file ${target}, and a batch by its id needs a file for its answers`,
        nextCommand(
          `Check the path of the answers, or if ${shellPath(target)} is the id of a batch, name a file and collect it`,
          `kimi batch resume ${shellPath(target)} answers.jsonl`,
          sameOptions(options)
        )
      )
    )
  }
  const path = output.value
  const resume = `kimi batch resume ${shellPath(target)} ${shellPath(path)}`
  yield* follow({ json, options, output: path, resume, byId: true }, ({ onEvent }) =>
    ofId(HostBatchJob.collect(target, path, { interval, onEvent }))
  )
})
