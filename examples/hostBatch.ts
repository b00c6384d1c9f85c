/**
 * Questions as a batch that the host runs at a lower price: from memory, and from a file to a file where it costs less.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { HostBatch, HostBatchJob, KimiNode } from "@kimi-effect/client/node"
import { MockServer } from "@kimi-effect/testing/node"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const folder = mkdtempSync(join(tmpdir(), "kimi-host-batch-"))
const input = join(folder, "questions.csv")
const questions = ["Why is the sky blue?", "Why is the sea salty?"]
writeFileSync(input, ["question", ...questions.map((question) => `"${question}"`)].join("\n"))

const program = Effect.gen(function* () {
  const { batch, responses } = yield* HostBatch.run(
    questions.map((content, index) => ({
      id: `question ${index}`,
      request: { max_completion_tokens: 1000, messages: [{ role: "user" as const, content }] }
    })),
    { interval: "10 millis" }
  )
  for (const row of responses) {
    yield* Console.log(row._tag === "Answered" ? `${row.id}: ${row.value}` : `${row.id}: ${row.error.hint}`)
  }
  yield* Console.log(`${batch.id} is ${batch.status}`)

  const job = HostBatchJob.run({
    input,
    output: join(folder, "answers.jsonl"),
    prompts: { template: "Answer in one sentence: {question}", request: { max_completion_tokens: 1000 } },
    mode: "auto",
    stop: { deadline: "1 day" },
    interval: "10 millis"
  })
  const { answered, choice, mode } = yield* job
  yield* Console.log(`${answered} answered, ${mode}: ${choice?.reason}`)
  const { resumed } = yield* job
  yield* Console.log(`${resumed} rows were done before`)
})

/** A host on this machine, so that the example needs neither a key nor a day. */
const layer = Layer.unwrap(
  Effect.map(MockServer.MockServer, ({ url }) => {
    const options = { apiKey: Redacted.make("sk-not-a-real-key"), baseUrl: url, model: "kimi-k2.6" }
    return Layer.merge(KimiNode.layerConfig(options), HostBatch.layerConfig(options))
  })
).pipe(Layer.provide(MockServer.layer()))

await Effect.runPromise(program.pipe(Effect.provide(layer)))
rmSync(folder, { recursive: true })
