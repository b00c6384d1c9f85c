/** Runs a contract on faulty implementations, and reports which of its tests they fail. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit } from "effect"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { MaxWait } from "../../../src/contract/internal/eventually.ts"
import type { It } from "../../../src/contract/TestRunner.ts"

type Test = Effect.Effect<void, unknown, Scope.Scope>

/** The tests of a contract by their names, each with its own clock. */
const testsOf = (register: (it: It) => void): ReadonlyMap<string, Test> => {
  const tests = new Map<string, Test>()
  const add = (name: string, test: Test) => {
    assert.isFalse(tests.has(name), `two tests have the name ${name}`)
    tests.set(name, test)
  }
  register({
    effect: (name, test) => add(name, Effect.provide(Effect.suspend(test), TestClock.layer())),
    live: (name, test) =>
      add(name, Effect.provideService(Effect.suspend(test), Clock.Clock, Clock.Clock.defaultValue()))
  })
  return tests
}

/** The names of the tests of a contract. */
export const namesOf = (register: (it: It) => void): ReadonlyArray<string> => [...testsOf(register).keys()]

/** The names of the tests that an implementation fails. */
export const failuresOf = (register: (it: It) => void): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const failed: Array<string> = []
    for (const [name, test] of testsOf(register)) {
      const exit = yield* Effect.exit(Effect.provideService(Effect.scoped(test), MaxWait, Duration.seconds(1)))
      if (Exit.isFailure(exit)) failed.push(name)
    }
    return failed
  })

/** Laws that an implementation necessarily breaks together with another one. */
export type Implied = Readonly<Record<string, ReadonlyArray<string>>>

/**
 * Registers the tests of a contract: a correct implementation passes, and for each law
 * the implementation that breaks this law fails exactly its test. `suite` registers the
 * contract for the implementation that breaks the law, or for a correct one.
 */
export const testContract = (suite: (it: It, broken?: string) => void, implied: Implied = {}): void => {
  describe("a correct implementation", () => suite(it))

  describe("a faulty implementation", () => {
    for (const law of namesOf((run) => suite(run))) {
      it.live(`fails the test: ${law}`, () =>
        Effect.gen(function* () {
          const failed = yield* failuresOf((run) => suite(run, law))
          assert.deepStrictEqual(failed.toSorted(), [law, ...(implied[law] ?? [])].toSorted())
        })
      )
    }
  })
}
