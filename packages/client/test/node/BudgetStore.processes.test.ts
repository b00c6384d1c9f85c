import { assert, describe, it } from "@effect/vitest"
import * as Amount from "@kimi-effect/core/internal/Amount"
import { BigDecimal, Effect, Exit, Random, Scope } from "effect"
import * as Redis from "@kimi-effect/core/Redis"
import * as BudgetStore from "../../src/node/BudgetStore.ts"
import { connect, port, reachable, uniquePrefix } from "./support/redis.ts"
import { folder } from "./support/files.ts"
import { makeHost } from "./support/budget/host.ts"
import type { Settings } from "./support/budget/messages.ts"
import { runs, seedOf, timeLimit } from "../../../../test/support/depth.ts"

const dollars = (amount: bigint): number => Number(BigDecimal.format(Amount.toDecimal(amount)))

/** The balances in dollars; every scope has the same. */
const read = (store: BudgetStore.BudgetStore["Service"]) =>
  Effect.map(store.scopeBalances, (lines) => {
    const rows = lines.map(({ reserved, spent }) => ({ spent: dollars(spent), reserved: dollars(reserved) }))
    for (const row of rows) assert.deepStrictEqual(row, rows[0])
    return rows[0] ?? { spent: 0, reserved: 0 }
  })

describe("a budget in a file that killed processes share", () => {
  it.live(
    "counts everything that was used without exceeding a cap",
    () =>
      Effect.gen(function* () {
        const path = `${yield* folder}/budget.db`
        const store = yield* BudgetStore.makeSqlite({ path })
        const { seen, worker } = makeHost()
        const cap = 6_000
        const leaseMillis = 3_000
        const settings: Settings = { store: { type: "sqlite", path }, cap: `${cap}`, leaseMillis, callers: 4 }

        const check = Effect.gen(function* () {
          // Usage at the host was reserved before.
          const used = seen.used
          const { reserved, spent } = yield* read(store)
          assert.isAtMost(spent + reserved, cap)
          assert.isAtMost(used, spent + reserved)
        })

        const rounds = runs({ sample: 1, deep: 6 })
        let kills = 0
        const life = Effect.gen(function* () {
          for (let round = 0; round < rounds; round += 1) {
            const scope = yield* Scope.make()
            const { child } = yield* Effect.provideService(worker(settings), Scope.Scope, scope)
            for (let left = yield* Random.nextIntBetween(1, 6); left > 0; left -= 1) {
              yield* Effect.sleep(yield* Random.nextIntBetween(5, 60))
              yield* check
            }
            // It releases nothing: its reservations stay.
            if (child.kill("SIGKILL")) kills += 1
            yield* Scope.close(scope, Exit.void)
            yield* check
          }
        })
        yield* Effect.all([life, life, life], { concurrency: 3, discard: true })
        assert.strictEqual(kills, 3 * rounds)
        assert.isAbove(seen.served, 15 * rounds)

        // When the leases of killed processes have expired twice, there are no reservations.
        yield* Effect.sleep(leaseMillis + 100)
        yield* read(store)
        yield* Effect.sleep(leaseMillis + 100)
        const { reserved, spent } = yield* read(store)
        assert.strictEqual(reserved, 0)
        assert.isAtMost(spent, cap)
        assert.isAtLeast(spent, seen.used)
      }).pipe(Random.withSeed(seedOf("killed processes"))),
    timeLimit(60_000)
  )

  it.live(
    "is spent exactly when no process is killed",
    () =>
      Effect.gen(function* () {
        const path = `${yield* folder}/budget.db`
        const store = yield* BudgetStore.makeSqlite({ path })
        const { seen, worker } = makeHost()
        const settings: Settings = { store: { type: "sqlite", path }, cap: "800", leaseMillis: 60_000, callers: 4 }
        const workers = yield* Effect.all([worker(settings), worker(settings)], { concurrency: 2 })
        for (const { ended } of workers) assert.strictEqual(yield* ended, 0)
        assert.deepStrictEqual(yield* read(store), { spent: seen.used, reserved: 0 })
        assert.isAtMost(seen.used, 800)
        assert.isAtLeast(seen.used, 790)
        assert.deepStrictEqual([...seen.refusals.keys()], ["BudgetExceededError"])
      }),
    timeLimit(60_000)
  )
})

describe.skipIf(!reachable)("a budget in Redis that two processes share", () => {
  it.live(
    "is spent exactly without exceeding a cap",
    () =>
      Effect.gen(function* () {
        const prefix = uniquePrefix()
        const redis = yield* connect()
        const store = yield* Effect.provideService(BudgetStore.makeRedis({ keyPrefix: prefix }), Redis.Redis, redis)
        const { seen, worker } = makeHost()
        const settings: Settings = {
          store: { type: "redis", port, prefix },
          cap: "800",
          leaseMillis: 60_000,
          callers: 8
        }
        const workers = yield* Effect.all([worker(settings), worker(settings)], { concurrency: 2 })
        for (let i = 0; i < 20; i += 1) {
          const used = seen.used
          const { reserved, spent } = yield* read(store)
          assert.isAtMost(spent + reserved, 800)
          assert.isAtMost(used, spent + reserved)
          yield* Effect.sleep(5)
        }
        for (const { ended } of workers) assert.strictEqual(yield* ended, 0)
        assert.deepStrictEqual(yield* read(store), { spent: seen.used, reserved: 0 })
        assert.isAtMost(seen.used, 800)
        assert.isAtLeast(seen.used, 790)
        assert.deepStrictEqual([...seen.refusals.keys()], ["BudgetExceededError"])
      }),
    timeLimit(60_000)
  )

  it.live(
    "pays in full for a process that was killed, after its lease",
    () =>
      Effect.gen(function* () {
        const prefix = uniquePrefix()
        const redis = yield* connect()
        const store = yield* Effect.provideService(BudgetStore.makeRedis({ keyPrefix: prefix }), Redis.Redis, redis)
        const { seen, worker } = makeHost()
        const settings: Settings = {
          store: { type: "redis", port, prefix },
          cap: "100000",
          leaseMillis: 1_500,
          callers: 8
        }
        for (let round = 0; round < 3; round += 1) {
          const { child, ended } = yield* worker(settings)
          yield* Effect.sleep(50)
          child.kill("SIGKILL")
          yield* ended
        }
        const before = yield* read(store)
        assert.isAtLeast(before.spent + before.reserved, seen.used)
        yield* Effect.sleep(1_600)
        const after = yield* read(store)
        assert.deepStrictEqual(after, { spent: before.spent + before.reserved, reserved: 0 })
      }),
    timeLimit(60_000)
  )
})
