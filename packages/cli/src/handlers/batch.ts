/** Runs the requests of a file, and counts the rows of an output. */
import type { BatchProgress, StopReason } from "@kimi-effect/client/batch/BatchProgress"
import * as BatchJob from "@kimi-effect/client/node/BatchJob"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as ErrorFacts from "@kimi-effect/core/ErrorFacts"
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as client from "../client.ts"
import { CommandError } from "../commandError.ts"
import { live } from "../live.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { BatchRun, BatchStatus } from "../schemas/batch.ts"

interface RunInput {
  readonly input: string
  readonly output: string
  readonly rows: number
  readonly column: Option.Option<string>
  readonly rerun: ReadonlyArray<string>
  readonly json: boolean
  readonly options: Given
}

const isTag = (tag: string): tag is KimiError["_tag"] => Object.hasOwn(ErrorFacts.table, tag)

const tagsOf = (names: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<KimiError["_tag"]>, ConfigurationError> => {
  const tags = names.filter(isTag)
  return tags.length === names.length
    ? Effect.succeed(tags)
    : Effect.fail(
        ConfigurationError.of([{ name: "--rerun", expected: "the tag of an error, which kimi batch status prints" }])
      )
}

const amounts = (cost: BatchStatus["cost"]): string =>
  [
    ...(cost.USD === undefined ? [] : [`$${cost.USD.toFixed(4)}`]),
    ...(cost.CNY === undefined ? [] : [`¥${cost.CNY.toFixed(4)}`])
  ].join(", ")

const sentence = (parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join(", ")

const progressLine = (progress: BatchProgress | undefined): string =>
  progress === undefined
    ? "0 rows"
    : sentence([
        `${progress.done} rows`,
        `${progress.failed} failed`,
        `${progress.rowsPerSecond.toFixed(1)} rows per second`,
        amounts(progress.cost)
      ])

const toText = ({ answered, cost, failed, failedByTag }: BatchStatus): string =>
  [
    sentence([`${answered} answered`, `${failed} failed`, amounts(cost)]),
    ...Object.entries(failedByTag).map(([tag, count]) => `  ${tag}: ${count}`)
  ].join("\n")

const causeOf = (stopped: StopReason): string => (stopped._tag === "Error" ? stopped.tag : stopped._tag)

/** What is left to do, as the failure of the command. */
const remainder = (result: BatchJob.JobResult, output: string): CommandError | undefined => {
  const { failed, failedByTag, rejected, stopped } = result
  if (stopped !== undefined) {
    return new CommandError(`The batch was stopped: ${causeOf(stopped)}`, "Run the same command again to continue.")
  }
  if (failed > 0) {
    const flags = Object.keys(failedByTag).map((tag) => `--rerun ${tag}`)
    return new CommandError(`Failed rows: ${failed}`, `Run them again with ${flags.join(" ")}.`)
  }
  return rejected > 0
    ? new CommandError(`Lines that are no rows: ${rejected}`, `See ${output}.rejects.jsonl for the reasons.`)
    : undefined
}

export const run = Effect.fnUntraced(function* ({ column, input, json, options, output, rerun, rows }: RunInput) {
  const tags = yield* tagsOf(rerun)
  let progress: BatchProgress | undefined
  const job = Effect.gen(function* () {
    yield* live(() => [progressLine(progress)])
    return yield* BatchJob.run({
      input,
      output,
      concurrency: rows,
      rerun: tags,
      ...(Option.isSome(column) ? { prompts: { column: column.value } } : {}),
      onProgress: (current) =>
        Effect.sync(() => {
          progress = current
        })
    })
  })
  const result = yield* Effect.scoped(job).pipe(
    Effect.provide(client.layer(options)),
    Effect.onInterrupt(() => Output.note("\nInterrupted. Run the same command again to continue."))
  )
  const written: BatchRun = { ...result, stopped: result.stopped?._tag ?? null }
  yield* json ? Output.json(written) : Output.line(toText(result))
  const left = remainder(result, output)
  if (left !== undefined) return yield* Effect.fail(left)
})

export const status = Effect.fnUntraced(function* ({
  json,
  output
}: {
  readonly output: string
  readonly json: boolean
}) {
  const result: BatchStatus = yield* BatchJob.status(output)
  yield* json ? Output.json(result) : Output.line(toText(result))
})
