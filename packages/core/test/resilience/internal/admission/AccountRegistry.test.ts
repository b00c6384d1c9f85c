import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Admission from "../../../../src/resilience/Admission.ts"
import { AccountRegistry } from "../../../../src/resilience/internal/admission/AccountRegistry.ts"
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

/** An account of a registry that a test controls. */
const makeAccount = (name: string, usage: { isIdle?: boolean; requestsInMinute?: number; tokensInDay?: number }) => {
  const { isIdle = true, requestsInMinute = 0, tokensInDay = 0 } = usage
  return {
    name,
    isIdle: () => isIdle,
    change: () => undefined,
    state: () => ({
      inFlight: 0,
      concurrency: 1,
      pace: 1,
      requestsInMinute,
      tokensInMinute: 0,
      tokensInDay,
      pausedUntil: 0,
      limits: {},
      waiting: 0,
      queues: { interactive: 0, batch: 0, swarm: 0 },
      maxQueue: 1
    })
  }
}

/** A registry of as many accounts as it may have, of which a test names the usage of some. */
const makeFull = (usageOf: (index: number) => Parameters<typeof makeAccount>[1]) => {
  const registry = new AccountRegistry(
    { limitsOf: () => ({}), maxQueue: 1, maxWait: Duration.seconds(1) },
    (name): ReturnType<typeof makeAccount> => makeAccount(name, usageOf(Number(name)))
  )
  for (let index = 0; index < maxAccounts; index++) registry.get(String(index))
  return registry
}

const names = (registry: ReturnType<typeof makeFull>) => new Set([...registry.values()].map(({ name }) => name))

/** The accounts that are missing after a further one is used. */
const evicted = (registry: ReturnType<typeof makeFull>) => {
  const before = names(registry)
  registry.get(String(maxAccounts))
  const after = names(registry)
  return [...before].filter((name) => !after.has(name))
}

describe("AccountRegistry with as many accounts as it may have", () => {
  it("has evicted none yet", () => {
    assert.strictEqual(names(makeFull(() => ({}))).size, maxAccounts)
  })

  it("evicts the oldest account for a new one", () => {
    assert.deepStrictEqual(evicted(makeFull(() => ({}))), ["0"])
  })

  it("evicts none when a known account is used", () => {
    const registry = makeFull(() => ({}))
    registry.get("7")
    assert.strictEqual(names(registry).size, maxAccounts)
  })

  it("evicts an account without usage before older ones", () => {
    const registry = makeFull((index) => (index < 5 ? { requestsInMinute: 1 } : {}))
    assert.deepStrictEqual(evicted(registry), ["5"])
  })

  it("takes tokens of the day for usage", () => {
    const registry = makeFull((index) => (index === 0 ? { tokensInDay: 1 } : {}))
    assert.deepStrictEqual(evicted(registry), ["1"])
  })

  it("evicts the oldest idle account if the first of them are all in use", () => {
    const registry = makeFull((index) => (index < 40 ? { requestsInMinute: 1, isIdle: index > 1 } : {}))
    assert.deepStrictEqual(evicted(registry), ["2"])
  })

  it("compares no more than 32 idle accounts", () => {
    assert.deepStrictEqual(evicted(makeFull((index) => (index < 31 ? { requestsInMinute: 1 } : {}))), ["31"])
    assert.deepStrictEqual(evicted(makeFull((index) => (index < 32 ? { requestsInMinute: 1 } : {}))), ["0"])
  })

  it("evicts no account that is not idle", () => {
    assert.deepStrictEqual(evicted(makeFull(() => ({ isIdle: false }))), [])
  })
})
