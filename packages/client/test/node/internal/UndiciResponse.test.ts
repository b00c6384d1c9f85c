import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { Cookies, HttpClientRequest, type HttpClientError, UrlParams } from "effect/http"
import type { Dispatcher } from "undici"
import { ResponseBody } from "../../../src/node/internal/ResponseBody.ts"
import { UndiciResponse } from "../../../src/node/internal/UndiciResponse.ts"

type RawHeaders = Record<string, string | Array<string> | undefined>

const request = HttpClientRequest.get("http://127.0.0.1/v1/models", { headers: { authorization: "Bearer sk-hidden" } })

/** A whole answer, and whether its connection was cut. */
const respond = (text: string, headers: RawHeaders = {}, isWhole = true) => {
  let isCut = false
  const controller: Dispatcher.DispatchController = {
    aborted: false,
    paused: false,
    reason: null,
    rawHeaders: null,
    rawTrailers: null,
    abort: () => (isCut = true),
    pause: () => {},
    resume: () => {}
  }
  const body = new ResponseBody<HttpClientError.HttpClientError>(controller)
  body.push(new TextEncoder().encode(text))
  if (isWhole) body.end()
  return { response: new UndiciResponse(request, 200, headers, body), isCut: () => isCut }
}

describe("UndiciResponse", () => {
  it("joins repeated headers except cookies", () => {
    const { response } = respond("", {
      vary: ["a", "b"],
      "set-cookie": ["x=1", "y=2; Path=/"],
      "x-one": "1",
      gone: undefined
    })
    assert.deepStrictEqual({ ...response.headers }, { vary: "a, b", "set-cookie": "x=1, y=2; Path=/", "x-one": "1" })
    assert.deepStrictEqual(Cookies.toRecord(response.cookies), { x: "1", y: "2" })
    assert.deepStrictEqual(Cookies.toRecord(respond("").response.cookies), {})
  })

  it("cannot be given a prototype by a header", () => {
    const headers: RawHeaders = JSON.parse('{"__proto__":"polluted","constructor":"c"}')
    const { response } = respond("", headers)
    assert.isUndefined(Reflect.get({}, "polluted"))
    assert.deepInclude(Object.entries(response.headers), ["constructor", "c"])
  })

  it.effect("reads its body in any supported form", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* respond("✓").response.text, "✓")
      assert.deepStrictEqual(yield* respond('{"a":[1]}').response.json, { a: [1] })
      assert.isNull(yield* respond("").response.json)
      assert.deepStrictEqual(new Uint8Array(yield* respond("ab").response.arrayBuffer), new Uint8Array([97, 98]))
      const params = yield* respond("a=1&b=2").response.urlParamsBody
      assert.deepStrictEqual(UrlParams.toRecord(params), { a: "1", b: "2" })
    })
  )

  it.effect("fails to decode invalid JSON or an unsupported kind of body", () =>
    Effect.gen(function* () {
      const { response } = respond("{")
      for (const error of [
        yield* Effect.flip(response.json),
        yield* Effect.flip(response.formData),
        yield* Effect.flip(response.upgrade)
      ]) {
        assert.strictEqual(error.reason._tag, "DecodeError")
        assert.strictEqual(error.response, response)
      }
    })
  )

  it.effect("closes the connection of an abandoned stream", () =>
    Effect.gen(function* () {
      const left = respond("ab", {}, false)
      yield* Stream.runDrain(Stream.take(left.response.stream, 1))
      assert.isTrue(left.isCut())
    })
  )

  it.effect("keeps the connection of a stream that was read to its end", () =>
    Effect.gen(function* () {
      const read = respond("ab")
      yield* Stream.runDrain(read.response.stream)
      assert.isFalse(read.isCut())
    })
  )

  it("shows no authorization when it is printed", () => {
    const { response } = respond("secret body")
    assert.notInclude(JSON.stringify(response), "sk-hidden")
    assert.notInclude(JSON.stringify(response), "secret body")
    assert.strictEqual(response.url, request.url)
  })
})
