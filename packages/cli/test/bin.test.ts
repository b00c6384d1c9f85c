/** Where the entry keeps the compile cache. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ended, start } from "./process.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const cached = { NODE_DISABLE_COMPILE_CACHE: undefined }

const refused = ["chat", "--no-such"]

describe("the compile cache", () => {
  it.live("is below the home of the user", () =>
    Effect.gen(function* () {
      const HOME = yield* temporaryFolder
      const { code } = yield* ended(yield* start(refused, { ...cached, HOME }))
      assert.strictEqual(code, 2)
      assert.isNotEmpty(readdirSync(join(HOME, ".cache/kimi/compile")))
    })
  )

  it.live("does not create the home of the user", () =>
    Effect.gen(function* () {
      const HOME = join(yield* temporaryFolder, "nonexistent")
      const { code } = yield* ended(yield* start(refused, { ...cached, HOME }))
      assert.strictEqual(code, 2)
      assert.isFalse(existsSync(HOME))
    })
  )

  it.live("is in the folder of XDG_CACHE_HOME, which need not exist", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const XDG_CACHE_HOME = join(folder, "cache")
      const { code } = yield* ended(yield* start(refused, { ...cached, HOME: folder, XDG_CACHE_HOME }))
      assert.strictEqual(code, 2)
      assert.isNotEmpty(readdirSync(join(XDG_CACHE_HOME, "kimi/compile")))
      assert.deepStrictEqual(readdirSync(folder), ["cache"])
    })
  )

  it.live("is not in the working folder", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      mkdirSync(join(folder, "home"))
      const env = { ...cached, HOME: join(folder, "home"), XDG_CACHE_HOME: "cache" }
      const { code } = yield* ended(yield* start(refused, env, folder))
      assert.strictEqual(code, 2)
      assert.deepStrictEqual(readdirSync(folder), ["home"])
      assert.isNotEmpty(readdirSync(join(folder, "home/.cache/kimi/compile")))
    })
  )

  it.live("is not used in a folder that cannot be created", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryFolder, "file")
      writeFileSync(file, "")
      for (const XDG_CACHE_HOME of ["/proc/kimi-effect", join(file, "cache"), file]) {
        const { code, stderr } = yield* ended(yield* start(refused, { ...cached, XDG_CACHE_HOME }))
        assert.strictEqual(code, 2, stderr)
      }
    })
  )

  it.live.each([{ NODE_DISABLE_COMPILE_CACHE: "1" }, { NODE_COMPILE_CACHE: "OTHER" }])(
    "has no folder of the command with %o",
    (set) =>
      Effect.gen(function* () {
        const HOME = yield* temporaryFolder
        const other = join(yield* temporaryFolder, "other")
        const env = { ...cached, HOME, ...("NODE_COMPILE_CACHE" in set ? { NODE_COMPILE_CACHE: other } : set) }
        const { code } = yield* ended(yield* start(refused, env))
        assert.strictEqual(code, 2)
        assert.isEmpty(readdirSync(HOME))
      })
  )
})
