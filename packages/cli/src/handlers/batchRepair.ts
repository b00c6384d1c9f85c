/** Writes the whole rows of a damaged output into a new one. */
import * as BatchJob from "@kimi-effect/client/node/BatchJob"
import { counted } from "@kimi-effect/core/internal/Counted"
import * as Effect from "effect/Effect"
import { UsageError } from "../commandError.ts"
import { nextCommand } from "../nextCommand.ts"
import * as Output from "../output.ts"
import type { BatchRepair } from "../schemas/batch.ts"
import { shellPath } from "../shellWord.ts"
import { isStandard } from "./batchFiles.ts"
import { checkJob, hasRecord as isThere, recordOf } from "./batchTarget.ts"

interface RepairInput {
  readonly output: string
  readonly to: string
  readonly json: boolean
}

const lostText = ({ leftOut, lost: { bytes, places, rows } }: BatchRepair): string =>
  [
    ...(leftOut === 0 ? [] : [`Left out, since their input was changed: ${counted(leftOut, "row")}.`]),
    ...(rows === 0 ? [] : [`Lost rows: at least ${rows}.`]),
    places === 0 ? "Nothing is damaged." : `Damaged places: ${places}, with ${counted(bytes, "byte")}.`
  ].join(" ")

const next = ({ hasRecord }: BatchRepair, { output, to }: RepairInput): string => {
  const [state, action] = hasRecord
    ? [`Do not run ${shellPath(output)} any further.`, "Continue"]
    : [
        `${shellPath(recordOf(output))} ${isThere(output) ? "is damaged" : "does not exist"}.`,
        "Show the line that replaces it"
      ]
  const command = `kimi batch run INPUT ${shellPath(to)}`
  return `${state} ${nextCommand(action, command, "the input and the flags that the job was started with")}`
}

export const repair = Effect.fnUntraced(function* (input: RepairInput) {
  const { json, output, to } = input
  // kimi batch run would take it for standard output.
  if (isStandard(to)) {
    return yield* Effect.fail(new UsageError("The repaired output must be a file", "Name the new file of the answers."))
  }
  yield* checkJob(output)
  const repaired: BatchRepair = yield* BatchJob.repair(output, to)
  if (json) return yield* Output.json(repaired)
  yield* Output.line(`Written to ${shellPath(to)}: ${counted(repaired.rows, "row")}. ${lostText(repaired)}`)
  yield* Output.line(next(repaired, input))
})
