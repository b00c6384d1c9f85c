import { assert, describe, it } from "@effect/vitest"
import type { Message } from "@kimi-effect/core/Message"
import { Effect, Schema, Stream } from "effect"
import * as HostApi from "../src/HostApi.ts"
import { base, errorResponse, get, hostApiOver, key } from "./support/httpHost.ts"

const Thing = Schema.Struct({ id: Schema.String })
const messages: ReadonlyArray<Message> = [{ role: "user", content: "Where is the treasure buried?" }]

const chunked = (...pieces: ReadonlyArray<string>) =>
  new Response(
    new ReadableStream({
      start: (controller) => {
        for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece))
        controller.close()
      }
    })
  )

describe("a request", () => {
  it.effect("is sent to the path below the base URL with the API key", () =>
    Effect.gen(function* () {
      const { api, sent } = yield* hostApiOver(() => new Response("ok"))
      yield* api.request({ ...get, response: HostApi.text })
      assert.strictEqual(sent[0]?.method, "GET")
      assert.strictEqual(sent[0]?.url, `${base}/things`)
      assert.strictEqual(sent[0]?.headers["authorization"], `Bearer ${key}`)
    })
  )

  it.effect.each([
    "",
    "things",
    "/files/",
    "//host/x",
    "/files/../users",
    "/files/%2E%2e",
    "/a/./b",
    "/a?b=c",
    "/a#b",
    "/a\\b",
    "/a b",
    undefined
  ])("is refused for the path %j, which is another one", (path) =>
    Effect.gen(function* () {
      const { api, sent } = yield* hostApiOver(() => new Response("ok"))
      const error = yield* Effect.flip(api.request({ ...get, path: path as string, response: HostApi.text }))
      assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "path" })
      assert.lengthOf(sent, 0)
    })
  )

  it.effect("can use DELETE", () =>
    Effect.gen(function* () {
      const { api, sent } = yield* hostApiOver(() => new Response("ok"))
      yield* api.request({ ...get, method: "DELETE", response: HostApi.text })
      assert.strictEqual(sent[0]?.method, "DELETE")
    })
  )

  it.effect("has the query parameters that are defined, encoded", () =>
    Effect.gen(function* () {
      const { api, sent } = yield* hostApiOver(() => new Response("ok"))
      const query = { after: "a b&c", limit: "20", order: undefined }
      yield* api.request({ ...get, query, response: HostApi.text })
      assert.strictEqual(sent[0]?.url, `${base}/things?after=a+b%26c&limit=20`)
    })
  )

  it.effect("sends a JSON body", () =>
    Effect.gen(function* () {
      const { api, sent } = yield* hostApiOver(() => new Response("ok"))
      const body = { _tag: "Json", value: { a: 1 } } as const
      yield* api.request({ ...get, method: "POST", body, response: HostApi.text })
      assert.strictEqual(sent[0]?.headers["content-type"], "application/json")
      assert.strictEqual(sent[0]?.body._tag === "Uint8Array" && sent[0].body.text, `{"a":1}`)
    })
  )

  it.effect("sends a multipart body", () =>
    Effect.gen(function* () {
      const { api, sent } = yield* hostApiOver(() => new Response("ok"))
      const form = new FormData()
      form.set("purpose", "batch")
      yield* api.request({ ...get, method: "POST", body: { _tag: "Multipart", form }, response: HostApi.text })
      assert.strictEqual(sent[0]?.body._tag === "FormData" && sent[0].body.formData, form)
    })
  )

  it.effect("sends a binary body with its content type", () =>
    Effect.gen(function* () {
      const { api, sent } = yield* hostApiOver(() => new Response("ok"))
      const body = { _tag: "Binary", bytes: new Uint8Array([1, 2]), contentType: "application/pdf" } as const
      yield* api.request({ ...get, method: "POST", body, response: HostApi.text })
      assert.strictEqual(sent[0]?.headers["content-type"], "application/pdf")
      assert.deepStrictEqual(sent[0]?.body._tag === "Uint8Array" && sent[0].body.body, body.bytes)
    })
  )

  it.effect("sends a stream with its length", () =>
    Effect.gen(function* () {
      const { api, sent } = yield* hostApiOver(() => new Response("ok"))
      const stream = Stream.make(new Uint8Array([1, 2]), new Uint8Array([3]))
      const body = { _tag: "Stream", stream, contentType: "application/pdf", contentLength: 3 } as const
      yield* api.request({ ...get, method: "POST", body, response: HostApi.text })
      assert.strictEqual(sent[0]?.headers["content-type"], "application/pdf")
      assert.strictEqual(sent[0]?.headers["content-length"], "3")
      assert.strictEqual(sent[0]?.body._tag === "Stream" && sent[0].body.stream, stream)
    })
  )

  it.effect("fails with the error of the status unless the status is accepted", () =>
    Effect.gen(function* () {
      const { api } = yield* hostApiOver(() => errorResponse(404, "No such thing"))
      const error = yield* Effect.flip(api.request({ ...get, response: HostApi.text }))
      assert.deepInclude(error, { _tag: "InvalidRequestError", status: 404 })
      assert.include(error.message, "No such thing")
    })
  )

  it.effect("accepts only 200 by default", () =>
    Effect.gen(function* () {
      const { api } = yield* hostApiOver(() => new Response("created", { status: 201 }))
      const error = yield* Effect.flip(api.request({ ...get, response: HostApi.text }))
      assert.deepInclude(error, { _tag: "InvalidResponseError", status: 201 })
    })
  )

  it.effect("returns the response with an accepted status", () =>
    Effect.gen(function* () {
      const { api } = yield* hostApiOver(() => new Response("gone", { status: 404 }))
      const response = HostApi.withStatus(HostApi.text)
      const result = yield* api.request({ ...get, acceptedStatuses: [200, 404], response })
      assert.deepStrictEqual(result, { status: 404, body: "gone" })
    })
  )

  it.effect("does not accept 200 unless it is listed", () =>
    Effect.gen(function* () {
      const { api } = yield* hostApiOver(() => new Response("ok"))
      const error = yield* Effect.flip(api.request({ ...get, acceptedStatuses: [204], response: HostApi.text }))
      assert.deepInclude(error, { _tag: "InvalidResponseError", status: 200 })
    })
  )

  const quoting = Effect.gen(function* () {
    const text = `Bad key ${key} for "Where is the treasure buried?"`
    const { api } = yield* hostApiOver(() => errorResponse(400, text))
    return yield* Effect.flip(api.request({ ...get, messages, response: HostApi.text }))
  })

  it.effect("redacts the API key from errors", () =>
    Effect.gen(function* () {
      assert.notInclude(JSON.stringify(yield* quoting), key)
    })
  )

  it.effect("redacts the messages from errors", () =>
    Effect.gen(function* () {
      const error = yield* quoting
      assert.notInclude(JSON.stringify(error), "treasure")
    })
  )

  it.effect("is sent again each time it is run", () =>
    Effect.gen(function* () {
      const { api, sent } = yield* hostApiOver(() => new Response("ok"))
      const request = api.request({ ...get, response: HostApi.text })
      assert.strictEqual(sent.length, 0)
      yield* request
      yield* request
      assert.strictEqual(sent.length, 2)
    })
  )
})

