import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { CassetteStoreError } from "../../src/CassetteErrors.ts"
import * as CassetteStore from "../../src/node/CassetteStore.ts"

/** An empty folder that is removed at the end. */
const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "cassettes-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

const append = (store: CassetteStore.CassetteStore["Service"], name: string, text: string) =>
  store.update(name, (current = "") => Effect.succeed(current + text))

describe("CassetteStore.makeFile", () => {
  it.effect("has no text for a name without a file", () =>
    Effect.gen(function* () {
      const store = yield* CassetteStore.makeFile({ folder: yield* folder })
      assert.isUndefined(yield* store.read("a"))
    })
  )

  it.effect("keeps a text in a file below the folder", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const store = yield* CassetteStore.makeFile({ folder: path })
      yield* append(store, "agents/weather", "text")
      assert.strictEqual(yield* Effect.promise(() => readFile(join(path, "agents/weather.json"), "utf8")), "text")
      assert.strictEqual(yield* store.read("agents/weather"), "text")
    })
  )

  it.effect("leaves no other file", () =>
    Effect.gen(function* () {
      const path = yield* folder
      yield* append(yield* CassetteStore.makeFile({ folder: path }), "a", "text")
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(path)), ["a.json"])
    })
  )

  it.effect("creates files that only their owner can read", () =>
    Effect.gen(function* () {
      const path = yield* folder
      yield* append(yield* CassetteStore.makeFile({ folder: path }), "a", "text")
      assert.strictEqual((yield* Effect.promise(() => stat(join(path, "a.json")))).mode & 0o777, 0o600)
    })
  )

  it.effect("keeps the permissions of a file", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const store = yield* CassetteStore.makeFile({ folder: path })
      yield* append(store, "a", "text")
      yield* Effect.promise(() => chmod(join(path, "a.json"), 0o644))
      yield* append(store, "a", "text")
      assert.strictEqual((yield* Effect.promise(() => stat(join(path, "a.json")))).mode & 0o777, 0o644)
    })
  )

  it.effect("leaves the file unchanged when the change fails", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const store = yield* CassetteStore.makeFile({ folder: path })
      yield* append(store, "a", "text")
      assert.strictEqual(yield* Effect.flip(store.update("a", () => Effect.fail("no"))), "no")
      assert.strictEqual(yield* store.read("a"), "text")
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(path)), ["a.json"])
    })
  )

  it.live("loses no update of concurrent fibers with separate stores", () =>
    Effect.gen(function* () {
      const path = yield* folder
      yield* Effect.forEach(
        Array.from({ length: 20 }, (_, index) => `${index};`),
        (text) => Effect.flatMap(CassetteStore.makeFile({ folder: path }), (store) => append(store, "a", text)),
        { concurrency: "unbounded" }
      )
      const store = yield* CassetteStore.makeFile({ folder: path })
      assert.strictEqual((yield* store.read("a"))?.split(";").length, 21)
    })
  )

  it.live("removes the lock of a process that has ended", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const pid = yield* Effect.promise(async () => {
        const child = spawn(process.execPath, ["-e", ""])
        await once(child, "exit")
        return child.pid
      })
      yield* Effect.promise(() => writeFile(join(path, "a.json.lock"), `${pid}`))
      const store = yield* CassetteStore.makeFile({ folder: path })
      yield* append(store, "a", "text")
      assert.strictEqual(yield* store.read("a"), "text")
    })
  )

  for (const name of ["../a", "/a", "a/../../b", "", "a\u0000", "a\\b", ".a", "C:a"]) {
    it.effect(`does not accept the name ${JSON.stringify(name)}`, () =>
      Effect.gen(function* () {
        const store = yield* CassetteStore.makeFile({ folder: yield* folder })
        assert.instanceOf(yield* Effect.flip(append(store, name, "")), CassetteStoreError)
        assert.instanceOf(yield* Effect.flip(store.read(name)), CassetteStoreError)
      })
    )
  }

  it.effect("names the file that cannot be read", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const store = yield* CassetteStore.makeFile({ folder: path })
      yield* Effect.promise(() => writeFile(join(path, "b"), ""))
      const error = yield* Effect.flip(store.read("b/a"))
      assert.include(error.message, join(path, "b/a.json"))
    })
  )

  it.effect("names the file whose folder cannot be created", () =>
    Effect.gen(function* () {
      const store = yield* CassetteStore.makeFile({ folder: "/proc/cassettes" })
      assert.include((yield* Effect.flip(append(store, "a", "text"))).message, "/proc/cassettes/a.json")
    })
  )
})

describe("CassetteStore.layerFile", () => {
  it.effect.each(["", " "])("dies for the folder '%s', which is no path", (folder) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Layer.build(CassetteStore.layerFile({ folder })))
      assert.isTrue(Exit.hasDies(exit))
    }).pipe(Effect.scoped)
  )
})
