/** Whose money it is, and where it is looked for. */
import { assert, describe, it } from "@effect/vitest"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import { classes } from "@kimi-effect/core/errors/KimiError"
import * as Accounting from "@kimi-effect/core/money/Accounting"
import { BigDecimal, Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { answer, connect, entriesOf, events, stateOf, upTo } from "./support/money.ts"

const total = { amount: "100", currency: "USD" } as const
describe("the money of a client", () => {
  it.effect("is kept by tenant, job and agent", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 10, 23))
      const host = { chat: () => Effect.succeed(answer(7)), stream: () => Stream.fromIterable(events(5)) }
      const { book, budget, kimi } = yield* connect(host, {
        budget: {
          caps: [
            { ...total, per: ["tenant"] },
            { ...total, per: ["day", "job", "agent"] }
          ]
        }
      })
      yield* CallOptions.provide({ tenant: "acme", job: "reports", agent: "writer" })(kimi.chat(upTo(30)))
      const stream = kimi.stream(upTo(30)).pipe(CallOptions.provideStream({ tenant: "globex", agent: "reader" }))
      yield* Stream.runDrain(stream)
      assert.deepStrictEqual(yield* stateOf(budget), [
        "tenant:acme 7+0/100",
        "day:2026-11-23/job:reports/agent:writer 7+0/100",
        "tenant:globex 5+0/100",
        "day:2026-11-23/job:/agent:reader 5+0/100"
      ])
      const costs = (tag: "tenant" | "job" | "agent") =>
        Effect.map(book.entries, (entries) =>
          [...Accounting.totalBy(entries, tag)].map(([name, { costs }]) => {
            const dollars = costs.get("USD")
            return `${name} ${dollars === undefined ? "none" : BigDecimal.format(dollars)}`
          })
        )
      assert.deepStrictEqual(yield* costs("tenant"), ["acme 7", "globex 5"])
      assert.deepStrictEqual(yield* costs("job"), ["reports 7", " 5"])
      assert.deepStrictEqual(yield* costs("agent"), ["writer 7", "reader 5"])
      yield* Effect.flip(CallOptions.provide({ tenant: "acme" })(kimi.chat(upTo(94))))
      yield* CallOptions.provide({ tenant: "globex" })(kimi.chat(upTo(94)))
    })
  )

  it.effect("is not needed for an answer of the cache, and the book says what that saved", () =>
    Effect.gen(function* () {
      const { book, budget, count, kimi } = yield* connect(
        { chat: () => Effect.succeed(answer(60)) },
        { budget: { caps: [total] }, isCached: true }
      )
      yield* kimi.chat(upTo(60))
      // It would not fit any more.
      yield* kimi.chat(upTo(60))
      assert.strictEqual(count.attempts, 1)
      assert.deepStrictEqual(yield* stateOf(budget), ["total 60+0/100"])
      assert.deepStrictEqual(yield* entriesOf(book), ["answered 60", "cached 60"])
      const { costs, savedByCache } = Accounting.total(yield* book.entries)
      assert.deepStrictEqual(
        [costs, savedByCache].map((amounts) => [...amounts].map(([name, amount]) => [name, BigDecimal.format(amount)])),
        [[["USD", "60"]], [["USD", "60"]]]
      )
    })
  )

  it.effect("is looked for in the account where the budget says so", () =>
    Effect.gen(function* () {
      const account = { asked: 0, fails: false }
      const balance = Effect.suspend(() => {
        account.asked += 1
        return account.fails
          ? Effect.fail(new classes.ServerError({ message: "failed" }))
          : Effect.succeed({ available_balance: 20, voucher_balance: 0, cash_balance: 20 })
      })
      const host = { balance, chat: () => Effect.succeed(answer(1)), stream: () => Stream.fromIterable(events(1)) }
      const { count, kimi } = yield* connect(host, { budget: { caps: [], balance: {} } })
      const errors = [
        yield* Effect.flip(kimi.chat(upTo(21))),
        yield* Effect.flip(Stream.runDrain(kimi.stream(upTo(21))))
      ]
      assert.deepStrictEqual(
        errors.map((error) => (error._tag === "BudgetExceededError" ? [error.scope, error.currency] : error._tag)),
        [
          ["balance", "USD"],
          ["balance", "USD"]
        ]
      )
      assert.deepStrictEqual([count.attempts, account.asked], [0, 1])
      yield* kimi.chat(upTo(20))
      account.fails = true
      yield* TestClock.adjust("1 minute")
      yield* kimi.chat(upTo(21))
      assert.deepStrictEqual([count.attempts, account.asked], [2, 2])
      assert.include(kimi.describe(), "balance looked at")
    })
  )
})
