import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import type { CallRecord } from "@kimi-effect/core/CallRecord"
import * as CallLog from "@kimi-effect/core/CallLog"
import * as Logging from "@kimi-effect/core/Logging"
import * as Observer from "@kimi-effect/core/Observer"
import * as LiveConfig from "@kimi-effect/core/LiveConfig"
import type { ReloadEvent } from "@kimi-effect/core/ReloadEvent"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { BigDecimal, ConfigProvider, Context, Effect, Layer, Stream } from "effect"
import { KimiClient } from "../../src/KimiClient.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import { folder, replace, until, write } from "./support/files.ts"
import { hello } from "./support/kimi.ts"

const price = (output: string) => ({
  models: [{ model: "kimi-k3", provider: "moonshot", currency: "USD", cacheMiss: "1", cacheHit: "1", output }]
})

const before = {
  apiKey: "sk-before",
  maxConcurrency: 3,
  totalTimeout: "40 seconds",
  idleTimeout: "20 seconds",
  maxAttempts: 1,
  retryBaseDelay: "1 millis",
  logLevel: "info",
  prices: price("10")
}

const after = {
  apiKey: "sk-after",
  maxConcurrency: 7,
  totalTimeout: "50 seconds",
  idleTimeout: "25 seconds",
  maxAttempts: 2,
  retryBaseDelay: "1 millis",
  logLevel: "error",
  prices: price("20")
}

const wrong = {
  ...after,
  maxConcurrency: 0,
  idleTimeout: "soon",
  maxAttempts: -1,
  logLevel: "loud",
  prices: price("-1")
}

const build = Effect.gen(function* () {
  const server = yield* MockServer.make()
  const path = join(yield* folder, "kimi.json")
  const textOf = (options: object) => JSON.stringify({ kimi: { baseUrl: server.url, ...options } })
  yield* write(path, textOf(before))
  const records: Array<CallRecord> = []
  const lines: Array<string> = []
  const events: Array<ReloadEvent> = []
  const log = yield* CallLog.make()
  const context = yield* Layer.build(
    KimiNode.layerWatch({ json: path, interval: "1 hour", debounce: "10 millis" }).pipe(
      Layer.provide(Observer.layer({ onCall: [log, (record) => Effect.sync(() => void records.push(record))] })),
      Layer.provideMerge(Logging.layer({ format: "json", level: "All", write: (line) => void lines.push(line) })),
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord({})))
    )
  )
  const { events: reloads } = Context.get(context, LiveConfig.LiveConfig)
  yield* Effect.forkScoped(
    Stream.runForEach(reloads, (event) => Effect.sync(() => void events.push(event))),
    { startImmediately: true }
  )
  return {
    server,
    records,
    events,
    kimi: Context.get(context, KimiClient),
    /** Removes and returns the messages logged since the last call. */
    takeMessages: () => lines.splice(0).map((line) => (JSON.parse(line) as { readonly message: unknown }).message),
    run: Effect.provideContext(context),
    save: (options: object) =>
      Effect.suspend(() => {
        const count = events.length + 1
        return Effect.andThen(replace(path, textOf(options)), until(Effect.sync(() => events.length === count)))
      })
  }
})

const usage = { prompt_tokens: 1_000_000, completion_tokens: 1_000_000, cached_tokens: 0 }

describe("KimiNode.layerWatch", () => {
  /** A client that watches a file, and the costs and keys of its calls. */
  const setup = Effect.gen(function* () {
    const built = yield* build
    yield* built.server.replyAlways(Reply.chatResponse({ content: "yes", usage }))
    return {
      ...built,
      costs: () => built.records.map(({ cost }) => cost && BigDecimal.format(cost.total)),
      keys: Effect.map(built.server.requests, (all) => all.map(({ headers }) => headers["authorization"]))
    }
  })

  it.live("applies every kind of option of a changed file", () =>
    Effect.gen(function* () {
      const { costs, events, keys, kimi, records, run, takeMessages, save, server } = yield* setup

      yield* run(kimi.chat(hello))
      assert.include(kimi.describe(), "concurrency 3")
      assert.include(kimi.describe(), "attempts 1")
      assert.include(kimi.describe(), "total 40s")
      assert.include(kimi.describe(), "idle 20s")
      assert.deepStrictEqual(costs(), ["11"])
      assert.deepStrictEqual(takeMessages(), ["chat succeeded"])

      yield* save(after)
      yield* server.reply(ErrorReply.make(503, "server_error", "down"))
      yield* run(kimi.chat(hello))
      const described = kimi.describe()
      assert.include(described, "concurrency 7")
      assert.include(described, "attempts 2")
      assert.include(described, "total 50s")
      assert.include(described, "idle 25s")
      assert.deepStrictEqual(costs(), ["11", "21"])
      assert.strictEqual(records[1]?.attempts, 2)
      // Nothing below an error is logged any more.
      assert.deepStrictEqual(takeMessages(), [])
      assert.deepStrictEqual(yield* keys, ["Bearer sk-before", "Bearer sk-after", "Bearer sk-after"])
      const [reloaded] = events
      assert.deepStrictEqual(reloaded?._tag === "Reloaded" && reloaded.changed.toSorted(), [
        "apiKey",
        "idleTimeout",
        "logLevel",
        "maxAttempts",
        "maxConcurrency",
        "prices",
        "totalTimeout"
      ])
    }).pipe(Effect.scoped)
  )

  it.live("keeps the last valid configuration when the file is invalid", () =>
    Effect.gen(function* () {
      const { costs, events, keys, kimi, run, save } = yield* setup
      yield* save(after)
      const described = kimi.describe()
      yield* run(kimi.chat(hello))
      yield* save(wrong)
      yield* run(kimi.chat(hello))
      assert.strictEqual(kimi.describe(), described)
      assert.deepStrictEqual(costs(), ["21", "21"])
      assert.strictEqual((yield* keys).at(-1), "Bearer sk-after")
      const [, rejected] = events
      assert.deepStrictEqual(rejected?._tag === "Rejected" && rejected.issues.map(({ name }) => name).toSorted(), [
        "kimi.idleTimeout",
        "kimi.logLevel",
        "kimi.maxAttempts",
        "kimi.maxConcurrency",
        "kimi.prices.models[0].output"
      ])
    }).pipe(Effect.scoped)
  )
})
