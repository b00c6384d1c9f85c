import { assert, describe, it } from "@effect/vitest"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import type { BatchResponse } from "../../../../../src/batch/BatchResponse.ts"
import { skipped } from "../../../../../src/batch/internal/settling.ts"
import * as GroupCommit from "../../../../../src/journal/internal/GroupCommit.ts"
import * as MemoryStore from "../../../../../src/journal/internal/MemoryStore.ts"
import * as OnStore from "../../../../../src/journal/internal/OnStore.ts"
import type { Worker } from "../../../../../src/journal/Journal.ts"
import { LeasedRange, type SharedRow } from "../../../../../src/node/internal/batch/shared/sharedRanges.ts"
import * as sharedRow from "../../../../../src/node/internal/batch/shared/sharedRow.ts"

/** A worker on a store in which leases cannot be renewed. */
const withoutRenewal = Effect.gen(function* () {
  const store = yield* MemoryStore.make
  const renew = () => Effect.fail(GroupCommit.storeError("test", "renew a lease", "it did not answer in time"))
  const journal = yield* OnStore.make({ ...store, renew }, { lease: "1 second" })
  const worker = yield* journal.join("r", { kind: "test", digest: "1" })
  yield* worker.add(["a"])
  return worker
})

/** A row of the next lease of its range. */
const leased = (worker: Worker) =>
  Effect.gen(function* () {
    const [lease] = yield* worker.claim({ limit: 1 })
    const range = new LeasedRange(lease ?? assert.fail("no lease"), yield* Scope.make(), () => {})
    range.start()
    return { line: 1, range, request: { messages: [] } } satisfies SharedRow
  })

const outcome: BatchResponse<never> = {
  _tag: "Failed",
  id: "1",
  line: 1,
  error: new InvalidRequestError({ message: "Refused" }),
  attempts: 1,
  isCached: false,
  usage: undefined,
  cost: Option.none()
}

describe("a row of a shared job", () => {
  it.effect("runs once when its lease expires meanwhile", () =>
    Effect.gen(function* () {
      const worker = yield* withoutRenewal
      const gate = yield* Deferred.make<void>()
      let runs = 0
      const run = Effect.suspend(() => {
        runs += 1
        return Effect.as(Deferred.await(gate), outcome)
      })
      const recorded = sharedRow.recorded<never>({
        outages: new sharedRow.Outages(),
        stoppingTags: new Set(),
        hasValue: false
      })
      const first = yield* Effect.forkChild(recorded(yield* leased(worker), run))
      yield* TestClock.adjust("1 second")
      const second = yield* Effect.forkChild(recorded(yield* leased(worker), run))
      // Both have begun.
      yield* TestClock.adjust(0)
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* Fiber.join(first), skipped)
      assert.deepStrictEqual(yield* Fiber.join(second), outcome)
      assert.strictEqual(runs, 1)
    }).pipe(Effect.scoped)
  )
})
