import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { LiveConfig, KimiConfig } from "@kimi-effect/core"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import * as Redis from "effect/persistence/Redis"
import * as OtlpTelemetry from "../../src/OtlpTelemetry.ts"
import * as AuditLog from "../../src/node/AuditLog.ts"
import * as ConfigFile from "../../src/node/ConfigFile.ts"
import * as ConfigWatch from "../../src/node/ConfigWatch.ts"
import * as FileCacheStore from "../../src/node/FileCacheStore.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import * as RedisBudget from "../../src/node/RedisBudget.ts"
import * as SqliteBudget from "../../src/node/SqliteBudget.ts"
import * as SqliteCacheStore from "../../src/node/SqliteCacheStore.ts"

/** The names of a configuration error; another error fails the test, as a defect does and a success. */
const namesOf = <A, E>(layer: Layer.Layer<A, ConfigurationError | E>) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
    assert.isTrue(typeof error === "object" && error !== null && "issues" in error)
    return (error as ConfigurationError).issues.map(({ name }) => name)
  })

/** Options as a program without types has them. */
const untyped = (json: string) => JSON.parse(json)

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "kimi-options-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** No option is looked at by asking Redis. */
const nobody = () => Effect.die("Redis was asked")

/** A collector that takes everything, and remembers what it was sent. */
const collector = (sent: Array<string>) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.sync(() => {
        sent.push(request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : "")
        return HttpClientResponse.fromWeb(request, new Response("{}"))
      })
    )
  )

/** What a program in this environment tells of itself. */
const namedBy = (options: Partial<OtlpTelemetry.Options>, env: Record<string, string>) =>
  Effect.gen(function* () {
    const sent: Array<string> = []
    yield* Effect.withSpan(Effect.void, "anything").pipe(
      Effect.provide(
        OtlpTelemetry.layer({ baseUrl: "http://127.0.0.1:4318", ...options }).pipe(
          Layer.provide(collector(sent)),
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env)))
        )
      )
    )
    const [first = ""] = sent
    return /"service\.name","value":\{"stringValue":"([^"]*)"/.exec(first)?.[1]
  })

describe("options that cannot be used", () => {
  it.effect("of an audit: a durability of another spelling would lose lines", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      const options = untyped('{ "durability": "sync", "mode": "600", "daily": "no" }')
      assert.deepStrictEqual(yield* namesOf(AuditLog.layer({ ...options, path })), [
        "AuditLog daily",
        "AuditLog durability",
        "AuditLog mode"
      ])
      assert.deepStrictEqual(yield* namesOf(AuditLog.layer(untyped("{}"))), ["AuditLog path"])
      assert.deepStrictEqual(yield* namesOf(AuditLog.layer({ path, mode: 0o400 })), ["AuditLog mode"])
    })
  )

  it.effect("of a budget: a database in memory would forget what was spent", () =>
    Effect.gen(function* () {
      const caps = [{ amount: "1", currency: "USD" }] as const
      for (const path of [":memory:", "", "a\0b"]) {
        assert.deepStrictEqual(yield* namesOf(SqliteBudget.layer({ path, caps })), ["SqliteBudget path"])
      }
      assert.deepStrictEqual(yield* namesOf(SqliteBudget.layer(untyped('{ "caps": [], "durability": "disk" }'))), [
        "SqliteBudget path",
        "SqliteBudget durability"
      ])
      const redis = Layer.effect(
        Redis.Redis,
        Redis.make({ send: nobody, subscribe: nobody, connect: Effect.die("Redis was asked") })
      )
      assert.deepStrictEqual(
        yield* namesOf(Layer.provide(RedisBudget.layer({ caps, name: "a{b}", keyPrefix: untyped("4") }), redis)),
        ["RedisBudget name", "RedisBudget keyPrefix"]
      )
    })
  )

  it.effect("of stores without a path", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* namesOf(SqliteCacheStore.layer(untyped("{}"))), ["SqliteCacheStore path"])
      assert.deepStrictEqual(yield* namesOf(FileCacheStore.layer(untyped("{}"))), ["FileCacheStore path"])
    })
  )

  it.effect("of files to follow", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* namesOf(ConfigWatch.layer(untyped('{ "json": 5, "debounce": "soon" }'))), [
        "ConfigWatch debounce",
        "ConfigWatch json"
      ])
      assert.deepStrictEqual(yield* namesOf(ConfigFile.layer(untyped('{ "dotEnv": "" }'))), ["ConfigFile dotEnv"])
    })
  )

  it.effect("of a plan: a member that is misspelt would be none", () =>
    Effect.gen(function* () {
      const planOf = (fallback: string) =>
        namesOf(KimiNode.layer({ apiKey: Redacted.make("sk-a") }, untyped(`{ "fallback": ${fallback} }`)))
      assert.deepStrictEqual(
        yield* planOf('[{ "modle": "kimi-k2.6" }, { "model": "kimi-k2.6", "on": "OverloadedError" }]'),
        ["steps[0].modle", "steps[1].on"]
      )
      assert.deepStrictEqual(yield* planOf('[{ "model": "kimi-k2.6" }, null]'), ["steps[1]"])
      assert.deepStrictEqual(yield* planOf("{}"), ["steps"])
    })
  )

  it.effect("of a collector", () =>
    Effect.gen(function* () {
      const options = untyped('{ "baseUrl": "localhost:4318", "exportInterval": "soon", "shutdownTimeout": -1 }')
      assert.deepStrictEqual(
        yield* namesOf(Layer.provide(OtlpTelemetry.layer(options), collector([]))),
        ["baseUrl", "exportInterval", "shutdownTimeout"].map((name) => `OtlpTelemetry ${name}`)
      )
    })
  )
})

