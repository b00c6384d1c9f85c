import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as LiveConfig from "@kimi-effect/core/LiveConfig"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import type { ReloadEvent } from "@kimi-effect/core/ReloadEvent"
import type * as Settings from "@kimi-effect/core/Settings"
import { MockServer } from "@kimi-effect/testing/node"
import { ConfigProvider, Context, Effect, Exit, Layer, Logger, Redacted, Scope, Stream } from "effect"
import { KimiClient } from "../../src/KimiClient.ts"
import * as ConfigWatch from "../../src/node/ConfigWatch.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import { folder, replace, until, write } from "./support/files.ts"
import { hello } from "./support/kimi.ts"

const json = (options: object) => JSON.stringify({ kimi: { apiKey: "sk-1", logLevel: "none", ...options } })

/** In place of the environment that the tests run in. */
const nothing = ConfigProvider.fromEnvRecord({})

/** Never reads on its own within a test. */
const rarely: Pick<ConfigWatch.Options, "interval" | "debounce"> = { interval: "1 hour", debounce: "20 millis" }

const watch = Effect.fnUntraced(function* (
  files: ConfigWatch.Options,
  overrides?: Settings.Options,
  environment = nothing
) {
  const context = yield* Layer.build(
    Layer.provide(ConfigWatch.layer({ ...rarely, ...files }, overrides), ConfigProvider.layer(environment))
  )
  const live = Context.get(context, LiveConfig.LiveConfig)
  const received: Array<ReloadEvent> = []
  yield* Effect.forkScoped(
    Stream.runForEach(live.events, (event) => Effect.sync(() => received.push(event))),
    { startImmediately: true }
  )
  const modelIs = (model: string) => until(Effect.map(live.current, ({ config }) => config.model === model))
  const rejects = (count: number) =>
    until(Effect.sync(() => received.filter(({ _tag }) => _tag === "Rejected").length === count))
  return { live, received, modelIs, rejects }
})

