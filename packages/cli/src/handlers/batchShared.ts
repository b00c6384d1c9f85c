/** A batch that several processes share through PostgreSQL: takes part in it, shows it, ends it and writes its results. */
import type { BatchProgress } from "@kimi-effect/client/batch/BatchProgress"
import * as SharedBatchJob from "@kimi-effect/client/node/SharedBatchJob"
import { counted } from "@kimi-effect/core/internal/Counted"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as client from "../client.ts"
import { CommandError, wrongFlag } from "../commandError.ts"
import * as Interruption from "../interruption.ts"
import { layerPostgres } from "../journal.ts"
import { live } from "../live.ts"
import { nextCommand } from "../nextCommand.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { BatchShared } from "../schemas/batch.ts"
import { shellPath, shellWord } from "../shellWord.ts"
import { type InputFlags, isStandard, jobFiles } from "./batchFiles.ts"
import { amounts, sentence, stoppedFailure } from "./batchText.ts"

const doneText = (done: number, rejected: number): string =>
  `${counted(done, "row")} done${rejected === 0 ? "" : `, ${rejected} rejected`}`

const toText = ({ done, isCancelled, isComplete, own, ranges, rejected, written }: BatchShared): string =>
  [
    // Not of the lines: a row of CSV may have several.
    `${doneText(done, rejected)}${isComplete ? ", complete" : isCancelled ? ", cancelled" : ""}`,
    `${counted(ranges.completed, "range")} completed, ${ranges.leased} leased, ${ranges.waiting} waiting`,
    ...(own === undefined ? [] : [`by this process: ${sentence([counted(own.done, "row"), amounts(own.cost)])}`]),
    ...(written === null
      ? []
      : [`written: ${sentence([`${written.answered} answered`, `${written.failed} failed`, amounts(written.cost)])}`])
  ].join("\n")

const print = (state: BatchShared, isJson: boolean) => (isJson ? Output.json(state) : Output.line(toText(state)))

const shown = (
  { done, isCancelled, isComplete, lines, ranges, rejected }: SharedBatchJob.SharedStatus,
  written: SharedBatchJob.Written | undefined,
  own?: BatchProgress
): BatchShared => ({
  done,
  rejected,
  lines,
  ranges,
  isComplete,
  isCancelled,
  ...(own === undefined ? {} : { own: { done: own.done, failed: own.failed, cost: own.cost } }),
  written: written ?? null
})

interface RunInput {
  readonly id: string
  readonly schema: Option.Option<string>
  readonly input: string
  readonly output: string
  readonly rows: number
  readonly read: InputFlags
  readonly rerun: ReadonlyArray<string>
  readonly json: boolean
  readonly options: Given
}

const refuse = (flag: string, expected: string) => Effect.fail(wrongFlag(flag, expected))

const progressLine = (progress: BatchProgress): string =>
  sentence([
    `${counted(progress.done, "row")} by this process`,
    `${progress.failed} failed`,
    `${progress.rowsPerSecond.toFixed(1)} rows per second`,
    amounts(progress.cost)
  ])

/** What is left to do, as the failure of the command. */
const remainder = (result: SharedBatchJob.SharedResult, output: string): CommandError | undefined => {
  const { isCancelled, isComplete, stopped, written } = result
  if (!isComplete) {
    const next = isCancelled ? "Start it under another id." : "Run the same command again to continue."
    return stopped === undefined
      ? new CommandError("The batch is not complete: cancelled", next)
      : stoppedFailure(stopped, next)
  }
  const { failed = 0, rejected = 0 } = written ?? {}
  // Failed rows keep their outcome, so that nothing runs them again.
  const left = [
    ...(failed > 0
      ? [
          {
            message: `failed rows: ${failed}`,
            hint: nextCommand("List failed rows", `kimi batch failed ${shellPath(output)}`)
          }
        ]
      : []),
    ...(rejected > 0
      ? [
          {
            message: `lines that are no rows: ${rejected}`,
            hint: `See ${shellPath(`${output}.rejects.jsonl`)} for the reasons.`
          }
        ]
      : [])
  ]
  if (left.length === 0) return undefined
  const message = left.map((one) => one.message).join(", ")
  return new CommandError(
    message.replace(/^./, (first) => first.toUpperCase()),
    // The command is the last thing of the line.
    left
      .map(({ hint }) => hint)
      .toReversed()
      .join(" ")
  )
}

export const run = Effect.fnUntraced(function* (given: RunInput) {
  const { id, input, json, options, output, read, rerun, rows, schema } = given
  if (isStandard(input) || isStandard(output)) return yield* refuse("--shared", "files as input and output")
  if (rerun.length > 0) return yield* refuse("--rerun", "no --shared: failed rows of a shared batch keep their outcome")
  const { format, prompts, separator } = yield* jobFiles({ input, output }, read)
  let progress: BatchProgress | undefined
  const job = Effect.gen(function* () {
    yield* live(() => (progress === undefined ? [] : [progressLine(progress)]))
    return yield* SharedBatchJob.run({
      id,
      input,
      output,
      format,
      separator,
      prompts,
      concurrency: rows,
      onProgress: (current) =>
        Effect.sync(() => {
          progress = current
        })
    })
  })
  const result = yield* Effect.scoped(job).pipe(
    Effect.provide(Layer.merge(client.layer(options), layerPostgres(options, schema))),
    Effect.onInterrupt(() => Interruption.noteContinued("Others continue; run the same command again to take part."))
  )
  yield* print(shown(result, result.written, result.own), json)
  const left = remainder(result, output)
  if (left !== undefined) return yield* Effect.fail(left)
})

interface ShowInput {
  readonly id: string
  readonly schema: Option.Option<string>
  readonly cancel: boolean
  readonly write: Option.Option<string>
  readonly json: boolean
  readonly options: Given
}

export const show = Effect.fnUntraced(function* ({ cancel, id, json, options, schema, write }: ShowInput) {
  const program = Effect.gen(function* () {
    const found = yield* SharedBatchJob.status(id)
    if (found !== undefined && cancel && !found.isComplete) yield* SharedBatchJob.cancel(id)
    const state = found === undefined || !cancel ? found : yield* SharedBatchJob.status(id)
    if (state === undefined) {
      return yield* Effect.fail(new CommandError(`There is no shared batch ${id}`, "Check the id and the --schema."))
    }
    if (cancel && state.isComplete)
      yield* Output.note(`The batch ${shellWord(id)} is complete: nothing is left to cancel.`)
    const written = Option.isSome(write) ? yield* SharedBatchJob.write(id, write.value) : undefined
    return shown(state, written)
  })
  yield* print(yield* Effect.provide(program, layerPostgres(options, schema)), json)
})
