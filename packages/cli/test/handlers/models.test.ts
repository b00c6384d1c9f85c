import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

describe("kimi models", () => {
  it.live("lists prices without a key", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* runKimi(["models", "--json"])
      assert.strictEqual(code, 0)
      const { models } = decoded("models", stdout)
      assert.strictEqual(models.find(({ id }) => id === "kimi-k3")?.prices[0]?.output, "15.00")
    })
  )

  it.live("names the models that run in batches", () =>
    Effect.gen(function* () {
      const { models } = decoded("models", (yield* runKimi(["models", "--json"])).stdout)
      assert.deepStrictEqual(
        models.filter(({ batch }) => batch).map(({ id }) => id),
        ["kimi-k2.7-code", "kimi-k2.6"]
      )
      const { stdout } = yield* runKimi(["models"])
      assert.match(stdout, /^MODEL +WINDOW +BATCHES /)
      assert.match(stdout, /^kimi-k2\.6 +[\d,]+ +yes /m)
      assert.match(stdout, /^kimi-k3 +[\d,]+ +no /m)
    })
  )

  it.live("notes that nothing is known of another host", () =>
    Effect.gen(function* () {
      const env = { KIMI_PROVIDER: "together" }
      const { code, stderr } = yield* runKimi(["models", "--json"], { env })
      assert.strictEqual(code, 0)
      assert.include(stderr, "those of together are not known. kimi models --live")
      assert.strictEqual((yield* runKimi(["models"], { env: { KIMI_PROVIDER: "moonshot-cn" } })).stderr, "")
    })
  )

  it.live("reads the file of the user", () =>
    Effect.gen(function* () {
      const HOME = yield* temporaryFolder
      mkdirSync(join(HOME, ".config/kimi"), { recursive: true })
      const write = (kimi: object) =>
        writeFileSync(join(HOME, ".config/kimi/config.json"), JSON.stringify({ kimi }), { mode: 0o600 })
      write({ provider: "together" })
      assert.include((yield* runKimi(["models"], { env: { HOME } })).stderr, "those of together are not known")
      write({ tier: 9 })
      const { code, stderr, stdout } = yield* runKimi(["models"], { env: { HOME } })
      assert.deepStrictEqual([code, stdout], [10, ""])
      assert.include(stderr, `kimi.tier in ${HOME}/.config/kimi/config.json: expected a tier from 0 to 5`)
    })
  )

  it.live.each([{ KIMI_TIER: "9" }, { kimi_tier: "9" }])("refuses %j", (env) =>
    Effect.map(runKimi(["models"], { env: env as Record<string, string> }), ({ code, stdout }) =>
      assert.deepStrictEqual([code, stdout], [10, ""])
    )
  )

  it.live("lists the models of the host", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { stdout } = yield* runKimi(["models", "--live", "--json"], { env })
        assert.strictEqual(decoded("models", stdout).models.length, 4)
      })
    )
  )

  it.live("fails for the live list without a key", () =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* runKimi(["models", "--live"])
      assert.deepStrictEqual([code, stdout], [10, ""])
      assert.include(stderr, "KIMI_API_KEY")
    })
  )
})
