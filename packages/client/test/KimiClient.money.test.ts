/** The costs of a client's calls, with a budget and accounting. */
import { assert, describe, it } from "@effect/vitest"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import { classes } from "@kimi-effect/core/KimiError"
import * as Accounting from "@kimi-effect/core/Accounting"
import { BigDecimal, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { providers } from "../src/Provider.ts"
import { answer, connect, entriesOf, events, model, settled, stateOf, transportTo, upTo } from "./support/money.ts"

const total = { amount: "100", currency: "USD" } as const
const overloaded = new classes.OverloadedError({ message: "overloaded" })
const lost = new classes.ConnectionLostError({ message: "lost" })

describe("a call that exceeds its budget", () => {
  it.effect("is rejected before it reaches circuits, limits or the host", () =>
    Effect.gen(function* () {
      const host = { chat: () => Effect.succeed(answer(7)), stream: () => Stream.fromIterable(events(7)) }
      const { accounting, circuits, count, kimi, limits } = yield* connect(host, { budget: { caps: [total] } })
      const calls = [kimi.chat(upTo(101)), Stream.runDrain(kimi.stream(upTo(101)))]
      for (const call of calls) {
        const error = yield* Effect.flip(call)
        assert.strictEqual(error._tag, "BudgetExceededError")
        if (error._tag !== "BudgetExceededError") continue
        const { cap, requested, reserved, scope, spent } = error
        assert.deepStrictEqual(
          [scope, ...[cap, spent, reserved, requested].map((amount) => BigDecimal.format(amount))],
          ["total", "100", "0", "0", "101"]
        )
      }
      assert.strictEqual(count.attempts, 0)
      assert.strictEqual((yield* circuits.states).size, 0)
      assert.strictEqual((yield* limits.states).size, 0)
      assert.deepStrictEqual(yield* entriesOf(accounting), [])
      yield* kimi.chat(upTo(100))
      assert.strictEqual(count.attempts, 1)
    })
  )

  /** A call with a fallback whose second attempt exceeds the budget. */
  const exceeded = Effect.gen(function* () {
    const other = transportTo({ chat: () => Effect.succeed(answer(1)) }, providers.together)
    // An attempt that is lost after a minute is settled at its whole reservation, which leaves too little for another.
    const { budget, circuits, count, kimi } = yield* connect(
      { chat: () => Effect.delay(Effect.fail(lost), "1 minute") },
      {
        budget: { caps: [{ ...total, amount: "60" }] },
        failuresInRow: 2,
        fallback: [{ transport: other.transport, model }]
      }
    )
    const error = yield* settled(Effect.flip(kimi.chat(upTo(40))))
    return { budget, circuits, count, error, other }
  })

  it.effect("is not retried when a later attempt exceeds the budget", () =>
    Effect.gen(function* () {
      const { budget, count, error } = yield* exceeded
      assert.strictEqual(error._tag, "BudgetExceededError")
      assert.deepStrictEqual(
        error.attempts?.map(({ tag }) => tag),
        ["ConnectionLostError", "BudgetExceededError"]
      )
      assert.strictEqual(count.attempts, 1)
      assert.deepStrictEqual(yield* stateOf(budget), ["total 40+0/60"])
    })
  )

  it.effect("does not fall back when a later attempt exceeds the budget", () =>
    Effect.gen(function* () {
      const { other } = yield* exceeded
      assert.strictEqual(other.count.attempts, 0)
    })
  )

  it.effect("is no failure for the circuit when a later attempt exceeds the budget", () =>
    Effect.gen(function* () {
      const { circuits } = yield* exceeded
      // A second failure would have opened the circuit.
      const states = [...(yield* circuits.states).values()].map(({ _tag }) => _tag)
      assert.deepStrictEqual(states, ["Closed"])
    })
  )
})

describe("an attempt under a budget", () => {
  it.effect("costs its usage, or an estimate when the response was lost", () =>
    Effect.gen(function* () {
      const attempts = [
        Effect.fail(overloaded),
        Effect.delay(Effect.fail(lost), "50 millis"),
        Effect.succeed(answer(7))
      ]
      const { accounting, budget, count, kimi } = yield* connect(
        { chat: (attempt) => attempts[attempt - 1] ?? Effect.never },
        { budget: { caps: [total] } }
      )
      const own = yield* Accounting.make
      yield* settled(Accounting.recordTo(own)(kimi.chat(upTo(30))))
      assert.strictEqual(count.attempts, 3)
      // The lost attempt may have generated all that it was allowed.
      assert.deepStrictEqual(yield* entriesOf(accounting), ["failed 30 by estimate", "succeeded 7"])
      assert.deepStrictEqual(yield* entriesOf(own), ["failed 30 by estimate", "succeeded 7"])
      assert.deepStrictEqual(yield* stateOf(budget), ["total 37+0/100"])
    })
  )

  it.effect("costs nothing if it is never made", () =>
    Effect.gen(function* () {
      const { accounting, budget, circuits, count, kimi } = yield* connect(
        { chat: () => Effect.succeed(answer(7)), stream: () => Stream.fromIterable(events(7)) },
        { budget: { caps: [total] } }
      )
      yield* circuits.isolate(`custom/${model}`)
      const errors = [
        yield* Effect.flip(kimi.chat(upTo(30))),
        yield* Effect.flip(Stream.runDrain(kimi.stream(upTo(30))))
      ]
      assert.deepStrictEqual(
        errors.map(({ _tag }) => _tag),
        ["CircuitOpenError", "CircuitOpenError"]
      )
      assert.deepStrictEqual([count.attempts, yield* entriesOf(accounting)], [0, []])
      assert.deepStrictEqual(yield* stateOf(budget), ["total 0+0/100"])
    })
  )

  it.effect("costs an estimate when it is interrupted", () =>
    Effect.gen(function* () {
      const { accounting, budget, kimi } = yield* connect({ chat: () => Effect.never }, { budget: { caps: [total] } })
      const fiber = yield* Effect.forkChild(kimi.chat(upTo(30)))
      yield* TestClock.adjust("20 millis")
      assert.deepStrictEqual(yield* stateOf(budget), ["total 0+30/100"])
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* entriesOf(accounting), ["abandoned 30 by estimate"])
      assert.deepStrictEqual(yield* stateOf(budget), ["total 30+0/100"])
    })
  )

  it.effect("costs an estimate when it times out", () =>
    Effect.gen(function* () {
      const { accounting, budget, kimi } = yield* connect(
        { chat: () => Effect.never },
        { budget: { caps: [total] }, config: { totalTimeout: "100 millis", maxAttempts: 1 } }
      )
      const error = yield* settled(Effect.flip(kimi.chat(upTo(30))))
      assert.strictEqual(error._tag, "TotalTimeoutError")
      assert.deepStrictEqual(yield* entriesOf(accounting), ["failed 30 by estimate"])
      assert.deepStrictEqual(yield* stateOf(budget), ["total 30+0/100"])
    })
  )

  it.effect("has its own reservation when it is hedged", () =>
    Effect.gen(function* () {
      const { accounting, budget, kimi } = yield* connect(
        { chat: (attempt) => (attempt === 1 ? Effect.never : Effect.delay(Effect.succeed(answer(7)), "20 millis")) },
        { budget: { caps: [total] }, hedge: { responseDelay: "80 millis" } }
      )
      const fiber = yield* Effect.forkChild(kimi.chat(upTo(30)))
      yield* TestClock.adjust("90 millis")
      assert.deepStrictEqual(yield* stateOf(budget), ["total 0+60/100"])
      yield* TestClock.adjust("10 millis")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* entriesOf(accounting), ["succeeded 7", "abandoned 30 by estimate"])
      assert.deepStrictEqual(yield* stateOf(budget), ["total 37+0/100"])
    })
  )

  it.effect("is not hedged when the hedge exceeds the budget", () =>
    Effect.gen(function* () {
      const { budget, count, kimi } = yield* connect(
        { chat: () => Effect.delay(Effect.succeed(answer(7)), "200 millis") },
        { budget: { caps: [{ ...total, amount: "50" }] }, hedge: { responseDelay: "80 millis" } }
      )
      yield* settled(kimi.chat(upTo(30)))
      assert.strictEqual(count.attempts, 1)
      assert.deepStrictEqual(yield* stateOf(budget), ["total 7+0/50"])
    })
  )

  it.effect("costs the price of its host in a fallback plan", () =>
    Effect.gen(function* () {
      const other = transportTo({ chat: () => Effect.succeed(answer(7)) }, providers.together)
      const { accounting, budget, kimi } = yield* connect(
        { chat: () => Effect.delay(Effect.fail(lost), "30 millis") },
        { budget: { caps: [total] }, config: { maxAttempts: 1 }, fallback: [{ transport: other.transport, model }] }
      )
      yield* settled(kimi.chat(upTo(30)))
      assert.deepStrictEqual(
        (yield* accounting.entries).map(({ outcome, provider, usage }) => [outcome, provider, usage.completion_tokens]),
        [
          ["failed", "custom", 30],
          ["succeeded", "together", 7]
        ]
      )
      assert.deepStrictEqual(yield* stateOf(budget), ["total 37+0/100"])
    })
  )
})

