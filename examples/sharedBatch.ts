/**
 * One job that two processes share, each of which takes ranges of its rows. With
 * the journal of `@kimi-effect/client/postgres`, they are on different machines.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Journal, KimiNode, SharedBatchJob } from "@kimi-effect/client/node"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const folder = mkdtempSync(join(tmpdir(), "kimi-shared-batch-"))
const input = join(folder, "questions.csv")
const questions = ["Why is the sky blue?", "Why is the sea salty?", "Why is grass green?"]
writeFileSync(input, ["id,question", ...questions.map((question, index) => `q${index},"${question}"`)].join("\n"))

/** What each process runs, with a separate output. */
const take = (output: string) =>
  SharedBatchJob.run({
    id: "questions",
    input,
    output: join(folder, output),
    prompts: { template: "Answer in one sentence: {question}" },
    rangeRows: 1
  })

const program = Effect.gen(function* () {
  const [one, other] = yield* Effect.all([take("one.jsonl"), take("other.jsonl")], { concurrency: 2 })
  yield* Console.log(`${one.own.done} and ${other.own.done} of ${one.lines} rows`)
  yield* Console.log(yield* SharedBatchJob.status("questions"))
})

const layer = Layer.merge(KimiNode.layerConfig(), Journal.layerSqlite({ filename: join(folder, "journal.db") }))
await Effect.runPromise(program.pipe(Effect.provide(layer)))
rmSync(folder, { recursive: true })