describe("ConfigWatch", () => {
  it.live("follows a file that is overwritten or replaced", () =>
    Effect.gen(function* () {
      const path = yield* write(join(yield* folder, "kimi.json"), json({ model: "a" }))
      const { modelIs } = yield* watch({ json: path })
      for (const round of [1, 2]) {
        yield* write(path, json({ model: `written ${round}` }))
        yield* modelIs(`written ${round}`)
        yield* replace(path, json({ model: `replaced ${round}` }))
        yield* modelIs(`replaced ${round}`)
      }
    })
  )

  it.live("follows both files in their order, after options in code", () =>
    Effect.gen(function* () {
      const place = yield* folder
      const path = yield* write(join(place, "kimi.json"), json({ model: "json", maxAttempts: 2 }))
      const dotEnv = yield* write(join(place, ".env"), "KIMI_MODEL=first\n")
      const { live, modelIs } = yield* watch({ json: path, dotEnv }, { maxAttempts: 9 })
      yield* replace(dotEnv, "KIMI_MODEL=second\nKIMI_MAX_ATTEMPTS=3\n")
      yield* modelIs("second")
      assert.strictEqual((yield* live.current).config.maxAttempts, 9)
      yield* replace(dotEnv, "# nothing\n")
      yield* modelIs("json")
      yield* live.set({ model: "set" })
      yield* replace(path, json({ model: "other", idleTimeout: "7 seconds" }))
      yield* until(Effect.map(live.current, ({ config }) => String(config.idleTimeout).includes("7")))
      assert.strictEqual((yield* live.current).config.model, "set")
    })
  )

  it.live("keeps the last valid configuration over incomplete, missing or invalid files", () =>
    Effect.gen(function* () {
      const canary = "sk-canary-20"
      const path = yield* write(join(yield* folder, "kimi.json"), json({ apiKey: canary, model: "a" }))
      const { received, live, modelIs, rejects } = yield* watch({ json: path })
      yield* write(path, json({ apiKey: canary, model: "b" }).slice(0, -3))
      yield* rejects(1)
      yield* Effect.sync(() => rmSync(path))
      yield* rejects(2)
      yield* write(
        path,
        json({ apiKey: `${canary} x`, model: "b", maxAttempts: 0, prices: { models: [{}] }, more: canary })
      )
      yield* rejects(3)
      const { config } = yield* live.current
      assert.strictEqual(config.model, "a")
      assert.strictEqual(config.apiKey && Redacted.value(config.apiKey), canary)
      assert.deepStrictEqual(
        received.map((event) => (event._tag === "Rejected" ? event.issues.map(({ name }) => name) : [])),
        [
          [path],
          [path],
          [
            "kimi.apiKey",
            "kimi.maxAttempts",
            "kimi.more",
            ...["provider", "currency", "model", "cacheMiss", "output"].map((name) => `kimi.prices.models[0].${name}`)
          ]
        ]
      )
      yield* write(path, json({ apiKey: `${canary}-2`, model: "c" }))
      yield* modelIs("c")
      assert.notInclude(inspect(received, { depth: 9 }), "canary")
    })
  )

  for (const [name, bytes] of [
    ["that becomes empty", ""],
    ["that becomes UTF-16 without a mark", Buffer.from("KIMI_MODEL=b\n", "utf16le")],
    ["that ends in NUL bytes", "KIMI_MODEL=b\n\0\0\0\0"],
    ["in another encoding", Buffer.from("KIMI_MODEL=b\n# Zürich\n", "latin1")],
    ["that becomes HTML", "<html>KIMI_MODEL=b</html>"],
    ["that becomes JSON", '{"KIMI_MODEL": "b"}'],
    ["whose last line is incomplete", "KIMI_MODEL=b\nKIMI_BASE_"],
    ["that is incomplete", 'KIMI_MODEL="b']
  ] as const) {
    it.live(`keeps the last configuration of a .env file ${name}`, () =>
      Effect.gen(function* () {
        const dotEnv = yield* write(join(yield* folder, ".env"), "KIMI_MODEL=a\n")
        const environment = ConfigProvider.fromEnvRecord({ KIMI_API_KEY: "sk-1" })
        const { live, rejects } = yield* watch({ dotEnv }, undefined, environment)
        yield* Effect.sync(() => writeFileSync(dotEnv, bytes))
        yield* rejects(1)
        assert.strictEqual((yield* live.current).config.model, "a")
      })
    )
  }

  it.live("accepts a .env file that is empty from the start", () =>
    Effect.gen(function* () {
      const dotEnv = yield* write(join(yield* folder, ".env"), "")
      const { live } = yield* watch({ dotEnv }, { apiKey: Redacted.make("sk-1") })
      assert.deepStrictEqual(yield* live.reload, [])
    })
  )

  it.live.skipIf(process.platform === "win32")("warns once of a file that every user may change", () =>
    Effect.gen(function* () {
      const dotEnv = yield* write(join(yield* folder, ".env"), "KIMI_API_KEY=sk-1\n")
      chmodSync(dotEnv, 0o666)
      const logged: Array<string> = []
      const logger = Logger.make(({ message }) => void logged.push(String(message)))
      yield* Effect.provide(
        Effect.flatMap(watch({ dotEnv }), ({ live }) => live.reload),
        Logger.layer([logger])
      )
      assert.deepStrictEqual(logged, [
        `Every user of the system may change the configuration file ${dotEnv}; use "chmod o-w"`
      ])
    })
  )

  it.live("names every file that cannot be read", () =>
    Effect.gen(function* () {
      const place = yield* folder
      const files = { json: join(place, "none.json"), dotEnv: join(place, "no folder", ".env") }
      const error = yield* Effect.flip(watch(files))
      assert.sameDeepMembers(
        [...error.issues],
        [files.json, files.dotEnv].map((name) => ({
          name,
          expected: "a file that can be read; it does not exist (ENOENT)"
        }))
      )
    })
  )

  it.live("follows the files of a mounted volume, whose folder is swapped by a link", () =>
    Effect.gen(function* () {
      const place = yield* folder
      const version = (name: string) => {
        mkdirSync(join(place, name))
        writeFileSync(join(place, name, "kimi.json"), json({ model: name }))
        symlinkSync(name, join(place, "..next"))
        renameSync(join(place, "..next"), join(place, "..data"))
      }
      version("first")
      symlinkSync(join("..data", "kimi.json"), join(place, "kimi.json"))
      const { modelIs } = yield* watch({ json: join(place, "kimi.json") })
      version("second")
      yield* modelIs("second")
    })
  )

  it.live("reads the file at intervals without a notification", () =>
    Effect.gen(function* () {
      const elsewhere = yield* write(join(yield* folder, "kimi.json"), json({ model: "a" }))
      const link = join(yield* folder, "kimi.json")
      symlinkSync(elsewhere, link)
      const { modelIs } = yield* watch({ json: link, interval: "20 millis" })
      yield* write(elsewhere, json({ model: "b" }))
      yield* modelIs("b")
    })
  )

  it.live("does not read again for other files in the folder", () =>
    Effect.gen(function* () {
      const place = yield* folder
      let reads = 0
      const counting = ConfigProvider.make((path) => {
        if (path[0] === "KIMI_API_KEY") reads += 1
        return Effect.succeed(undefined)
      })
      const path = yield* write(join(place, "kimi.json"), json({ model: "a" }))
      const other = yield* write(join(place, "other.json"), json({ model: "a" }))
      const { modelIs } = yield* watch({ json: path }, {}, counting)
      const control = yield* watch({ json: other, debounce: "100 millis" })
      yield* write(other, json({ model: "b" }))
      yield* control.modelIs("b")
      assert.strictEqual(reads, 1)
      yield* write(path, json({ model: "b" }))
      yield* modelIs("b")
      assert.strictEqual(reads, 2)
    })
  )

  it.live("does not follow after its end", () =>
    Effect.gen(function* () {
      const path = yield* write(join(yield* folder, "kimi.json"), json({ model: "a" }))
      const scope = yield* Scope.make()
      const { live, modelIs } = yield* Scope.provide(watch({ json: path }), scope)
      yield* write(path, json({ model: "b" }))
      yield* modelIs("b")
      yield* Scope.close(scope, Exit.void)
      const control = yield* watch({ json: path, debounce: "100 millis" })
      yield* write(path, json({ model: "c" }))
      yield* control.modelIs("c")
      assert.strictEqual((yield* live.current).config.model, "b")
    })
  )
})

