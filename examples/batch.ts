/**
 * Questions as a batch with typed outcomes, as a job from a table to a compressed file that continues where it ended,
 * and as a job that two processes share.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Batch } from "@kimi-effect/client/batch"
import { BatchJob, Journal, KimiNode, SharedBatchJob } from "@kimi-effect/client/node"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const folder = mkdtempSync(join(tmpdir(), "kimi-batch-"))
const table = join(folder, "questions.csv")
const input = join(folder, "questions.jsonl")
const questions = ["Why is the sky blue?", "Why is the sea salt?", "Why is the sky blue?"]
writeFileSync(table, ["id,question", ...questions.map((question, index) => `q${index},"${question}"`)].join("\n"))
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

  const job = BatchJob.run({
    input: table,
    output: join(folder, "answers.jsonl.gz"),
    prompts: { template: "Answer in one sentence: {question}" }
  })
  yield* Console.log(yield* job)
  const { resumed } = yield* job
  yield* Console.log(`${resumed} rows were done before`)

  // With the journal of `@kimi-effect/client/postgres`, the two are on different machines.
  const take = (output: string) =>
    SharedBatchJob.run({
      id: "questions",
      input,
      output: join(folder, output),
      prompts: { column: "question" },
      rangeRows: 1
    })
  const [one, other] = yield* Effect.all([take("one.jsonl"), take("other.jsonl")], { concurrency: 2 })
  yield* Console.log(`${one.own.done} and ${other.own.done} of ${one.lines} rows`)
})

const layer = Layer.merge(KimiNode.layerConfig(), Journal.layerSqlite({ filename: join(folder, "journal.db") }))
await Effect.runPromise(program.pipe(Effect.provide(layer)))
rmSync(folder, { recursive: true })
