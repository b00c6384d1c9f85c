import { assert, describe, it } from "@effect/vitest"
import * as CoreBudgetStore from "@kimi-effect/core/BudgetStore"
import { Reply } from "@kimi-effect/testing"
import { Clock, Duration, Effect, Layer } from "effect"
import * as HostBatch from "../../src/batch/HostBatch.ts"
import * as BudgetStore from "../../src/node/BudgetStore.ts"
import { fast, rowOf, withHost } from "../batch/support/hostBatch.ts"
import { stateOf } from "../support/money.ts"
import { folder } from "./support/files.ts"

/** Runs a program on the machine's clock, of which days can be skipped. Sleeps are real, since a real host is asked. */
const withSkips = <A, E, R>(program: (skip: (duration: Duration.Input) => void) => Effect.Effect<A, E, R>) =>
  Effect.clockWith((inner) => {
    let skipped = 0n
    const millis = () => inner.currentTimeMillisUnsafe() + Number(skipped / 1_000_000n)
    const nanos = () => inner.currentTimeNanosUnsafe() + skipped
    const monotonic = () => inner.monotonicTimeNanosUnsafe() + skipped
    const clock: Clock.Clock = {
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: monotonic,
      monotonicTimeNanos: Effect.sync(monotonic),
      sleep: (duration) => inner.sleep(duration)
    }
    const skip = (duration: Duration.Input) => {
      skipped += Duration.toNanosUnsafe(Duration.fromInputUnsafe(duration))
    }
    return Effect.provideService(program(skip), Clock.Clock, clock)
  })

const stores = {
  memory: CoreBudgetStore.layerMemory(),
  SQLite: Layer.unwrap(Effect.map(folder, (path) => BudgetStore.layerSqlite({ path: `${path}/budget.db` })))
}

describe("a batch that is collected after the lease of its money has ended", () => {
  for (const [name, store] of Object.entries(stores)) {
    it.live(`is charged for what it used, in ${name}`, () =>
      withSkips((skip) =>
        withHost(
          ({ another, budget, server }) =>
            Effect.gen(function* () {
              yield* server.replyAlways(Reply.text("yes", { usage: { prompt_tokens: 1_000, completion_tokens: 500 } }))
              const host = yield* HostBatch.HostBatch
              const prepared = yield* host.prepare([rowOf("a", { max_completion_tokens: 200_000 })])
              const { id } = yield* host.submit(prepared, { completionWindow: "24 hours" })
              yield* host.follow(id, fast)
              assert.match((yield* stateOf(budget))[0] ?? "", /^total 0\+0\.48\d*\/10$/)

              // A day more than the window; a ledger that other processes use extends it once.
              for (const _ of [1, 2]) {
                skip("2 days")
                yield* stateOf(budget)
              }
              assert.match((yield* stateOf(budget))[0] ?? "", /^total 0\.48\d*\+0\/10$/)

              const other = yield* another
              for (const _ of [1, 2]) {
                yield* Effect.provideService(HostBatch.resume(id, fast), HostBatch.HostBatch, other)
                assert.deepStrictEqual(yield* stateOf(budget), ["total 0.00177+0/10"])
              }
            }),
          undefined,
          store
        )
      )
    )
  }
})
