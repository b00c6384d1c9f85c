import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Random } from "effect"
import { TestClock } from "effect/testing"
import * as CachedResponse from "../../../../src/cache/internal/CachedResponse.ts"
import * as HeapSize from "../../../../src/cache/internal/levels/HeapSize.ts"
import * as MemoryCache from "../../../../src/cache/internal/levels/MemoryCache.ts"
import { response } from "../../support/cache.ts"

const body = (text: string, tags: ReadonlyArray<string> = ["model:kimi-k3"]): CachedResponse.CachedContent =>
  CachedResponse.copy({ response: response(text), tags })

const entry = (
  text: string,
  times: { readonly staleAt?: number; readonly expiresAt?: number } = {},
  tags?: ReadonlyArray<string>
) => {
  const { expiresAt = 1_000_000, staleAt = expiresAt } = times
  return { ...body(text, tags), createdAt: 0, staleAt, refreshAt: staleAt, expiresAt }
}

const options: MemoryCache.Options = { maxBytes: 1_000_000, maxEntries: 100, maxEntryBytes: 1_000_000 }

/** The heap in use after garbage collection: the current turn of the event loop may still hold something. */
const heapUsed = Effect.promise(async () => {
  setFlagsFromString("--expose-gc")
  const collect: () => void = runInNewContext("gc")
  let least = Number.POSITIVE_INFINITY
  for (let quiet = 0; quiet < 4;) {
    await new Promise(setImmediate)
    collect()
    const { heapUsed } = process.memoryUsage()
    quiet = heapUsed < least * 0.999 ? 0 : quiet + 1
    least = Math.min(least, heapUsed)
  }
  return least
})

/** Bytes of small objects for each that is estimated: V8 of Node 22 takes more for the same objects. */
const perByte = process.versions.node.startsWith("22.") ? 1.13 : 1

