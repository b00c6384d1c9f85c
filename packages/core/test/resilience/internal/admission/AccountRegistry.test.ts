import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Admission from "../../../../src/resilience/Admission.ts"
import { start } from "../../support/admission.ts"

const request = (account: string) => ({ account, tokens: () => 0 })

const callEach = (admission: Admission.Admission["Service"], count: number) =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => `account-${index}`),
    (name) => admission.guard(request(name))(Effect.void),
    { discard: true }
  )

const maxAccounts = 1_024

describe("AccountRegistry", () => {
  it.effect("keeps a bounded number of 50,000 accounts", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make()
      yield* callEach(admission, 50_000)
      assert.strictEqual((yield* admission.states).size, maxAccounts)
    })
  )

  it.effect("keeps an account while a call of it runs", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make()
      const gate = yield* Deferred.make<void>()
      const running = yield* start(admission.guard(request("busy"))(Deferred.await(gate)))
      yield* callEach(admission, 2 * maxAccounts)
      assert.strictEqual((yield* admission.states).get("busy")?.inFlight, 1)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(running)
    })
  )

  it.effect("evicts an account without usage before one with usage", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { requestsPerMinute: 5 } })
      yield* admission.guard(request("used"))(Effect.void)
      yield* admission.guard(request("unused"))(Effect.void)
      yield* TestClock.adjust("62 seconds")
      yield* admission.guard(request("used"))(Effect.void)
      yield* callEach(admission, maxAccounts - 1)
      assert.isTrue((yield* admission.states).has("used"))
    })
  )
})
