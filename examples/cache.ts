/**
 * The response cache: in memory over an SQLite file, cache control per call, and the savings.
 *
 * `ResponseCache.layerMemory` needs no file; `layerFile` and `layerRedis` keep responses elsewhere.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { KimiClient } from "@kimi-effect/client"
import { KimiNode, ResponseCache } from "@kimi-effect/client/node"
import { Accounting, CacheControl, type ChatRequest, Cost } from "@kimi-effect/core"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

const request: ChatRequest = { messages: [{ role: "user", content: "Hello world!" }] }

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const cache = yield* ResponseCache.ResponseCache

  // Applies to a whole job: its responses are kept for an hour and can be removed together.
  const job = Effect.gen(function* () {
    const first = yield* kimi.chat(request)
    const second = yield* kimi.chat(request)
    yield* Console.log(`first: ${first.cached?.level ?? "the host"}, second: ${second.cached?.level}`)

    // Equal calls at the same time are one call, and streams share responses with chats.
    const question: ChatRequest = { messages: [{ role: "user", content: "How are you?" }] }
    yield* Effect.all(
      Array.from({ length: 20 }, () => Stream.runDrain(kimi.stream(question))),
      { concurrency: "unbounded" }
    )
  }).pipe(CacheControl.provide({ timeToLive: "1 hour", tags: ["greetings"] }))
  yield* job

  const refreshed = yield* kimi.chat(request).pipe(CacheControl.provide({ mode: "refresh" }))
  yield* Console.log(`refreshed: ${refreshed.cached?.level ?? "the host"}`)

  yield* cache.removeTag("greetings")
  const onlyIfCached = kimi
    .stream({ messages: [{ role: "user", content: "How are you?" }] })
    .pipe(Stream.runDrain, CacheControl.provide({ mode: "onlyIfCached" }))
  const error = yield* Effect.flip(onlyIfCached)
  yield* Console.log(`removed: ${error._tag}`)

  const { memory, store } = yield* cache.statistics
  yield* Console.log(
    `memory: ${memory.hits} of ${memory.hits + memory.misses} lookups, store: ${store?.pending} to write`
  )

  const { cached, savedByCache } = Accounting.total(yield* (yield* Accounting.Accounting).entries)
  const saved = [...savedByCache].map(([currency, amount]) => Cost.format({ currency, total: amount }))
  yield* Console.log(`${cached} responses came from the cache, which saved ${saved.join(" and ")}`)
})

const folder = mkdtempSync(join(tmpdir(), "kimi-cache-"))

const layer = KimiNode.layerConfig().pipe(
  Layer.provideMerge(ResponseCache.layerSqlite({ path: join(folder, "answers.db") }, { staleAfter: "30 minutes" })),
  Layer.provideMerge(Accounting.layer)
)

await Effect.runPromise(program.pipe(Effect.provide(layer)))
rmSync(folder, { recursive: true })
