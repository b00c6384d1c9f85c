/** The client over HTTP with a Node cache: requests that reach the host, and data in the store. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as CacheControl from "@kimi-effect/core/CacheControl"
import type { CacheStoreError } from "@kimi-effect/core/CacheErrors"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Deferred, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import * as KimiClient from "../../src/KimiClient.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import * as ResponseCache from "../../src/node/ResponseCache.ts"
import * as canary from "./support/canary.ts"
import { folder, until } from "./support/files.ts"

type CacheLayer = Layer.Layer<ResponseCache.ResponseCache, ConfigurationError | CacheStoreError>

/** A server, and a client of it with a cache. */
const setup = Effect.fnUntraced(function* (cache: CacheLayer, apiKey = canary.key) {
  const server = yield* MockServer.make({ validateRequests: false, tokenDelay: "1 millis" })
  const client = KimiNode.layer({ apiKey: Redacted.make(apiKey), baseUrl: server.url })
  const context = yield* Layer.build(Layer.provideMerge(client, cache))
  return {
    server,
    kimi: Context.get(context, KimiClient.KimiClient),
    cache: Context.get(context, ResponseCache.ResponseCache)
  }
})

/** The events as text, without where they came from. */
const textOf = (events: ReadonlyArray<StreamEvent>): string =>
  JSON.stringify(events.map((event) => (event._tag === "Start" ? { ...event, cached: undefined } : event)))

const words = Array.from({ length: 60 }, (_, i) => `word${i}`).join(" ")

describe("a client over HTTP with a cache", () => {
  it.live("sends one request for equal calls, one after the other", () =>
    Effect.gen(function* () {
      const { cache, kimi, server } = yield* setup(ResponseCache.layerMemory())
      const first = yield* kimi.chat(canary.request)
      const second = yield* kimi.chat(canary.request)
      assert.strictEqual(second.text, first.text)
      const events = yield* Stream.runCollect(kimi.stream(canary.request))
      assert.strictEqual(events.at(-1)?._tag, "Finish")
      assert.strictEqual((yield* server.requests).length, 1)
      assert.deepInclude((yield* cache.statistics).memory, { hits: 2, misses: 1, entries: 1 })
    })
  )

  it.live("sends one request for 100 equal calls at the same time", () =>
    Effect.gen(function* () {
      const { kimi, server } = yield* setup(ResponseCache.layerMemory())
      const calls = Array.from({ length: 100 }, () => kimi.chat(canary.request))
      const answers = yield* Effect.all(calls, { concurrency: "unbounded" })
      assert.strictEqual(new Set(answers.map(({ id, text }) => `${id} ${text}`)).size, 1)
      assert.strictEqual((yield* server.requests).length, 1)
    })
  )

  it.live("gives readers of one stream the same events over one request, each at its own pace", () =>
    Effect.gen(function* () {
      const { kimi, server } = yield* setup(ResponseCache.layerMemory())
      yield* server.replyAlways(Reply.chatResponse({ content: words, reasoning_content: words }))
      const quickOnesAreDone = yield* Deferred.make<void>()
      const seen: Array<StreamEvent> = []
      const slow = yield* Effect.forkChild(
        Stream.runForEach(kimi.stream(canary.request), (event) => {
          seen.push(event)
          return seen.length === 2 ? Deferred.await(quickOnesAreDone) : Effect.void
        })
      )
      const quick = yield* Effect.all(
        Array.from({ length: 7 }, () => Stream.runCollect(kimi.stream(canary.request))),
        { concurrency: "unbounded" }
      )
      yield* until(Effect.sync(() => seen.length === 2))
      const late = yield* Stream.runCollect(kimi.stream(canary.request))
      yield* Deferred.succeed(quickOnesAreDone, undefined)
      yield* Fiber.join(slow)
      assert.strictEqual((yield* server.requests).length, 1)
      const [first = []] = quick
      assert.isAbove(first.length, 60)
      for (const events of [...quick, seen]) assert.strictEqual(textOf(events), textOf(first))
      // Who comes when the stream is over gets the answer at once, in larger pieces.
      const spoken = (events: ReadonlyArray<StreamEvent>) =>
        events.flatMap((event) => (event._tag === "TextDelta" ? [event.text] : [])).join("")
      assert.deepStrictEqual([spoken(late), spoken(first)], [words, words])
    })
  )

  it.live("closes the connection when the last reader leaves", () =>
    Effect.gen(function* () {
      const { cache, kimi, server } = yield* setup(ResponseCache.layerMemory())
      yield* server.replyAlways(
        Reply.chatResponse({ content: words }, { fault: Fault.StallMidStream({ afterEvents: 20 }) })
      )
      const readers = yield* Effect.forEach(Array.from({ length: 3 }), () =>
        Effect.forkChild(Stream.runDrain(kimi.stream(canary.request)))
      )
      yield* server.awaitRequests(1)
      for (const reader of readers) yield* Fiber.interrupt(reader)
      yield* server.awaitAborted(1)
      assert.strictEqual((yield* cache.statistics).flights, 0)
      assert.strictEqual((yield* cache.statistics).memory.entries, 0)
    })
  )
})

describe("the data that a cache stores", () => {
  const encryptionKey = Redacted.make("00".repeat(31) + "01")
  const kinds: ReadonlyArray<readonly [what: string, layer: (path: string, isSecret: boolean) => CacheLayer]> = [
    [
      "an SQLite file",
      (path, isSecret) =>
        ResponseCache.layerSqlite(
          { path: join(path, "answers.db") },
          { envelope: isSecret ? { encryptionKey } : {}, flushTimeout: "10 seconds" }
        )
    ],
    [
      "a folder",
      (path, isSecret) =>
        ResponseCache.layerFile({ path }, { envelope: isSecret ? { encryptionKey } : {}, flushTimeout: "10 seconds" })
    ]
  ]
  for (const [what, layer] of kinds) {
    for (const isSecret of [false, true]) {
      it.live(
        `to ${what} contains neither key nor prompt${isSecret ? ", nor the response when it is encrypted" : ""}`,
        () =>
          Effect.gen(function* () {
            const path = yield* folder
            for (const apiKey of [canary.key, canary.formless]) {
              yield* Effect.scoped(
                Effect.gen(function* () {
                  const { cache, kimi, server } = yield* setup(layer(path, isSecret), apiKey)
                  yield* server.replyAlways(Reply.chatResponse({ content: "albatross" }))
                  const tagged = CacheControl.provide({ tags: ["greetings"] })
                  yield* tagged(kimi.chat(canary.request))
                  yield* tagged(Stream.runDrain(kimi.stream({ ...canary.request, max_completion_tokens: 9 })))
                  yield* until(Effect.map(cache.statistics, ({ store }) => store?.writes === 2))
                })
              )
            }
            const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
            const written = files.map((entry) => {
              const file = join(entry.parentPath, entry.name)
              return `${file} ${readFileSync(file, "latin1")}`
            })
            assert.isNotEmpty(written)
            for (const text of written) assert.isUndefined(canary.canaryIn(text))
            assert.strictEqual(
              written.some((text) => text.includes("albatross")),
              !isSecret
            )
          })
      )
    }
  }
})
