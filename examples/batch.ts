/** Questions as a batch with a typed outcome for each, and the conditions at which it stops. `dataJob.ts` is a job on files. */
import { Batch } from "@kimi-effect/client/batch"
import { KimiNode } from "@kimi-effect/client/node"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

const questions = ["Why is the sky blue?", "Why is the sea salty?", "Why is the sky blue?"]

const program = Effect.gen(function* () {
  const { progress, responses } = yield* Batch.run(
    [
      ...questions.map((content) => ({ messages: [{ role: "user" as const, content }] })),
      // Invalid for the model, which fails this row alone.
      { messages: [{ role: "user" as const, content: "Why?" }], temperature: 0.3 }
    ],
    {
      concurrency: 8,
      order: "input",
      // Read no further rows then. A `Budget` of the client is a hard cap.
      stop: { errorRate: 0.5, deadline: "1 minute", cost: { USD: 1 } }
    }
  )
  for (const row of responses) {
    yield* Console.log(
      row._tag === "Answered"
        ? `${row.line}: ${row.value.split("\n")[0]}`
        : `${row.line}: ${row.error._tag}. ${row.error.hint}`
    )
  }
  const { cached, cost, done, failed } = progress
  yield* Console.log(`${done} rows, ${failed} failed, ${cached} equal to another, $${cost.USD ?? 0}`)
}).pipe(Effect.provide(KimiNode.layerConfig()))

await Effect.runPromise(program)
