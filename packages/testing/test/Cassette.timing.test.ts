import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Cassette from "../src/Cassette.ts"
import { ask, counting, fileText, hello, post, store, use } from "./support/cassettes.ts"

describe("Cassette", () => {
  describe("timing", () => {
    /** A stream whose second event comes 300 ms after the first, on the test clock. */
    const recordTimed = (recordTiming: boolean) =>
      Effect.gen(function* () {
        const encode = (text: string) => new TextEncoder().encode(text)
        const slow = HttpClient.make((request) => {
          const response = HttpClientResponse.fromWeb(
            request,
            new Response("", { headers: { "content-type": "text/event-stream" } })
          )
          const stream = Stream.concat(
            Stream.make(encode("data: 1\n\n")),
            Stream.fromEffect(Effect.as(Effect.sleep(300), encode("data: 2\n\n")))
          )
          return Effect.as(
            Effect.sleep(100),
            new Proxy(response, { get: (target, name) => (name === "stream" ? stream : Reflect.get(target, name)) })
          )
        })
        const fiber = yield* Effect.forkChild(
          ask(hello).pipe(use({ mode: "record", recordTiming }, Layer.succeed(HttpClient.HttpClient, slow)))
        )
        yield* TestClock.adjust(100)
        yield* TestClock.adjust(300)
        yield* Fiber.join(fiber)
      })

    const replayUntil = (timing: Cassette.Options["timing"], adjustments: ReadonlyArray<number>) =>
      Effect.gen(function* () {
        yield* recordTimed(true)
        const texts: Array<string> = []
        const fiber = yield* Effect.forkChild(
          Effect.flatMap(post(hello), (response) =>
            Stream.runForEach(response.stream, (bytes) => Effect.sync(() => texts.push(Buffer.from(bytes).toString())))
          ).pipe(use({ timing }, counting().layer))
        )
        const seen: Array<number> = []
        for (const millis of adjustments) {
          yield* TestClock.adjust(millis)
          seen.push(texts.length)
        }
        yield* Fiber.join(fiber)
        return seen
      }).pipe(store)

    it.effect("real waits as long as the host did", () =>
      Effect.map(replayUntil("real", [99, 1, 299, 1]), (seen) => assert.deepStrictEqual(seen, [0, 1, 1, 2]))
    )

    it.effect("a scale multiplies the waits", () =>
      Effect.map(replayUntil({ scale: 0.5 }, [49, 1, 149, 1]), (seen) => assert.deepStrictEqual(seen, [0, 1, 1, 2]))
    )

    it.effect("instant does not wait", () =>
      Effect.map(replayUntil("instant", [0]), (seen) => assert.deepStrictEqual(seen, [2]))
    )

    it.effect("is not in the file unless requested", () =>
      Effect.gen(function* () {
        yield* recordTimed(false)
        assert.notInclude(yield* fileText, "after")
      }).pipe(store)
    )
  })
})
