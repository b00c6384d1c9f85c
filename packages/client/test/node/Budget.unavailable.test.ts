/** A budget whose file cannot be opened at the start, where the application allows calls during such an outage. */
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Effect, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import * as Budget from "../../src/node/Budget.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import { connect, environment, issuesOf, small, used, variablesFor } from "./support/configured.ts"
import { folder } from "./support/files.ts"
import { place, wrongFiles } from "./support/paths.ts"
import { canMount, volume } from "./support/volumes.ts"

/** The path of a ledger whose content is damaged. */
const damaged = Effect.map(folder, (root) => {
  const path = join(root, "budget.db")
  const db = new DatabaseSync(path)
  db.exec("CREATE TABLE reservations (id TEXT)")
  db.close()
  writeFileSync(path, readFileSync(path).fill(0xff, 100, 4_000))
  return path
})

const caps = [{ amount: "1", currency: "USD" }] as const

const built = (path: string, onStoreError: "allow" | "refuse") =>
  Effect.map(Layer.build(Budget.layerSqlite({ path, caps, onStoreError })), Context.get(Budget.Budget))

const isDamaged = "it is damaged and is left as it is; restore it from a copy, or set another path"

describe("a budget that allows calls without its store", () => {
  it.live("lets a client start on a damaged file", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.replyAlways(used)
      const path = yield* damaged
      const kimi = yield* connect(server, {
        KIMI_BUDGET: "1 USD",
        KIMI_BUDGET_STORE: `sqlite:${path}`,
        KIMI_BUDGET_ON_STORE_ERROR: "allow"
      })
      yield* kimi.chat(small)
      const budget = (yield* kimi.health).components.find(({ name }) => name === "budget")
      assert.deepInclude(budget, { status: "degraded", code: "BudgetStoreError" })
      assert.include(budget?.details?.["failure"], `${isDamaged} (${path})`)
    }).pipe(Effect.provide(Logger.layer([])))
  )

  it.effect("opens its file when it can be used", () =>
    Effect.gen(function* () {
      const path = yield* damaged
      const budget = yield* built(path, "allow")
      rmSync(path)
      yield* TestClock.adjust("999 millis")
      assert.include((yield* Effect.flip(budget.state)).message, isDamaged)
      // The budget does not use a store for 250 milliseconds after a failure.
      yield* TestClock.adjust("250 millis")
      assert.deepStrictEqual(yield* budget.state, [])
    }).pipe(Effect.provide(Logger.layer([])))
  )

  it.effect("warns of the file that it does not count in", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const path = yield* damaged
      yield* Effect.provide(built(path, "allow"), Logger.layer([logger]))
      assert.include(lines.join("\n"), path)
    })
  )

  it.effect("refuses to start on a damaged file where calls are refused without it", () =>
    Effect.gen(function* () {
      const path = yield* damaged
      assert.include((yield* Effect.flip(built(path, "refuse"))).message, `${isDamaged} (${path})`)
    })
  )

  it.effect.skipIf(!canMount)("starts on a read-only volume", () =>
    Effect.gen(function* () {
      const disk = yield* volume(1_024)
      const path = join(disk.path, "budget.db")
      disk.readOnly()
      const budget = yield* built(path, "allow")
      assert.include((yield* Effect.flip(budget.state)).message, `the file system is read-only (EROFS) (${path})`)
    }).pipe(Effect.provide(Logger.layer([])))
  )

  for (const [name, arrange] of Object.entries(wrongFiles).filter(([name]) => name !== "a damaged database")) {
    it.effect(`does not start on ${name}, which is no outage`, () =>
      Effect.gen(function* () {
        const { contents, path } = yield* place(arrange)
        const before = contents()
        assert.include((yield* Effect.flip(built(path, "allow"))).message, `(${path})`)
        assert.deepStrictEqual(contents(), before)
      })
    )
  }

  it.live("names the option of a wrong path", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const variables = variablesFor(server, {
        KIMI_BUDGET: "1 USD",
        KIMI_BUDGET_STORE: `sqlite:${yield* folder}`,
        KIMI_BUDGET_ON_STORE_ERROR: "allow"
      })
      const [issue] = yield* issuesOf(Layer.provide(KimiNode.layerConfig(), environment(variables)))
      assert.strictEqual(issue?.name, "KIMI_BUDGET_STORE")
    })
  )
})
