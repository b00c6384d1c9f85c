import { writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@kimi-effect/client/journal/Journal"
import { MockProvider } from "@kimi-effect/testing"
import { Deferred, Effect, Fiber } from "effect"
import * as TestClock from "effect/testing/TestClock"
import * as SharedBatchJob from "../../src/node/SharedBatchJob.ts"
import { inFolder, lineOf } from "./support/batch/answered.ts"

const options = { id: "a", concurrency: 2, pollInterval: "1 minute" } as const

/** Runs a job of fifty rows in one range, whose first two rows wait for `answer`. */
const inFlight = <A, E>(
  test: (
    job: Effect.Effect<SharedBatchJob.SharedResult, SharedBatchJob.SharedJobError>,
    answer: Effect.Effect<unknown>,
    statusReads: () => number
  ) => Effect.Effect<A, E, Journal.Journal>
) =>
  inFolder((path) =>
    Effect.gen(function* () {
      const journal = yield* Journal.Journal
      let statusReads = 0
      const counted: Journal.Journal["Service"] = {
        ...journal,
        status: (id) => Effect.suspend(() => ((statusReads += 1), journal.status(id)))
      }
      const gate = yield* Deferred.make<void>()
      const arrived = yield* Deferred.make<void>()
      let requests = 0
      const script = () =>
        Effect.suspend(() => {
          requests += 1
          const first = requests === 2 ? Deferred.succeed(arrived, undefined) : Effect.void
          return Effect.as(Effect.andThen(first, Deferred.await(gate)), "ok")
        })
      writeFileSync(path("in.jsonl"), Array.from({ length: 50 }, (_, index) => lineOf(`${index}`)).join("\n"))
      const job = SharedBatchJob.run({ ...options, input: path("in.jsonl") }).pipe(
        Effect.provide(MockProvider.layerClient({ script })),
        Effect.provideService(Journal.Journal, counted)
      )
      const fiber = yield* Effect.forkChild(job)
      yield* Deferred.await(arrived)
      yield* test(Fiber.join(fiber), Deferred.succeed(gate, undefined), () => statusReads)
    }).pipe(Effect.provideServiceEffect(Journal.Journal, Journal.makeMemory()))
  )

describe("a shared job that is cancelled", () => {
  it.effect("completes the rows in flight of a range", () =>
    inFlight((job, answer) =>
      Effect.gen(function* () {
        yield* SharedBatchJob.cancel("a")
        yield* TestClock.adjust(options.pollInterval)
        yield* answer
        const result = yield* job
        assert.deepInclude(result, { done: 2, isCancelled: true, isComplete: false })
        assert.deepInclude(result.own, { done: 2 })
        assert.deepStrictEqual(result.ranges, { waiting: 1, leased: 0, completed: 0 })
      })
    )
  )

  it.effect("is found without counting its results", () =>
    inFlight((job, answer, statusReads) =>
      Effect.gen(function* () {
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual(statusReads(), 0)
        yield* answer
        assert.deepInclude(yield* job, { done: 50, isComplete: true })
      })
    )
  )
})
