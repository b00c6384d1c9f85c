import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit } from "effect"
import type * as Scope from "effect/Scope"
import { bounded } from "../../../src/contract/internal/bounded.ts"
import { MaxWait } from "../../../src/contract/internal/eventually.ts"

type Test = Effect.Effect<void, unknown, Scope.Scope>

/** The exit of a test that was registered with a bounded runner. */
const exitOf = (test: Test) =>
  Effect.suspend(() => {
    const registered: Array<Test> = []
    const add = (_: string, run: () => Test) => void registered.push(run())
    bounded({ effect: add, live: add }).effect("test", () => test)
    const [only = Effect.die("no test")] = registered
    return Effect.exit(Effect.scoped(only))
  }).pipe(Effect.provideService(MaxWait, Duration.millis(5)))

describe("bounded", () => {
  it.effect("has the result of the test", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* exitOf(Effect.void), Exit.void)
      assert.deepStrictEqual(yield* exitOf(Effect.fail("no")), Exit.fail("no"))
    })
  )

  it.effect("closes the scope of the test", () =>
    Effect.gen(function* () {
      let isClosed = false
      yield* exitOf(Effect.addFinalizer(() => Effect.sync(() => (isClosed = true))))
      assert.isTrue(isClosed)
    })
  )

  it.effect("fails a test that does not end by the clock of the machine", () =>
    Effect.gen(function* () {
      const exit = yield* exitOf(Effect.never)
      assert.include(String(exit), "the test did not end within 30ms")
    })
  )

  it.effect("fails a test that cannot be interrupted", () =>
    Effect.gen(function* () {
      const exit = yield* exitOf(Effect.uninterruptible(Effect.never))
      assert.include(String(exit), "the test did not end")
    })
  )
})
