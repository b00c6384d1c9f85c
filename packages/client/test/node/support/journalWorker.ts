/**
 * Makes fifty calls on a journal, and writes the number of each into a file when
 * it is made. With `stall` the last one never ends, so that it can be killed.
 */
import { appendFileSync } from "node:fs"
import * as Journal from "@kimi-effect/client/node/Journal"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"

const [filename = "", made = "", mode = ""] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const journal = yield* Journal.Journal
  // The lease of a killed process has to expire first.
  const lease = yield* Effect.retry(journal.run("r", { kind: "test", digest: "1" }), {
    while: ({ _tag }) => _tag === "BatchJobLockedError",
    schedule: Schedule.spaced("20 millis")
  })
  const results = yield* Effect.forEach(
    Array.from({ length: 50 }, (_, index) => index),
    (index) =>
      Effect.tap(
        lease.call(
          { key: `${index}`, digest: "d", codec: Schema.Number, isIdempotent: true },
          Effect.suspend(() => {
            if (index === 49 && mode === "stall") return Effect.never
            appendFileSync(made, `${index}\n`)
            return Effect.succeed(index)
          })
        ),
        () => Effect.sync(() => process.stdout.write(`${index}\n`))
      )
  )
  return results.reduce((sum, result) => sum + result, 0)
})

const sum = await Effect.runPromise(
  Effect.scoped(program).pipe(Effect.provide(Journal.layerSqlite({ filename, lease: "100 millis" })))
)
process.stdout.write(`sum ${sum}\n`)