describe("HostApi.json", () => {
  it.effect("decodes the body with the schema", () =>
    Effect.gen(function* () {
      const { api, sent } = yield* hostApiOver(() => Response.json({ id: "a", more: 1 }))
      assert.deepStrictEqual(yield* api.request({ ...get, response: HostApi.json(Thing) }), { id: "a" })
      assert.strictEqual(sent[0]?.headers["accept"], "application/json")
    })
  )

  for (const [name, body] of [
    ["text", "<html>"],
    ["other JSON", `{"id":7}`]
  ] as const) {
    it.effect(`fails with InvalidResponseError for ${name}`, () =>
      Effect.gen(function* () {
        const { api } = yield* hostApiOver(() => new Response(body))
        const error = yield* Effect.flip(api.request({ ...get, response: HostApi.json(Thing) }))
        assert.deepInclude(error, { _tag: "InvalidResponseError", status: 200 })
      })
    )
  }

  it.effect("fails with the meaning of an error object that was sent with status 200", () =>
    Effect.gen(function* () {
      const { api } = yield* hostApiOver(() => errorResponse(200, "overloaded", "engine_overloaded_error"))
      const error = yield* Effect.flip(api.request({ ...get, response: HostApi.json(Thing) }))
      assert.strictEqual(error._tag, "OverloadedError")
    })
  )
})

describe("the size limit of a response", () => {
  const limited = { ...get, maxResponseBytes: 8 }

  it.effect("allows a body of exactly that size", () =>
    Effect.gen(function* () {
      const { api } = yield* hostApiOver(() => chunked("1234", "5678"))
      assert.strictEqual(yield* api.request({ ...limited, response: HostApi.text }), "12345678")
    })
  )

  it.effect("rejects text above it", () =>
    Effect.gen(function* () {
      const { api } = yield* hostApiOver(() => chunked("1234", "56789"))
      const error = yield* Effect.flip(api.request({ ...limited, response: HostApi.text }))
      assert.deepInclude(error, { _tag: "ResponseTooLargeError", limit: 8 })
    })
  )

  it.effect("rejects bytes above it", () =>
    Effect.gen(function* () {
      const { api } = yield* hostApiOver(() => chunked("1234", "56789"))
      const error = yield* Effect.flip(api.request({ ...limited, response: HostApi.bytes }))
      assert.deepInclude(error, { _tag: "ResponseTooLargeError", limit: 8 })
    })
  )

  it.effect("ends a stream of bytes that exceeds it", () =>
    Effect.gen(function* () {
      const { api } = yield* hostApiOver(() => chunked("1234", "56789"))
      const body = yield* api.request({ ...limited, response: HostApi.stream })
      const error = yield* Effect.flip(Stream.runDrain(body))
      assert.deepInclude(error, { _tag: "ResponseTooLargeError", limit: 8 })
    })
  )

  it.effect("defaults to that of the configuration", () =>
    Effect.gen(function* () {
      const { api } = yield* hostApiOver(() => chunked("x".repeat(1_025)), { maxResponseBytes: 1_024 })
      const error = yield* Effect.flip(api.request({ ...get, response: HostApi.text }))
      assert.deepInclude(error, { _tag: "ResponseTooLargeError", limit: 1_024 })
    })
  )
})

describe("a binary response", () => {
  it.effect("is returned whole by HostApi.bytes", () =>
    Effect.gen(function* () {
      const { api } = yield* hostApiOver(() => chunked("ab", "c"))
      const bytes = yield* api.request({ ...get, response: HostApi.bytes })
      assert.deepStrictEqual(bytes, new Uint8Array([97, 98, 99]))
    })
  )

  it.effect("is returned in pieces by HostApi.stream", () =>
    Effect.gen(function* () {
      const { api } = yield* hostApiOver(() => chunked("ab", "c"))
      const body = yield* api.request({ ...get, response: HostApi.stream })
      const pieces = yield* Stream.runCollect(body)
      assert.deepStrictEqual(Uint8Array.from(pieces.flatMap((piece) => [...piece])), new Uint8Array([97, 98, 99]))
    })
  )
})