describe("KimiNode.layerWatch", () => {
  it.live("provides a client that follows the files", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const path = join(yield* folder, "kimi.json")
      const options = { baseUrl: server.url, model: "kimi-k3" }
      yield* write(path, json(options))
      const context = yield* Layer.build(
        Layer.provide(KimiNode.layerWatch({ json: path, ...rarely }, { maxAttempts: 1 }), ConfigProvider.layer(nothing))
      )
      const kimi = Context.get(context, KimiClient)
      const live = Context.get(context, LiveConfig.LiveConfig)
      yield* kimi.chat(hello)
      yield* replace(path, json({ ...options, apiKey: "sk-2" }))
      yield* until(
        Effect.map(
          live.current,
          ({ config }) => config.apiKey !== undefined && Redacted.value(config.apiKey) === "sk-2"
        )
      )
      yield* kimi.chat(hello)
      const requests = yield* server.requests
      assert.deepStrictEqual(
        requests.map(({ headers }) => headers["authorization"]),
        ["Bearer sk-1", "Bearer sk-2"]
      )
      assert.include(kimi.describe(), "attempts 1")
    })
  )

  it.live("layerConfig: applies or refuses the prices of a JSON document", () =>
    Effect.gen(function* () {
      const price = { model: "kimi-k3", provider: "moonshot", currency: "USD", cacheMiss: "7", output: "8" }
      const build = (prices: unknown) =>
        Layer.provide(
          KimiNode.layerConfig(),
          ConfigProvider.layer(ConfigProvider.fromUnknown({ kimi: { apiKey: "sk-1", prices } }))
        )
      const output = Effect.map(PriceTable.PriceTable, (table) => table.model("kimi-k3", "moonshot", "2026-11-23"))
      assert.deepInclude(yield* Effect.provide(output, build({ models: [price] })), { output: "8" })
      const error = yield* Effect.flip(Effect.provide(output, build({ models: [{ ...price, output: "-8" }] })))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["kimi.prices.models[0].output"]
      )
    })
  )
})
