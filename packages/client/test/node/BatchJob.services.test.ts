import { writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@kimi-effect/client/journal/Journal"
import { Context, Effect, Ref, Stream } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import * as SharedBatchJob from "../../src/node/SharedBatchJob.ts"
import { inFolder, lineOf } from "./support/batch/answered.ts"

class Log extends Context.Service<Log, Ref.Ref<ReadonlyArray<string>>>()(
  "@kimi-effect/client/test/node/BatchJob.services.test/Log"
) {}

const note = (text: string) =>
  Effect.flatMap(
    Log,
    Ref.update((texts) => [...texts, text])
  )

const onReject = ({ line }: { readonly line: number }) => note(`line ${line}`)

const noted = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<ReadonlyArray<string>, E, Exclude<R, Log>> =>
  Effect.gen(function* () {
    const log = yield* Ref.make<ReadonlyArray<string>>([])
    yield* Effect.provideService(effect, Log, log)
    return yield* Ref.get(log)
  })

const withInput = <A, E, R>(test: (path: (name: string) => string) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const journal = yield* Journal.makeMemory()
    yield* inFolder((path) => {
      writeFileSync(path("in.jsonl"), [lineOf("a"), "{"].join("\n"))
      return Effect.provideService(test(path), Journal.Journal, journal) as Effect.Effect<A, E>
    })
  }).pipe(Effect.scoped)

describe("a service is used by", () => {
  it.live("the function that takes the lines of a job", () =>
    withInput((path) =>
      Effect.gen(function* () {
        const texts = yield* noted(BatchJob.run({ input: path("in.jsonl"), output: () => note("written") }))
        assert.deepStrictEqual(texts, ["written"])
      })
    )
  )

  it.live("onReject of a job", () =>
    withInput((path) =>
      Effect.gen(function* () {
        const options = { input: path("in.jsonl"), output: path("out.jsonl"), onReject }
        assert.deepStrictEqual(yield* noted(BatchJob.run(options)), ["line 2"])
      })
    )
  )

  it.live("onReject of a shared job", () =>
    withInput((path) =>
      Effect.gen(function* () {
        const options = { id: "a", input: path("in.jsonl"), onReject }
        assert.deepStrictEqual(yield* noted(SharedBatchJob.run(options)), ["line 2"])
      })
    )
  )

  it.live("onReject of the rows of an input", () =>
    withInput((path) =>
      Effect.gen(function* () {
        const rows = Stream.runDrain(BatchJob.rows({ input: path("in.jsonl"), onReject }))
        assert.deepStrictEqual(yield* noted(rows), ["line 2"])
      })
    )
  )
})