describe("MemoryCache", () => {
  it.effect("keeps its byte limit within a tenth of the actual heap size", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const between = (from: number, to: number) => from + Math.floor(chance.nextDoubleUnsafe() * (to - from))
      const maxBytes = 24 * 1024 * 1024
      const texts = ["plain ", "Grüße ", "中文 ", "line\n"]
      /** Mostly small, some large, of all kinds. */
      const random = (number: number): CachedResponse.CachedContent => {
        const text = (most: number) =>
          `${number}${(texts[between(0, texts.length)] ?? "").repeat(Math.floor(most ** chance.nextDoubleUnsafe() / 6))}`
        const calls = between(0, 4) === 0 ? between(1, 6) : 0
        const choices = Array.from({ length: between(0, 5) === 0 ? 3 : 1 }, (_, index) => ({
          index,
          message: {
            role: "assistant" as const,
            content: text(100_000),
            ...(between(0, 2) === 0 ? { reasoning_content: text(100_000) } : {}),
            ...(calls === 0
              ? {}
              : {
                  tool_calls: Array.from({ length: calls }, (_, call) => ({
                    id: `call_${number}_${call}`,
                    type: "function",
                    function: { name: `a_tool_${call}`, arguments: `{"query":"${text(1_000)}"}` }
                  }))
                })
          },
          finish_reason: "stop"
        }))
        const answer = response(`${number}`, {
          choices: [choices[0] ?? assert.fail(), ...choices.slice(1)],
          ...(between(0, 2) === 0 ? { requestId: `request ${number}`, traceId: `trace ${number}` } : {})
        })
        return CachedResponse.copy({
          response: answer,
          tags: Array.from({ length: between(1, 4) }, (_, tag) => `tag:of this number ${tag}`),
          ...(between(0, 3) === 0
            ? { recording: Array.from({ length: 5 * between(1, 200) + 1 }, () => between(0, 10_000)) }
            : {})
        })
      }
      const fill = (memory: MemoryCache.MemoryCache, from: number, to: number) => {
        for (let number = from; number < to; number++) {
          const key = Array.from({ length: 64 }, () => between(0, 16).toString(16)).join("")
          memory.set(key, { ...random(number), createdAt: number, staleAt: 1e12, refreshAt: 1e12, expiresAt: 1e12 })
        }
      }
      const bounds = { maxBytes, maxEntries: 20_000, maxEntryBytes: maxBytes }
      fill(yield* MemoryCache.make(bounds), 0, 500)
      const memory = yield* MemoryCache.make(bounds)
      const before = yield* heapUsed
      fill(memory, 0, 3_000)
      const { bytes, entries, evictions } = memory.statistics()
      const taken = (yield* heapUsed) - before
      assert.isAtMost(bytes, maxBytes)
      assert.isAtLeast(evictions, 100)
      assert.isAtLeast(entries, 500)
      const about = `${bytes} reckoned, ${taken} taken by ${entries}`
      assert.isAtMost(taken, 1.1 * bytes, about)
      assert.isAtLeast(taken, 0.9 * bytes, about)
    }).pipe(Random.withSeed("heap"))
  )

  it.effect("estimates small entries exactly", () =>
    Effect.gen(function* () {
      const memory = yield* MemoryCache.make({ ...options, maxBytes: 1e9, maxEntries: 10_000 })
      const keys = Array.from({ length: 5_000 }, (_, number) => `${number}`.padStart(64, "0"))
      for (const key of keys.slice(0, 100)) memory.set(key, entry("warm"))
      memory.clear()
      const before = yield* heapUsed
      for (const [number, key] of keys.entries()) {
        const answer = response(`A short answer, number ${number}`)
        const made = CachedResponse.copy({ response: answer, tags: ["model:kimi-k3"] })
        memory.set(key, { ...made, createdAt: number, staleAt: 1e12, refreshAt: 1e12, expiresAt: 1e12 })
      }
      const taken = (yield* heapUsed) - before + 5_000 * 80
      const { bytes, entries } = memory.statistics()
      assert.strictEqual(entries, 5_000)
      // The keys, 80 bytes each, existed before.
      const estimated = bytes * perByte
      assert.isAtMost(taken, 1.1 * estimated, `${estimated} estimated, ${taken} taken`)
      assert.isAtLeast(taken, 0.9 * estimated, `${estimated} estimated, ${taken} taken`)
    })
  )

  it.effect("counts its operations exactly", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const between = (from: number, to: number) => from + Math.floor(chance.nextDoubleUnsafe() * (to - from))
      const size = HeapSize.ofEntry(body("0"))
      for (let round = 0; round < 30; round++) {
        const maxEntries = between(2, 12)
        const maxBytes = between(2, 14) * size
        const memory = yield* MemoryCache.make({ maxBytes, maxEntries, maxEntryBytes: maxBytes })
        /** The expected entries, least recently used first. */
        const model = new Map<string, CachedResponse.CachedResponse>()
        const expected = { hits: 0, staleHits: 0, misses: 0, evictions: 0, expirations: 0, rejections: 0 }
        let now = yield* TestClock.testClockWith((clock) => clock.currentTimeMillis)
        const bytes = () => [...model.values()].reduce((sum, kept) => sum + HeapSize.ofEntry(kept), 0)
        for (let step = 0; step < 300; step++) {
          const key = `${between(0, 16)}`
          const kept = model.get(key)
          switch (between(0, 8)) {
            case 0: {
              now += between(0, 30)
              yield* TestClock.setTime(now)
              break
            }
            case 1: {
              memory.remove(key)
              model.delete(key)
              break
            }
            case 2: {
              const seen = memory.peek(key)
              assert.strictEqual(seen, kept !== undefined && kept.expiresAt > now ? kept : undefined)
              break
            }
            case 3:
            case 4: {
              const made = entry("x".repeat(between(0, 2) * between(0, 1_500)), {
                staleAt: now + between(1, 60),
                expiresAt: now + between(60, 120)
              })
              if (HeapSize.ofEntry(made) > maxBytes) {
                assert.isFalse(memory.accepts(made))
                expected.rejections += 1
                break
              }
              assert.isTrue(memory.accepts(made))
              memory.set(key, made)
              model.delete(key)
              const drop = () => {
                const oldest = [...model.entries()].at(0) ?? assert.fail()
                model.delete(oldest[0])
                if (oldest[1].expiresAt <= now) expected.expirations += 1
                else expected.evictions += 1
              }
              while (model.size >= maxEntries || (model.size > 0 && bytes() + HeapSize.ofEntry(made) > maxBytes)) drop()
              model.set(key, made)
              break
            }
            default: {
              const found = memory.get(key)
              if (kept !== undefined && kept.expiresAt > now) {
                assert.strictEqual(found, kept)
                expected.hits += 1
                if (kept.staleAt <= now) expected.staleHits += 1
                model.delete(key)
                model.set(key, kept)
              } else {
                assert.isUndefined(found)
                expected.misses += 1
                if (kept !== undefined) expected.expirations += 1
                model.delete(key)
              }
            }
          }
          const { hits, misses } = expected
          assert.deepStrictEqual(memory.statistics(), {
            ...expected,
            hitRate: hits === 0 ? 0 : hits / (hits + misses),
            entries: model.size,
            bytes: bytes()
          })
        }
        assert.isAbove(expected.hits, 0)
        assert.isAbove(expected.misses, 0)
      }
    }).pipe(Random.withSeed("statistics"))
  )

  it.effect("serves an entry until it expires, as stale from its first stale millisecond", () =>
    Effect.gen(function* () {
      const memory = yield* MemoryCache.make(options)
      memory.set("k", entry("a", { staleAt: 500, expiresAt: 1_000 }))
      for (const [wait, staleHits, isThere] of [
        [499, 0, true],
        [1, 1, true],
        [499, 2, true],
        [1, 2, false]
      ] as const) {
        yield* TestClock.adjust(Duration.millis(wait))
        assert.strictEqual(memory.get("k") !== undefined, isThere)
        assert.strictEqual(memory.statistics().staleHits, staleHits)
      }
      assert.deepInclude(memory.statistics(), { entries: 0, bytes: 0, expirations: 1 })
    })
  )

  it.effect("removes by tag or all", () =>
    Effect.gen(function* () {
      const memory = yield* MemoryCache.make(options)
      memory.set("a", entry("a", {}, ["x", "y"]))
      memory.set("b", entry("b", {}, ["y"]))
      memory.set("c", entry("c", {}, ["z"]))
      memory.removeTag("y")
      assert.deepStrictEqual(
        ["a", "b", "c"].map((key) => memory.peek(key)?.response.text),
        [undefined, undefined, "c"]
      )
      memory.clear()
      assert.deepInclude(memory.statistics(), { entries: 0, bytes: 0, evictions: 0, expirations: 0 })
    })
  )

  it.effect("counts entries that expired before they were evicted", () =>
    Effect.gen(function* () {
      const cache = yield* MemoryCache.make({ ...options, maxEntries: 1 })
      cache.set("a", entry("a", { expiresAt: 1_000 }))
      yield* TestClock.adjust("1 second")
      cache.set("b", entry("b"))
      cache.set("c", entry("c"))
      assert.deepInclude(cache.statistics(), { expirations: 1, evictions: 1, entries: 1 })
    })
  )

  it.effect("has an entry until the moment at which it expires", () =>
    Effect.gen(function* () {
      const cache = yield* MemoryCache.make(options)
      cache.set("a", entry("a", { expiresAt: 1_000 }))
      yield* TestClock.adjust("999 millis")
      assert.isDefined(cache.peek("a"))
      assert.isDefined(cache.get("a"))
      yield* TestClock.adjust("1 millis")
      assert.isUndefined(cache.peek("a"))
      assert.isUndefined(cache.get("a"))
      assert.deepInclude(cache.statistics(), { hits: 1, misses: 1, hitRate: 0.5, expirations: 1, entries: 0 })
    })
  )

  it.effect("has nothing of an unknown key", () =>
    Effect.gen(function* () {
      const cache = yield* MemoryCache.make(options)
      assert.isUndefined(cache.peek("a"))
      assert.isUndefined(cache.get("a"))
      assert.deepInclude(cache.statistics(), { hits: 0, misses: 1, hitRate: 0 })
    })
  )

  it.effect("accepts an entry of the largest size", () =>
    Effect.gen(function* () {
      const content = body("a text")
      const maxEntryBytes = HeapSize.ofEntry(content)
      const accepts = Effect.map(MemoryCache.make({ ...options, maxEntryBytes }), (cache) => cache.accepts(content))
      const smaller = yield* MemoryCache.make({ ...options, maxEntryBytes: maxEntryBytes - 1 })
      assert.deepStrictEqual([yield* accepts, smaller.accepts(content)], [true, false])
      assert.strictEqual(smaller.statistics().rejections, 1)
    })
  )

  it.effect("counts the bytes of its entries", () =>
    Effect.gen(function* () {
      const cache = yield* MemoryCache.make(options)
      cache.set("a", entry("a"))
      assert.strictEqual(cache.statistics().bytes, HeapSize.ofEntry(entry("a")))
    })
  )
})
