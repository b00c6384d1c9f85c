/** The stores that `kimi doctor` checks. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Reply from "@kimi-effect/testing/Reply"
import * as Effect from "effect/Effect"
import { closedPort, diagnose } from "../doctorSetUp.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

/** The checks of the stores that `toStores` sets at the path of a folder, which is part of no message. */
const atFolder = (toStores: (path: string) => Record<string, string>, contents: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    let path = ""
    const { checks } = yield* diagnose(({ folder }) => {
      path = join(folder, "stored")
      mkdirSync(path)
      for (const name of contents) writeFileSync(join(path, name), "")
      return Effect.succeed(toStores(path))
    })
    return checks
      .filter(({ name }) => name === "stores")
      .map(({ fix = "", message, status }) => ({
        status,
        message: message.replaceAll(path, "PATH"),
        fix: fix.replaceAll(path, "PATH")
      }))
  })

describe("kimi doctor", () => {
  it.live("names every store that cannot be used, each with its place", () =>
    Effect.gen(function* () {
      const { checks, code } = yield* diagnose(({ folder }) =>
        Effect.gen(function* () {
          const file = join(folder, "file")
          writeFileSync(file, "")
          const [limits, circuits] = [yield* closedPort, yield* closedPort]
          return {
            KIMI_CACHE: `file:${file}/cache`,
            KIMI_LIMITS: `redis://127.0.0.1:${limits}`,
            KIMI_CIRCUITS: `redis://127.0.0.1:${circuits}`,
            KIMI_BUDGET: "1 USD per day",
            KIMI_BUDGET_STORE: `sqlite:${file}/budget.db`,
            KIMI_AUDIT_LOG: `${file}/audit.jsonl`
          }
        })
      )
      assert.strictEqual(code, 1)
      const stores = checks.filter(({ name }) => name === "stores")
      assert.deepStrictEqual(
        stores.map(({ fix = "", message }) => `${message.split(":")[0]}: ${/KIMI_\w+/.exec(message + fix)?.[0]}`),
        [
          "cache: KIMI_CACHE",
          "limits: KIMI_LIMITS",
          "circuits: KIMI_CIRCUITS",
          "budgetStore: KIMI_BUDGET_STORE",
          "auditLog: KIMI_AUDIT_LOG"
        ]
      )
      // What needs no store is checked nevertheless.
      assert.includeMembers(
        checks.map(({ name }) => name),
        ["balance", "limits"]
      )
    })
  )

  it.live("names each of two options with one Redis, by the flag that sets it", () =>
    Effect.gen(function* () {
      const url = `redis://127.0.0.1:${yield* closedPort}`
      const { checks } = yield* diagnose(() => Effect.succeed({ KIMI_LIMITS: url }), ["--cache", url])
      assert.deepStrictEqual(
        checks.filter(({ status }) => status === "problem").map(({ fix, message }) => [message, fix]),
        [
          [
            "cache: Redis cannot be used (ECONNREFUSED)",
            "Start the Redis of --cache, or correct its URL and credentials."
          ],
          [
            "limits: Redis cannot be used (ECONNREFUSED)",
            "Start the Redis of KIMI_LIMITS, or correct its URL and credentials."
          ]
        ]
      )
    })
  )

  it.live("names the stores that can be used", () =>
    Effect.map(
      diagnose(({ folder }) => Effect.succeed({ KIMI_CACHE: `sqlite:${join(folder, "cache.db")}` })),
      ({ checks }) =>
        assert.deepInclude(checks.at(-1), { name: "stores", status: "ok", message: "cache (will be created)" })
    )
  )

  // A folder of Linux in which no file can be created, by root neither.
  it.live.skipIf(process.platform !== "linux")("names the reason why the file of a cache cannot be created", () =>
    Effect.map(
      diagnose(() => Effect.succeed({ KIMI_CACHE: "sqlite:/proc/cache.db" })),
      ({ checks }) => {
        const store = checks.find(({ name }) => name === "stores")
        assert.strictEqual(
          store?.message,
          "cache: /proc/cache.db cannot be created: the system allows no file in /proc"
        )
        assert.strictEqual(store?.fix, "Correct the path of KIMI_CACHE, its permissions or its disk.")
      }
    )
  )

  it.live("leaves nothing of stores that do not exist yet", () =>
    Effect.gen(function* () {
      let [place, found]: [string, ReadonlyArray<string>] = ["", ["not read"]]
      const { checks } = yield* Effect.scoped(
        Effect.gen(function* () {
          place = yield* temporaryFolder
          const result = yield* diagnose(() =>
            Effect.succeed({
              KIMI_CACHE: `file:${place}/cache/of/answers`,
              KIMI_BUDGET: "1 USD per day",
              KIMI_BUDGET_STORE: `sqlite:${place}/budget.db`,
              KIMI_AUDIT_LOG: `${place}/log/audit.jsonl`
            })
          )
          found = readdirSync(place)
          return result
        })
      )
      assert.deepStrictEqual(found, [])
      assert.deepInclude(checks.at(-1), {
        name: "stores",
        status: "ok",
        message: "cache (will be created), budgetStore (will be created), auditLog (will be created)"
      })
    })
  )

  it.live("names the folder in which a store cannot be created", () =>
    Effect.map(
      diagnose(({ folder }) => {
        writeFileSync(join(folder, "file"), "")
        return Effect.succeed({ KIMI_CACHE: `sqlite:${folder}/file/cache.db` })
      }),
      ({ checks }) => {
        const store = checks.find(({ name }) => name === "stores")
        assert.match(
          store?.message ?? "",
          /^cache: .*\/file\/cache\.db cannot be written: a part of the path is a file /
        )
        assert.strictEqual(store?.fix, "Correct the path of KIMI_CACHE, its permissions or its disk.")
      }
    )
  )

  it.live.each<[string, (path: string) => Record<string, string>]>([
    ["budgetStore", (path) => ({ KIMI_BUDGET: "5 USD", KIMI_BUDGET_STORE: `sqlite:${path}` })],
    ["cache", (path) => ({ KIMI_CACHE: `sqlite:${path}` })],
    ["auditLog", (path) => ({ KIMI_AUDIT_LOG: path })]
  ])("reports an empty folder at the file of %s as it reports a full one", ([name, toStores]) =>
    Effect.gen(function* () {
      const [empty, full] = [yield* atFolder(toStores, []), yield* atFolder(toStores, ["a.txt"])]
      assert.strictEqual(empty.length, 1)
      assert.strictEqual(empty[0]?.status, "problem")
      assert.include(empty[0]?.message, `${name}: `)
      assert.include(`${empty[0]?.message} ${empty[0]?.fix}`, "it is a folder and not a file")
      assert.deepStrictEqual(empty, full)
    })
  )

  it.live("accepts an empty folder as the one of a cache in files", () =>
    Effect.map(
      atFolder((path) => ({ KIMI_CACHE: `file:${path}` }), []),
      (stores) => assert.deepStrictEqual(stores, [{ status: "ok", message: "cache (will be created)", fix: "" }])
    )
  )

  it.live.each<[string, (path: string) => Record<string, string>]>([
    ["budgetStore", (path) => ({ KIMI_BUDGET: "5 USD", KIMI_BUDGET_STORE: `sqlite:${path}/new/` })],
    ["cache", (path) => ({ KIMI_CACHE: `sqlite:${path}/new/` })],
    ["auditLog", (path) => ({ KIMI_AUDIT_LOG: `${path}/new/` })]
  ])("refuses the name of a new folder for the file of %s", ([name, toStores]) =>
    Effect.map(atFolder(toStores, []), (stores) => {
      assert.deepStrictEqual(
        stores.map(({ message, status }) => [status, message.split(":")[0]]),
        [["problem", name]]
      )
      const text = `${stores[0]?.message} ${stores[0]?.fix}`
      assert.include(text, "it is a folder and not a file")
      // The check has its own folder, of which the user knows nothing.
      assert.notInclude(text, ".kimi-doctor-")
    })
  )

  it.live("asks the host once, however many stores there are", () =>
    Effect.gen(function* () {
      let balances = 0
      yield* diagnose(({ folder, server }) =>
        Effect.as(
          server.replyAt("GET /v1/users/me/balance", () => {
            balances += 1
            return Reply.defaultReply
          }),
          { KIMI_CACHE: `file:${join(folder, "cache")}`, KIMI_AUDIT_LOG: join(folder, "audit.jsonl") }
        )
      )
      assert.strictEqual(balances, 1)
    })
  )
})
