/**
 * A data job: reviews from a JSONL file, an outcome for every line, a hard cap on its cost, and the same command
 * again after an interruption.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { BatchJob, KimiNode } from "@kimi-effect/client/node"
import { Budget, CallOptions, type KimiError } from "@kimi-effect/core"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const folder = mkdtempSync(join(tmpdir(), "kimi-job-"))
const input = join(folder, "reviews.jsonl")
const output = join(folder, "sentiments.jsonl")

const lines = [
  JSON.stringify({ id: "r1", review: "It arrived early, and it works." }),
  JSON.stringify({ id: "r2", review: "It broke on the first day." }),
  JSON.stringify({ id: "r3", review: "" }),
  '{"id": "r4", "review": ',
  JSON.stringify({ id: "r5", review: "It is as described." })
]
writeFileSync(input, `${lines.join("\n")}\n`)

/** In a real job, `Budget.layerSqlite` remembers what was spent by the runs before. */
const clientWith = (amount: string) =>
  KimiNode.layerConfig().pipe(
    Layer.provide(Budget.layer({ caps: [{ per: ["job"], amount, currency: "USD" }], maxWait: 0 }))
  )

const job = BatchJob.run({
  input,
  output,
  prompts: {
    column: "review",
    template: (review) => `Is this review positive or negative? ${review}`,
    // The budget reserves the price of so many tokens for every row.
    request: { max_completion_tokens: 1_000 }
  },
  // A row that the budget refuses stops the job and has no line: the next run asks again.
  concurrency: 1
}).pipe(CallOptions.provide({ job: "sentiments", priority: "batch" }))

/** A row of the output: read it with any tool that reads JSON. */
interface Row {
  readonly id: string
  readonly error_tag: KimiError.KimiError["_tag"] | null
  readonly cost: { readonly USD?: string } | null
}

const report = Effect.gen(function* () {
  const result = yield* job
  yield* Console.log(
    `  ${result.resumed} done before, ${result.answered} answered, ${result.failed} failed, ${result.rejected} rejected` +
      (result.stopped === undefined ? "" : `; stopped: ${JSON.stringify(result.stopped)}`)
  )
})

const program = Effect.gen(function* () {
  yield* Console.log("With 2 cents")
  yield* Effect.provide(report, clientWith("0.02"))
  yield* Console.log("With a dollar, from where it ended")
  yield* Effect.provide(report, clientWith("1"))

  yield* Console.log("\nThe outcomes")
  for (const line of readFileSync(output, "utf8").trim().split("\n")) {
    const { cost, error_tag, id }: Row = JSON.parse(line)
    yield* Console.log(`  ${id}: ${error_tag ?? `answered for $${cost?.USD}`}`)
  }
  yield* Console.log(`\nRejected\n  ${readFileSync(`${output}.rejects.jsonl`, "utf8").trim()}`)
})

await Effect.runPromise(
  Effect.ensuring(
    program,
    Effect.sync(() => rmSync(folder, { recursive: true }))
  )
)
