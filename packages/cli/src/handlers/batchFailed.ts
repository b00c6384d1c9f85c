/** Lists the failed rows of an output. */
import * as BatchJob from "@kimi-effect/client/node/BatchJob"
import * as Effect from "effect/Effect"
import { hintOf } from "../hints.ts"
import * as Output from "../output.ts"
import type { BatchFailed } from "../schemas/batch.ts"
import { checkJob } from "./batchTarget.ts"
import { tagsOf } from "./batchTags.ts"

interface FailedInput {
  readonly output: string
  readonly tag: ReadonlyArray<string>
  readonly json: boolean
}

export const failed = Effect.fnUntraced(function* ({ json, output, tag }: FailedInput) {
  const tags = yield* tagsOf("--tag", tag)
  yield* checkJob(output)
  const rows = yield* BatchJob.failedRows(output, tags.length === 0 ? undefined : tags)
  const listed: BatchFailed = rows.map(({ attempts, error, id, line }) => ({
    id,
    line,
    attempts,
    tag: error._tag,
    message: error.message,
    hint: hintOf(error, "batch")
  }))
  if (json) return yield* Output.json(listed)
  for (const row of listed) {
    yield* Output.line(Output.plain(`${row.id}  line ${row.line}  ${row.tag}  ${row.message}`))
  }
})
