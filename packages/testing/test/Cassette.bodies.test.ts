import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Stream from "effect/Stream"
import * as CassetteStore from "../src/CassetteStore.ts"
import { ask, chatUrl, counting, fileText, hello, host, post, store, use } from "./support/cassettes.ts"

describe("Cassette", () => {
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
      ["JSON that is nested deeply", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
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

    it.effect("a stream that is read to its end is written once", () =>
      Effect.gen(function* () {
        const kept = yield* CassetteStore.makeMemory()
        let writes = 0
        const counted = CassetteStore.CassetteStore.of({
          ...kept,
          // The check for a store that cannot be written fails its update, and so writes nothing.
          update: (name, change) => Effect.tap(kept.update(name, change), () => Effect.sync(() => void (writes += 1)))
        })
        const { layer } = host(
          () => new Response("data: 1\n\ndata: [DONE]\n\n", { headers: { "content-type": "text/event-stream" } })
        )
        yield* ask(hello).pipe(
          use({ mode: "record" }, layer),
          Effect.provideService(CassetteStore.CassetteStore, counted)
        )
        assert.strictEqual(writes, 1)
      })
    )

    it.effect("a stream whose reader left at the end mark is complete", () =>
      Effect.gen(function* () {
        const encode = (text: string) => new TextEncoder().encode(text)
        const { layer } = host(
          () =>
            new Response(
              new ReadableStream({ start: (controller) => controller.enqueue(encode("data: 1\n\ndata: [DONE]\n\n")) }),
              { headers: { "content-type": "text/event-stream" } }
            )
        )
        yield* Effect.flatMap(post(hello), (response) => Stream.runHead(response.stream)).pipe(
          use({ mode: "record" }, layer)
        )
        const text = yield* Effect.flatMap(post(hello), (response) => response.text).pipe(use({}, layer))
        assert.strictEqual(text, "data: 1\n\ndata: [DONE]\n\n")
      }).pipe(store)
    )

    it.effect("a stream that is still read when the layer is released is recorded so far", () =>
      Effect.gen(function* () {
        const encode = (text: string) => new TextEncoder().encode(text)
        const { layer } = host(
          () =>
            new Response(new ReadableStream({ start: (controller) => controller.enqueue(encode("data: 1\n\n")) }), {
              headers: { "content-type": "text/event-stream" }
            })
        )
        const started = yield* Deferred.make<void>()
        yield* Effect.andThen(
          Effect.forkScoped(
            Effect.flatMap(post(hello), (response) =>
              Stream.runForEach(response.stream, () => Deferred.succeed(started, undefined))
            )
          ),
          Deferred.await(started)
        ).pipe(use({ mode: "record" }, layer))
        assert.include(yield* fileText, '"isIncomplete": true')
      }).pipe(Effect.scoped, store)
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
})