describe("the Node edge", () => {
  it("loads SQLite for nobody who opens no database", () => {
    const edge = new URL("../../src/node/index.ts", import.meta.url).href
    const program = `await import("${edge}"); console.log(process.moduleLoadList.filter((name) => /sqlite/i.test(name)))`
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" })
    assert.strictEqual(stdout.trim(), "[]")
  })
})

describe("ConfigFile", () => {
  it.effect("refuses a document in which every option would be the default", () =>
    Effect.gen(function* () {
      const json = join(yield* folder, "kimi.json")
      for (const text of ["[1, 2]", "null", '"sk-canary"', '{ "kimi": "sk-canary" }', '{ "kimi": [] }']) {
        writeFileSync(json, text)
        const error = yield* Effect.flip(ConfigFile.make({ json }))
        assert.deepStrictEqual(error.issues, [
          { name: json, expected: "a JSON object whose member kimi is an object with the options" }
        ])
      }
    })
  )

  it.effect("reads a document that begins with a mark of the byte order", () =>
    Effect.gen(function* () {
      const json = join(yield* folder, "kimi.json")
      writeFileSync(json, '\ufeff{ "kimi": { "apiKey": "sk-test", "maxAttempts": 3 } }')
      const live = yield* Effect.provide(
        LiveConfig.LiveConfig,
        Layer.provide(LiveConfig.layerConfig(), ConfigFile.layer({ json }))
      )
      const { config } = yield* live.current
      assert.strictEqual(config.maxAttempts, 3)
      assert.notStrictEqual(config.maxAttempts, KimiConfig.defaults.maxAttempts)
    })
  )
})

describe("OtlpTelemetry", () => {
  it.effect("names a program that says no name as OpenTelemetry does", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* namedBy({}, {}), "unknown_service")
      assert.strictEqual(yield* namedBy({ serviceName: "reports" }, { OTEL_SERVICE_NAME: "other" }), "reports")
      assert.strictEqual(yield* namedBy({ attributes: { "service.name": "attributed" } }, {}), "attributed")
      assert.strictEqual(yield* namedBy({}, { OTEL_SERVICE_NAME: "from-env" }), "from-env")
      assert.strictEqual(yield* namedBy({}, { OTEL_RESOURCE_ATTRIBUTES: "a=b,service.name=resource" }), "resource")
    })
  )
})
