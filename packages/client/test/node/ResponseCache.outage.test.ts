/** Calls of a client whose cache loses its store in the middle of them: none fails, and none gets a wrong answer. */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { type Store } from "@kimi-effect/testing/internal/CacheEntries"
import { Context, Effect, Fiber, Layer, Logger, Random, Redacted, Stream } from "effect"
import * as Redis from "@kimi-effect/core/Redis"
import * as CacheStore from "../../src/node/CacheStore.ts"
import { ChatTransport } from "../../src/ChatTransport.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import { providers } from "../../src/Provider.ts"
import { responseOf } from "../support/responses.ts"
import { connect, hasServer, privateRedis } from "./support/redis.ts"
import { flip } from "./support/cache/damage.ts"
import { databaseFile, folder, until } from "./support/files.ts"

const questions = 30

/** The response of the host: distinct for each question, of very different lengths. */
const answerTo = (question: string): string => `answer to ${question} `.repeat(1 + (question.length % 7) ** 3)

const transport = Layer.succeed(ChatTransport, {
  provider: providers.moonshot,
  chat: ({ messages, model }) =>
    Effect.sync(() => {
      const asked = messages[0]?.content
      const content = answerTo(typeof asked === "string" ? asked : assert.fail("no question"))
      return responseOf({ model, content })
    }),
  stream: () => Stream.die("not asked")
})

/** Makes calls through a client whose memory holds two responses, until it is stopped. */
const underLoad = Effect.fnUntraced(function* (store: Store, options: ResponseCache.PersistedOptions = {}) {
  const cached = ResponseCache.layerPersisted({ maxEntries: 2, cooldown: "20 millis", ...options }).pipe(
    Layer.provide(Layer.succeed(CacheStore.CacheStore, store))
  )
  const config = KimiConfig.layer({ apiKey: Redacted.make("sk-own-0123456789") })
  const layer = KimiClient.layerTransport.pipe(Layer.provideMerge(cached), Layer.provide([transport, config]))
  const context = yield* Layer.build(layer)
  const kimi = Context.get(context, KimiClient.KimiClient)
  const cache = Context.get(context, ResponseCache.ResponseCache)
  const run = { calls: 0, isOver: false }
  const worker = Effect.gen(function* () {
    while (!run.isOver) {
      const number = yield* Random.nextIntBetween(0, questions - 1)
      const question = `question ${"?".repeat(number)}`
      const { text } = yield* kimi.chat({ messages: [{ role: "user", content: question }] })
      assert.strictEqual(text, answerTo(question))
      run.calls += 1
      yield* Effect.yieldNow
    }
  })
  const workers = yield* Effect.forkChild(Effect.all([worker, worker, worker, worker], { concurrency: 4 }))
  const storeOf = Effect.map(cache.statistics, ({ store }) => store ?? assert.fail("there is no store"))
  /** Waits until a figure of the store has grown by so much. */
  const more = (figure: "hits" | "failures" | "corrupt" | "droppedWrites", by: number) =>
    Effect.flatMap(storeOf, (before) =>
      until(Effect.map(storeOf, (now) => workers.pollUnsafe() !== undefined || now[figure] >= before[figure] + by))
    )
  return {
    more,
    calls: (by: number) => {
      const before = run.calls
      return until(Effect.sync(() => workers.pollUnsafe() !== undefined || run.calls >= before + by))
    },
    /** Ends the run; a call that failed or was wrong fails it. */
    end: Effect.suspend(() => {
      run.isOver = true
      return Fiber.join(workers)
    })
  }
})

const quiet = Effect.provide(Logger.layer([]))

const filesOf = (root: string): ReadonlyArray<string> =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

describe("calls of a client whose store fails", () => {
  for (const outage of ["kill", "pause"] as const) {
    it.live.skipIf(!hasServer)(
      `continue without Redis after a ${outage} until it is back`,
      () =>
        Effect.gen(function* () {
          const server = yield* privateRedis
          const redis = yield* connect(server.port)
          const store = yield* Effect.provideService(CacheStore.makeRedis(), Redis.Redis, redis)
          const load = yield* underLoad(store, { timeout: "500 millis" })
          for (let round = 0; round < 2; round++) {
            yield* load.more("hits", 200)
            yield* server[outage]
            yield* load.more("failures", 20)
            yield* outage === "kill" ? server.restart : server.resume
          }
          yield* load.more("hits", 200)
          yield* load.end
        }).pipe(quiet),
      60_000
    )
  }

  it.live(
    "continue when an SQLite file is damaged in use",
    () =>
      Effect.gen(function* () {
        const path = yield* databaseFile
        const load = yield* underLoad(yield* CacheStore.makeSqlite({ path }))
        for (let round = 0; round < 20; round++) {
          yield* load.more("hits", 50)
          for (const part of ["", "-wal"]) yield* flip(`${path}${part}`, 60)
        }
        yield* load.more("hits", 50)
        yield* load.end
      }).pipe(quiet, Random.withSeed("a damaged file under load")),
    60_000
  )

  it.live(
    "continue when files of a folder are damaged in use",
    () =>
      Effect.gen(function* () {
        const path = yield* folder
        const load = yield* underLoad(yield* CacheStore.makeFile({ path }))
        for (let round = 0; round < 20; round++) {
          yield* load.more("hits", 50)
          for (const each of filesOf(path)) yield* flip(each, 3)
        }
        yield* load.more("hits", 50)
        yield* load.end
      }).pipe(quiet, Random.withSeed("a damaged folder under load")),
    60_000
  )

  it.live(
    "continue when the store is full or hangs",
    () =>
      Effect.gen(function* () {
        const path = yield* databaseFile
        const real = yield* CacheStore.makeSqlite({ path, maxBytes: 1_048_576 })
        const trouble = { isHanging: false }
        const hanging: Store = {
          ...real,
          get: (key) => (trouble.isHanging ? Effect.never : real.get(key)),
          // Every entry is enlarged, so that a few of them fill the file, and some are refused.
          set: (key, entry, keeping) =>
            trouble.isHanging
              ? Effect.never
              : real.set(key, Buffer.alloc(Math.min(entry.length * 400, 300_000), entry), keeping)
        }
        const load = yield* underLoad(hanging, { timeout: "50 millis", writeTimeout: "200 millis" })
        yield* load.more("droppedWrites", 20)
        yield* load.more("corrupt", 20)
        trouble.isHanging = true
        yield* load.more("failures", 20)
        yield* load.calls(500)
        trouble.isHanging = false
        yield* load.more("corrupt", 20)
        yield* load.end
      }).pipe(quiet, Random.withSeed("no room")),
    60_000
  )
})
