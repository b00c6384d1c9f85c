/**
 * Questions as a batch with typed outcomes, and as a job from a file to a file that continues where it ended.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Batch } from "@kimi-effect/client/batch"
import { BatchJob, KimiNode } from "@kimi-effect/client/node"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

const folder = mkdtempSync(join(tmpdir(), "kimi-batch-"))
const input = join(folder, "questions.jsonl")
const output = join(folder, "answers.jsonl")
const questions = ["Why is the sky blue?", "Why is the sea salt?", "Why is the sky blue?"]
writeFileSync(input, questions.map((question) => `${JSON.stringify({ question })}\n`).join(""))

const program = Effect.gen(function* () {
  const { progress, responses } = yield* Batch.run(
    questions.map((content) => ({ messages: [{ role: "user" as const, content }] })),
    { order: "input", stop: { errorRate: 0.5, deadline: "1 minute" } }
  )
  for (const row of responses) {
    yield* Console.log(row._tag === "Answered" ? `${row.line}: ${row.value}` : `${row.line}: ${row.error.hint}`)
  }
  yield* Console.log(`${progress.done} rows, of which ${progress.cached} equal to another`)

  const job = BatchJob.run({ input, output, prompts: { column: "question" } })
  yield* Console.log(yield* job)
  const { resumed } = yield* job
  yield* Console.log(`${resumed} rows were done before`)
})

await Effect.runPromise(program.pipe(Effect.provide(KimiNode.layerConfig())))
rmSync(folder, { recursive: true })
