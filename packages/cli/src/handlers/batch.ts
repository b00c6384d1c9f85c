/** Runs the requests of a file. */
import type * as Batch from "@kimi-effect/client/batch/Batch"
import * as BatchJob from "@kimi-effect/client/node/BatchJob"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as client from "../client.ts"
import { CommandError, wrongFlag } from "../commandError.ts"
import * as Interruption from "../interruption.ts"
import { live } from "../live.ts"
import type { Amount } from "../numberFlags.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { BatchRun } from "../schemas/batch.ts"
import { shellPath } from "../shellWord.ts"
import { type InputFlags, isOfPrompts, isStandard, jobFiles } from "./batchFiles.ts"
import { tagsOf } from "./batchTags.ts"
import { progressLine } from "./batchProgress.ts"
import { noteDuplicates, repeatHints, stoppedFailure, toText } from "./batchText.ts"

interface StopFlags {
  readonly deadline: Option.Option<Duration.Duration>
  readonly cost: Option.Option<Amount>
  readonly errorRate: Option.Option<number>
}

interface RunInput {
  readonly input: string
  readonly output: string
  readonly rows: number
  readonly order: Option.Option<"completion" | "input">
  readonly read: InputFlags
  readonly rerun: ReadonlyArray<string>
  readonly stop: StopFlags
  readonly json: boolean
  readonly options: Given
}

const rulesOf = ({ cost, deadline, errorRate }: StopFlags): Batch.StopRules => ({
  deadline: Option.getOrUndefined(deadline),
  cost: Option.getOrUndefined(Option.map(cost, ({ amount, currency }) => ({ [currency]: Number(amount) }))),
  errorRate: Option.getOrUndefined(errorRate)
})

/** The file with lines that are no rows. Those of a batch to standard output are on stderr. */
const rejectsOf = (output: string): string | undefined => (isStandard(output) ? undefined : `${output}.rejects.jsonl`)

/** What is left to do, as the failure of the command. */
const remainder = (result: BatchJob.JobResult, output: string): CommandError | undefined => {
  const { failed, failedByTag, rejected, stopped } = result
  if (stopped !== undefined) {
    const next = isStandard(output)
      ? "Write to a file to be able to continue a batch."
      : "Run the same command again to continue."
    return stoppedFailure(stopped, next)
  }
  if (failed > 0) {
    const hint = isStandard(output)
      ? "Write to a file to be able to run them again."
      : repeatHints(failedByTag, output).join(" ")
    return new CommandError(`Failed rows: ${failed}`, hint)
  }
  if (rejected === 0) return undefined
  const rejects = rejectsOf(output)
  const reasons = rejects === undefined ? "The reasons are above." : `See ${shellPath(rejects)} for the reasons.`
  return new CommandError(`Lines that are no rows: ${rejected}`, reasons)
}

export const run = Effect.fnUntraced(function* (given: RunInput) {
  const { input, json, options, order, output, read, rerun, rows, stop } = given
  const tags = yield* tagsOf("--rerun", rerun)
  if (tags.length > 0 && isStandard(output)) {
    return yield* Effect.fail(wrongFlag("--rerun", "an output that is a file, which has the failed rows"))
  }
  if (tags.length > 0 && Option.contains(order, "input")) {
    return yield* Effect.fail(
      wrongFlag("--rerun", "an --order of completion: rows that run again come after the others")
    )
  }
  const files = yield* jobFiles({ input, output }, read)
  const { canAnimate } = yield* TerminalCapabilities.TerminalCapabilities
  let progress: BatchJob.JobProgress | undefined
  const job = Effect.gen(function* () {
    // In a terminal, the lines of the output and the progress would be mixed.
    if (!isStandard(output) || !canAnimate) yield* live(() => (progress === undefined ? [] : [progressLine(progress)]))
    return yield* BatchJob.run({
      ...files,
      concurrency: rows,
      order: Option.getOrUndefined(order),
      rerun: tags,
      stop: rulesOf(stop),
      onProgress: (current) =>
        Effect.sync(() => {
          progress = current
        })
    })
  })
  const result = yield* Effect.scoped(job).pipe(
    Effect.provide(client.layer(options)),
    Effect.onInterrupt(() =>
      isStandard(output) ? Interruption.note() : Interruption.noteContinued("Run the same command again to continue.")
    )
  )
  const written: BatchRun = { ...result, stopped: result.stopped?._tag ?? null }
  const text = json ? JSON.stringify(written) : toText({ ...result, rejects: rejectsOf(output) })
  yield* isStandard(output) ? Output.note(text) : Output.line(text)
  yield* noteDuplicates(result, isOfPrompts(read))
  const left = remainder(result, output)
  if (left !== undefined) return yield* Effect.fail(left)
})
