import { assert, describe, it } from "@effect/vitest"
import { CassetteMissError } from "@kimi-effect/core/CassetteErrors"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClientError from "effect/http/HttpClientError"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Cassette from "../src/Cassette.ts"
import { CassetteSecretError } from "../src/CassetteErrors.ts"
import * as CassetteStore from "../src/CassetteStore.ts"
import { ask, chatUrl, fileText, host, json, post, use } from "./support/cassettes.ts"

const store = Effect.provide(CassetteStore.layerMemory())
const hello = { model: "kimi-k3", messages: [{ role: "user", content: "Hello!" }] }

/** A host that numbers its answers. */
const counting = () => host((_, count) => json({ answer: count }))

/** The error of a request that the cassette does not contain. */
const missOf = (error: unknown): CassetteMissError => {
  assert.isTrue(HttpClientError.isHttpClientError(error))
  assert.instanceOf((error as HttpClientError.HttpClientError).cause, CassetteMissError)
  return (error as HttpClientError.HttpClientError).cause as CassetteMissError
}

describe("Cassette", () => {
  describe("modes", () => {
    it.effect("replay answers with what record received", () =>
      Effect.gen(function* () {
        const recording = counting()
        yield* ask(hello).pipe(use({ mode: "record" }, recording.layer))
        const replaying = counting()
        const answer = yield* ask(hello).pipe(use({ mode: "replay" }, replaying.layer))
        assert.strictEqual(answer, '{"answer":1}')
        assert.strictEqual(replaying.received.length, 0)
      }).pipe(store)
    )

    it.effect("replay is the default", () =>
      Effect.gen(function* () {
        const { layer, received } = counting()
        const error = yield* Effect.flip(ask(hello)).pipe(use({}, layer))
        assert.strictEqual(missOf(error).cassette, "test")
        assert.strictEqual(received.length, 0)
      }).pipe(store)
    )

    it.effect("the variable KIMI_CASSETTE_MODE sets the mode", () =>
      Effect.gen(function* () {
        const { layer, received } = counting()
        yield* ask(hello).pipe(use({}, layer, { KIMI_CASSETTE_MODE: "auto" }))
        assert.strictEqual(received.length, 1)
      }).pipe(store)
    )

    it.effect("auto records only what is missing", () =>
      Effect.gen(function* () {
        const { layer, received } = counting()
        yield* ask(hello).pipe(use({ mode: "auto" }, layer))
        const other = { ...hello, model: "kimi-k2.6" }
        const answers = yield* Effect.all([ask(hello), ask(other)]).pipe(use({ mode: "auto" }, layer))
        assert.deepStrictEqual(answers, ['{"answer":1}', '{"answer":2}'])
        assert.strictEqual(received.length, 2)
        const replayed = yield* Effect.all([ask(other), ask(hello)]).pipe(use({}, layer))
        assert.deepStrictEqual(replayed, ['{"answer":2}', '{"answer":1}'])
      }).pipe(store)
    )

    it.effect("auto sends a request that was recorded from another host", () =>
      Effect.gen(function* () {
        const { layer, received } = counting()
        yield* ask(hello).pipe(use({ mode: "auto" }, layer))
        const url = chatUrl.replace("moonshot.ai", "moonshot.cn")
        yield* ask(hello, { url }).pipe(use({ mode: "auto" }, layer))
        assert.strictEqual(received.length, 2)
      }).pipe(store)
    )

    it.effect("record replaces the response to a request", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        yield* ask(hello).pipe(use({ mode: "record" }, layer))
        yield* ask(hello).pipe(use({ mode: "record" }, layer))
        assert.strictEqual(yield* ask(hello).pipe(use({}, layer)), '{"answer":2}')
      }).pipe(store)
    )

    it.effect("record keeps the responses to other requests", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        yield* ask(hello).pipe(use({ mode: "record" }, layer))
        yield* ask({ ...hello, model: "kimi-k2.6" }).pipe(use({ mode: "record" }, layer))
        assert.strictEqual(yield* ask(hello).pipe(use({}, layer)), '{"answer":1}')
      }).pipe(store)
    )

    it.effect("passthrough sends without recording", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        assert.strictEqual(yield* ask(hello).pipe(use({ mode: "passthrough" }, layer)), '{"answer":1}')
        assert.strictEqual(yield* fileText, "")
      }).pipe(store)
    )

    for (const mode of ["record", "auto", "passthrough"] as const) {
      it.effect(`CI=true replaces ${mode} by replay`, () =>
        Effect.gen(function* () {
          const { layer, received } = counting()
          missOf(yield* Effect.flip(ask(hello)).pipe(use({ mode }, layer, { CI: "true" })))
          assert.strictEqual(received.length, 0)
        }).pipe(store)
      )
    }

    it.effect("CI=false keeps the mode", () =>
      Effect.gen(function* () {
        const { layer, received } = counting()
        yield* ask(hello).pipe(use({ mode: "record" }, layer, { CI: "false" }))
        assert.strictEqual(received.length, 1)
      }).pipe(store)
    )
  })

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

  describe("tests that share a layer", () => {
    it.effect("start from the beginning after a reset", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        yield* ask(hello).pipe(use({ mode: "record" }, layer))
        const answer = yield* Effect.gen(function* () {
          const cassette = yield* Cassette.Cassette
          yield* ask(hello)
          yield* cassette.reset
          return yield* ask(hello)
        }).pipe(use({}, layer))
        assert.strictEqual(answer, '{"answer":1}')
      }).pipe(store)
    )

    it.effect("can list what was not replayed", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        const url = chatUrl.replace("chat/completions", "files")
        yield* Effect.all([ask(hello), ask(hello, { url })]).pipe(use({ mode: "record" }, layer))
        const unused = yield* Effect.andThen(
          ask(hello),
          Effect.flatMap(Cassette.Cassette, (cassette) => cassette.unused)
        ).pipe(use({}, layer))
        assert.deepStrictEqual(unused, ["#2 POST /v1/files"])
      }).pipe(store)
    )
  })

  describe("bodies", () => {
    const roundTrip = (respond: () => Response) =>
      Effect.gen(function* () {
        const { layer } = host(respond)
        const bytes = Effect.flatMap(post(hello), (response) => response.arrayBuffer)
        const sent = yield* bytes.pipe(use({ mode: "record" }, layer))
        const replayed = yield* bytes.pipe(use({}, layer))
        return [Buffer.from(sent).toString("hex"), Buffer.from(replayed).toString("hex")]
      }).pipe(store)

    const bodies: ReadonlyArray<readonly [string, Uint8Array | string]> = [
      ["compact JSON", '{"a":[1,{"__proto__":"x"}],"10":1,"2":"é\\n\\""}'],
      ["JSON with white space", '{ "a" : 1.0 }\n'],
      ["JSON with a repeated member", '{"a":1,"a":2}'],
      ["text", "plain\r\ntext\u0000"],
      ["bytes that are no text", Uint8Array.from([0xff, 0xfe, 0x00, 0x80])],
      ["a byte order mark", "\uFEFF{}"]
    ]
    for (const [name, body] of bodies) {
      it.effect(`${name}: replays the same bytes`, () =>
        Effect.map(
          roundTrip(() => new Response(typeof body === "string" ? body : Buffer.from(body))),
          ([sent, replayed]) => {
            assert.strictEqual(sent, Buffer.from(body as string).toString("hex"))
            assert.strictEqual(replayed, sent)
          }
        )
      )
    }

    it.effect("an event stream replays the same bytes", () =>
      Effect.map(
        roundTrip(
          () =>
            new Response('data: {"a":1}\n\n: comment\n\ndata: [DONE]\n\ndata: { }\r\n\r\ndata: cut', {
              headers: { "content-type": "text/event-stream" }
            })
        ),
        ([sent, replayed]) => assert.strictEqual(replayed, sent)
      )
    )

    it.effect("a response without a body is replayed", () =>
      Effect.gen(function* () {
        const { layer } = host(() => new Response(null, { status: 204 }))
        const status = Effect.map(post(hello), (response) => response.status)
        yield* status.pipe(use({ mode: "record" }, layer))
        assert.strictEqual(yield* status.pipe(use({}, layer)), 204)
      }).pipe(store)
    )

    it.effect("a form with another boundary is the same request", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        const form = () => {
          const data = new FormData()
          data.append("purpose", "file-extract")
          data.append("file", new Blob([Uint8Array.from([1, 255])]), "a.bin")
          return data
        }
        const { HttpClient, HttpClientRequest } = yield* Effect.promise(() => import("effect/http"))
        const upload = Effect.flatMap(
          Effect.suspend(() =>
            HttpClient.execute(HttpClientRequest.post(chatUrl).pipe(HttpClientRequest.bodyFormData(form())))
          ),
          (response) => response.text
        )
        yield* upload.pipe(use({ mode: "record" }, layer))
        assert.strictEqual(yield* upload.pipe(use({}, layer)), '{"answer":1}')
      }).pipe(store)
    )

    it.effect("a stream that its reader left ends in an error after what was read", () =>
      Effect.gen(function* () {
        const encode = (text: string) => new TextEncoder().encode(text)
        const { layer } = host(
          () =>
            new Response(
              new ReadableStream({
                pull: (controller) => controller.enqueue(encode("data: 1\n\n"))
              }),
              { headers: { "content-type": "text/event-stream" } }
            )
        )
        yield* Effect.flatMap(post(hello), (response) => Stream.runHead(response.stream)).pipe(
          use({ mode: "record" }, layer)
        )
        const texts: Array<string> = []
        const exit = yield* Effect.flatMap(post(hello), (response) =>
          Effect.exit(
            Stream.runForEach(response.stream, (bytes) => Effect.sync(() => texts.push(Buffer.from(bytes).toString())))
          )
        ).pipe(use({}, layer))
        assert.deepStrictEqual(texts, ["data: 1\n\n"])
        assert.isTrue(Exit.isFailure(exit))
      }).pipe(store)
    )
  })

  describe("timing", () => {
    /** A stream whose second event comes 300 ms after the first, on the test clock. */
    const recordTimed = (recordTiming: boolean) =>
      Effect.gen(function* () {
        const encode = (text: string) => new TextEncoder().encode(text)
        const { HttpClient, HttpClientResponse } = yield* Effect.promise(() => import("effect/http"))
        const { Layer } = yield* Effect.promise(() => import("effect"))
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

  describe("secrets", () => {
    const key = "sk-live-0123456789"

    it.effect("the key of a request is not written, even when the host quotes it", () =>
      Effect.gen(function* () {
        const { layer } = host(() => json({ error: { message: `Incorrect API key ${key}` } }))
        yield* ask(hello, { headers: { authorization: `Bearer ${key}` } }).pipe(use({ mode: "record" }, layer))
        assert.notInclude(yield* fileText, "0123456789")
      }).pipe(store)
    )

    it.effect("headers that name the account are redacted", () =>
      Effect.gen(function* () {
        const { layer } = host(() => json({}, { "msh-uid": "u-4711", "x-team": "blue" }))
        yield* ask(hello).pipe(use({ mode: "record", redact: { headers: ["X-Team"] } }, layer))
        const text = yield* fileText
        assert.include(text, '"msh-uid": "<redacted>"')
        assert.include(text, '"x-team": "<redacted>"')
      }).pipe(store)
    )

    it.effect("what matches a pattern is redacted within JSON that stays valid", () =>
      Effect.gen(function* () {
        const { layer } = host(() => json({ arguments: '{"mail":"ann@example.com\\n\\"x\\""}' }))
        const options = { redact: { patterns: [/[a-z]+@example\.com/] } }
        yield* ask(hello).pipe(use({ mode: "record", ...options }, layer))
        const answer = yield* ask(hello).pipe(use(options, layer))
        assert.deepStrictEqual(JSON.parse(JSON.parse(answer).arguments), { mail: '<redacted>\n"x"' })
      }).pipe(store)
    )

    it.effect("a request with a secret is found again", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        const options = { redact: { secrets: ["canary-1"] } }
        const body = { ...hello, user: "canary-1" }
        yield* ask(body).pipe(use({ mode: "record", ...options }, layer))
        assert.strictEqual(yield* ask(body).pipe(use(options, layer)), '{"answer":1}')
      }).pipe(store)
    )

    /** A host that sends a secret in a form that is not redacted. */
    const leaking = host(() => new Response('{"note" : "canar\\u0079-value"}')).layer
    const leakOptions = { mode: "record", redact: { secrets: ["canary-value"] } } as const
    const save = Effect.flatMap(Cassette.Cassette, (cassette) => cassette.save)

    it.effect("a recording with a secret that is left is not written", () =>
      Effect.gen(function* () {
        yield* Effect.exit(ask(hello).pipe(use(leakOptions, leaking)))
        assert.strictEqual(yield* fileText, "")
      }).pipe(store)
    )

    it.effect("save names the place of a secret that is left", () =>
      Effect.gen(function* () {
        const errors: Array<unknown> = []
        yield* Effect.andThen(ask(hello), Effect.flip(save)).pipe(
          Effect.tap((error) => Effect.sync(() => errors.push(error))),
          use(leakOptions, leaking),
          Effect.exit
        )
        assert.instanceOf(errors[0], CassetteSecretError)
        assert.strictEqual((errors[0] as CassetteSecretError).place, "response.body.note")
      }).pipe(store)
    )

    it.effect("the release of the layer dies when a secret is left", () =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(ask(hello).pipe(use(leakOptions, leaking)))
        assert.isTrue(Exit.hasDies(exit))
      }).pipe(store)
    )
  })
})
