import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as MockServer from "../../src/node/MockServer.ts"
import type { ReceivedRequest } from "../../src/node/ReceivedRequest.ts"
import * as RawClient from "./support/RawClient.ts"

const receive = Effect.fnUntraced(function* (path: string, options: RawClient.RequestOptions) {
  const server = yield* MockServer.make()
  yield* RawClient.request(`${server.url}${path}`, options)
  const [received] = yield* server.requests
  return yield* Effect.fromNullishOr<ReceivedRequest | undefined>(received)
})

describe("ReceivedRequest", () => {
  it.live("has all parts of the request", () =>
    Effect.gen(function* () {
      const body = '{ "text" : "héllo 👋" }'
      const received = yield* receive("/chat/completions?a=1&b=?", { body, headers: { "X-Twice": "one" } })
      assert.strictEqual(received.method, "POST")
      assert.strictEqual(received.path, "/v1/chat/completions")
      assert.strictEqual(received.query, "a=1&b=?")
      assert.strictEqual(received.headers["x-twice"], "one")
      assert.strictEqual(received.headers["authorization"], "Bearer sk-test")
      assert.strictEqual(received.body, body)
      assert.deepStrictEqual(received.json, { text: "héllo 👋" })
    })
  )

  it.live("has no JSON without a body", () =>
    Effect.gen(function* () {
      const empty = yield* receive("/models", {})
      assert.deepStrictEqual([empty.method, empty.query, empty.body, empty.json], ["GET", "", "", undefined])
    })
  )

  it.live("has no JSON for a body that is not JSON", () =>
    Effect.gen(function* () {
      const broken = yield* receive("/chat/completions", { body: '{"a":' })
      assert.deepStrictEqual([broken.body, broken.json], ['{"a":', undefined])
    })
  )

  it.live("joins a body that arrives in parts", () =>
    Effect.gen(function* () {
      const text = "👋".repeat(100_000)
      const received = yield* receive("/chat/completions", { body: { text } })
      assert.deepStrictEqual(received.json, { text })
    })
  )

  it.live("has the parts of a form in place of its text", () =>
    Effect.gen(function* () {
      const body = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--'
      const received = yield* receive("/files", {
        body,
        headers: { "content-type": "multipart/form-data; boundary=x" }
      })
      assert.strictEqual(received.body, "")
      assert.deepStrictEqual(
        received.form?.map(({ bytes, name }) => [name, new TextDecoder().decode(bytes)]),
        [["a", "b"]]
      )
    })
  )
})
