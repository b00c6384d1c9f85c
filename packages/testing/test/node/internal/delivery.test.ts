import { createServer, type ServerResponse } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { deliver } from "../../../src/node/internal/delivery.ts"
import type { WirePlan } from "../../../src/internal/wirePlan.ts"
import * as RawClient from "../support/RawClient.ts"

const plan: WirePlan = {
  start: 0,
  status: 200,
  headers: {},
  bodyDelay: 0,
  writes: [Buffer.from("a"), Buffer.from("b")],
  writeDelay: 0,
  ending: "end"
}

/** Delivers one plan for every request, and counts how often it is settled. */
const serve = Effect.fnUntraced(function* (plan: WirePlan, onResponse?: (response: ServerResponse) => void) {
  const counts = { settled: 0 }
  const server = createServer((_, response) => {
    onResponse?.(response)
    deliver(response, plan, () => {
      counts.settled++
    })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${port}/`, counts }
})

describe("delivery", () => {
  it.live("sends each write as one chunk", () =>
    Effect.gen(function* () {
      const { counts, url } = yield* serve(plan)
      const { chunks, outcome } = yield* RawClient.request(url)
      assert.deepStrictEqual([chunks.map(String), outcome, counts.settled], [["a", "b"], "end", 0])
    })
  )

  it.live("waits before each write for its own time", () =>
    Effect.gen(function* () {
      const { url } = yield* serve({ ...plan, writeDelays: [0, 60_000] })
      const { chunks, outcome } = yield* RawClient.request(url, { disconnectAfter: 200 })
      assert.deepStrictEqual([chunks.map(String), outcome], [["a"], "disconnected"])
    })
  )

  it.live("settles once when it ends the response early", () =>
    Effect.gen(function* () {
      for (const ending of ["reset", "close"] as const) {
        const { counts, url } = yield* serve({ ...plan, ending })
        const { outcome, text } = yield* RawClient.request(url)
        assert.deepStrictEqual([text, outcome, counts.settled], ["ab", "ECONNRESET", 1])
      }
    })
  )

  it.live("clears its timers when clients disconnect", () =>
    Effect.gen(function* () {
      for (const waiting of [
        { start: 60_000 },
        { bodyDelay: 60_000 },
        { writeDelay: 60_000 },
        { writeDelays: [0, 60_000] },
        { writes: [Buffer.from("a")], writeDelays: [60_000] }
      ]) {
        const clients = Array.from({ length: 20 }, () => Deferred.makeUnsafe<void>())
        const waits = [...clients]
        const { url } = yield* serve({ ...plan, ...waiting }, (response) => {
          const left = waits.pop()
          response.once("close", () => left && Deferred.doneUnsafe(left, Effect.void))
        })
        const before = timers()
        yield* Effect.forEach(clients, () => RawClient.request(url, { disconnectAfter: 20 }), {
          concurrency: "unbounded"
        })
        yield* Effect.forEach(clients, Deferred.await)
        // The test runner also starts and clears timers.
        assert.isBelow(timers() - before, clients.length / 2)
      }
    })
  )

  it.live("survives a client that disconnects between two writes", () =>
    Effect.gen(function* () {
      let leave = () => {}
      const writes: Iterable<Uint8Array> = {
        *[Symbol.iterator]() {
          setImmediate(leave)
          yield Buffer.from("a")
          yield Buffer.from("b")
        }
      }
      const { url } = yield* serve({ ...plan, writes }, (response) => {
        leave = () => void response.destroy()
      })
      assert.strictEqual((yield* RawClient.request(url)).outcome, "ECONNRESET")
      yield* Effect.sleep("10 millis")
    })
  )

  it.live("waits for a slow client instead of buffering", () =>
    Effect.gen(function* () {
      let taken = 0
      const block = Buffer.alloc(1_000_000)
      const large: Iterable<Uint8Array> = {
        *[Symbol.iterator]() {
          for (; taken < 1000; taken++) yield block
        }
      }
      const { url } = yield* serve({ ...plan, writes: large })
      const { body } = yield* Effect.promise((signal) => openUnread(url, signal))
      yield* Effect.sleep("100 millis")
      assert.isBelow(taken, 100)
      yield* Effect.promise(async () => body?.cancel())
    })
  )
})

const openUnread = (url: string, signal: AbortSignal): Promise<Response> => fetch(url, { signal })

const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length