describe("the budget of a client", () => {
  /** A client with a chat of one tenant and a stream of another. */
  const twoTenants = Effect.gen(function* () {
    yield* TestClock.setTime(Date.UTC(2026, 10, 23))
    const host = { chat: () => Effect.succeed(answer(7)), stream: () => Stream.fromIterable(events(5)) }
    const connected = yield* connect(host, {
      budget: {
        caps: [
          { ...total, per: ["tenant"] },
          { ...total, per: ["day", "job", "agent"] }
        ]
      }
    })
    const { kimi } = connected
    yield* CallOptions.provide({ tenant: "acme", job: "reports", agent: "writer" })(kimi.chat(upTo(30)))
    const stream = kimi.stream(upTo(30)).pipe(CallOptions.provideStream({ tenant: "globex", agent: "reader" }))
    yield* Stream.runDrain(stream)
    return connected
  })

  it.effect("has the scopes of its caps", () =>
    Effect.gen(function* () {
      const { budget } = yield* twoTenants
      assert.deepStrictEqual(yield* stateOf(budget), [
        "tenant:acme 7+0/100",
        "day:2026-11-23/job:reports/agent:writer 7+0/100",
        "tenant:globex 5+0/100",
        "day:2026-11-23/job:/agent:reader 5+0/100"
      ])
    })
  )

  it.effect("rejects calls by scope", () =>
    Effect.gen(function* () {
      const { kimi } = yield* twoTenants
      const error = yield* Effect.flip(CallOptions.provide({ tenant: "acme" })(kimi.chat(upTo(94))))
      assert.strictEqual(error._tag, "BudgetExceededError")
      yield* CallOptions.provide({ tenant: "globex" })(kimi.chat(upTo(94)))
    })
  )

  it.effect("has costs by tenant, job, agent in its accounting", () =>
    Effect.gen(function* () {
      const { accounting } = yield* twoTenants
      const costs = (tag: "tenant" | "job" | "agent") =>
        Effect.map(accounting.entries, (entries) =>
          [...Accounting.totalBy(entries, tag)].map(([name, { costs }]) => {
            const dollars = costs.get("USD")
            return `${name} ${dollars === undefined ? "none" : BigDecimal.format(dollars)}`
          })
        )
      assert.deepStrictEqual(yield* costs("tenant"), ["acme 7", "globex 5"])
      assert.deepStrictEqual(yield* costs("job"), ["reports 7", " 5"])
      assert.deepStrictEqual(yield* costs("agent"), ["writer 7", "reader 5"])
    })
  )

  it.effect("is not used for responses from the cache", () =>
    Effect.gen(function* () {
      const { accounting, budget, count, kimi } = yield* connect(
        { chat: () => Effect.succeed(answer(60)) },
        { budget: { caps: [total] }, isCached: true }
      )
      yield* kimi.chat(upTo(60))
      // A second attempt would exceed the cap.
      yield* kimi.chat(upTo(60))
      assert.strictEqual(count.attempts, 1)
      assert.deepStrictEqual(yield* stateOf(budget), ["total 60+0/100"])
      assert.deepStrictEqual(yield* entriesOf(accounting), ["succeeded 60", "cached 60"])
      const { costs, savedByCache } = Accounting.total(yield* accounting.entries)
      assert.deepStrictEqual(
        [costs, savedByCache].map((amounts) => [...amounts].map(([name, amount]) => [name, BigDecimal.format(amount)])),
        [[["USD", "60"]], [["USD", "60"]]]
      )
    })
  )

  describe("that includes the account balance", () => {
    /** A client of an account with 20 dollars, whose balance can be made to fail. */
    const connectWithBalance = Effect.gen(function* () {
      const account = { reads: 0, fails: false }
      const balance = Effect.suspend(() => {
        account.reads += 1
        return account.fails ? Effect.fail(new classes.ServerError({ message: "failed" })) : Effect.succeed(20)
      })
      const host = { balance, chat: () => Effect.succeed(answer(1)), stream: () => Stream.fromIterable(events(1)) }
      return { account, ...(yield* connect(host, { budget: { caps: [], balance: {} } })) }
    })

    it.effect("rejects calls that exceed the balance", () =>
      Effect.gen(function* () {
        const { count, kimi } = yield* connectWithBalance
        for (const call of [kimi.chat(upTo(21)), Stream.runDrain(kimi.stream(upTo(21)))]) {
          const error = yield* Effect.flip(call)
          if (error._tag !== "BudgetExceededError") return assert.fail(error._tag)
          assert.deepStrictEqual([error.scope, error.currency], ["balance", "USD"])
        }
        assert.strictEqual(count.attempts, 0)
      })
    )

    it.effect("reads the balance once in its time to live", () =>
      Effect.gen(function* () {
        const { account, kimi } = yield* connectWithBalance
        yield* kimi.chat(upTo(20))
        yield* kimi.chat(upTo(20))
        assert.strictEqual(account.reads, 1)
      })
    )

    it.effect("allows calls when the balance cannot be read", () =>
      Effect.gen(function* () {
        const { account, count, kimi } = yield* connectWithBalance
        account.fails = true
        yield* kimi.chat(upTo(21))
        assert.deepStrictEqual([count.attempts, account.reads], [1, 1])
      })
    )

    it.effect("is described", () =>
      Effect.gen(function* () {
        const { kimi } = yield* connectWithBalance
        assert.match(kimi.describe(), /^budget: .*balance/m)
      })
    )
  })
})
