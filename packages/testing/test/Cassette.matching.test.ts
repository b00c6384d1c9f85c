import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ask, chatUrl, counting, hello, host, missOf, store, use } from "./support/cassettes.ts"

describe("Cassette", () => {
  describe("matching", () => {
    it.effect("ignores the order of members", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        yield* ask(hello).pipe(use({ mode: "record" }, layer))
        const { messages, model } = hello
        assert.strictEqual(yield* ask({ messages, model }).pipe(use({}, layer)), '{"answer":1}')
      }).pipe(store)
    )

    it.effect("ignores the members that the options name", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        const options = { match: { ignore: ["safety_identifier", "messages[].name"] } }
        const named = (name: string) => ({
          ...hello,
          safety_identifier: name,
          messages: [{ role: "user", content: "Hello!", name }]
        })
        yield* ask(named("a")).pipe(use({ mode: "record", ...options }, layer))
        assert.strictEqual(yield* ask(named("b")).pipe(use(options, layer)), '{"answer":1}')
      }).pipe(store)
    )

    it.effect("compares the headers that the options name", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        const options = { match: { headers: ["X-Version"] } }
        yield* ask(hello, { headers: { "x-version": "1" } }).pipe(use({ mode: "record", ...options }, layer))
        const error = yield* Effect.flip(ask(hello, { headers: { "x-version": "2" } })).pipe(use(options, layer))
        assert.deepStrictEqual(missOf(error).differences, ["headers.x-version"])
      }).pipe(store)
    )

    it.effect("answers the same request in the recorded order", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        const thrice = Effect.all([ask(hello), ask(hello), ask(hello)])
        yield* thrice.pipe(use({ mode: "record" }, layer))
        const answers = yield* thrice.pipe(use({}, layer))
        assert.deepStrictEqual(answers, ['{"answer":1}', '{"answer":2}', '{"answer":3}'])
      }).pipe(store)
    )

    it.effect("keeps the order in which concurrent requests were sent", () =>
      Effect.gen(function* () {
        const delays = [30, 10, 20]
        const { layer } = host((_, count) => {
          const body = new ReadableStream({
            start: (controller) =>
              void setTimeout(
                () => {
                  controller.enqueue(new TextEncoder().encode(`answer ${count}`))
                  controller.close()
                },
                delays[count - 1]
              )
          })
          return new Response(body)
        })
        const thrice = Effect.all([ask(hello), ask(hello), ask(hello)], { concurrency: 3 })
        yield* thrice.pipe(use({ mode: "record" }, layer))
        assert.deepStrictEqual(yield* thrice.pipe(use({}, layer)), ["answer 1", "answer 2", "answer 3"])
      }).pipe(store)
    )

    it.effect("gives each of many concurrent requests another response", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        const many = Effect.all(
          Array.from({ length: 40 }, () => ask(hello)),
          { concurrency: "unbounded" }
        )
        const recorded = yield* many.pipe(use({ mode: "record" }, layer))
        const replayed = yield* many.pipe(use({}, layer))
        assert.deepStrictEqual(replayed.toSorted(), recorded.toSorted())
        assert.strictEqual(new Set(replayed).size, 40)
      }).pipe(store)
    )

    it.effect("prefers the response of the requested host", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        const other = { url: chatUrl.replace("moonshot.ai", "moonshot.cn") }
        yield* Effect.all([ask(hello), ask(hello, other)]).pipe(use({ mode: "record" }, layer))
        const answers = yield* Effect.all([ask(hello, other), ask(hello)]).pipe(use({}, layer))
        assert.deepStrictEqual(answers, ['{"answer":2}', '{"answer":1}'])
      }).pipe(store)
    )
  })

  describe("a miss", () => {
    const missing = (recorded: unknown, asked: unknown) =>
      Effect.gen(function* () {
        const { layer } = counting()
        yield* ask(recorded).pipe(use({ mode: "record" }, layer))
        return missOf(yield* Effect.flip(ask(asked)).pipe(use({}, layer)))
      }).pipe(store)

    it.effect("names the nearest request", () =>
      Effect.map(missing(hello, { ...hello, model: "kimi-k2.6" }), (miss) =>
        assert.strictEqual(miss.nearest, "#1 POST /v1/chat/completions")
      )
    )

    it.effect("names the members that differ", () =>
      Effect.map(missing(hello, { model: "m", messages: [{ role: "user", content: "Bye!" }], n: 1 }), (miss) =>
        assert.deepStrictEqual(miss.differences, ["model", "messages[0].content", "n"])
      )
    )

    it.effect("contains no text of the request", () =>
      Effect.map(missing(hello, { ...hello, messages: [{ role: "user", content: "a private question" }] }), (miss) =>
        assert.notInclude(JSON.stringify(miss), "private")
      )
    )

    it.effect("is what a request gets after all its responses were replayed", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        yield* ask(hello).pipe(use({ mode: "record" }, layer))
        const error = yield* Effect.flip(Effect.andThen(ask(hello), ask(hello))).pipe(use({}, layer))
        assert.include(missOf(error).message, "already received")
      }).pipe(store)
    )

    it.effect("is avoided by repeatLast", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        yield* ask(hello).pipe(use({ mode: "record" }, layer))
        const again = Effect.andThen(ask(hello), ask(hello))
        assert.strictEqual(yield* again.pipe(use({ exhausted: "repeatLast" }, layer)), '{"answer":1}')
      }).pipe(store)
    )
  })
})
