import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import * as Media from "../../src/files/Media.ts"
import { pixel, refused } from "./support/media.ts"

const url = "https://images.example.com/cat.png?token=secret"

const imageResponse = () => new Response(pixel, { headers: { "content-type": "image/png" } })

/** Fetches with a client whose responses a test gives, and returns the URLs that were requested. */
const fetched = (respond: (url: URL) => Response, target = url, options: Media.FetchOptions = {}) =>
  Effect.gen(function* () {
    const urls: Array<string> = []
    const headers: Array<string> = []
    const client = HttpClient.make((request, requested) =>
      Effect.sync(() => {
        urls.push(requested.href)
        headers.push(...Object.keys(request.headers))
        return HttpClientResponse.fromWeb(request, respond(requested))
      })
    )
    const result = yield* Effect.result(
      Effect.provideService(Media.fetch(target, options), HttpClient.HttpClient, client)
    )
    return { result, urls, headers }
  })

const errorOf = (...input: Parameters<typeof fetched>) =>
  Effect.gen(function* () {
    const { result, urls } = yield* fetched(...input)
    assert.strictEqual(result._tag, "Failure")
    return { error: result._tag === "Failure" ? result.failure : undefined, urls }
  })

describe("Media.fetch", () => {
  it.effect("returns the bytes of an image", () =>
    Effect.gen(function* () {
      const { result, urls } = yield* fetched(imageResponse)
      assert.deepStrictEqual(result._tag === "Success" && result.success, pixel)
      assert.deepStrictEqual(urls, [url])
    })
  )

  it.effect("sends no credentials", () =>
    Effect.gen(function* () {
      const { headers } = yield* fetched(imageResponse)
      assert.deepStrictEqual(headers.toSorted(), ["accept", "accept-encoding"])
    })
  )

  for (const target of [
    "http://images.example.com/cat.png",
    "file:///etc/passwd",
    "data:image/png;base64,AAAA",
    "ftp://example.com/a.png",
    "not a url",
    "https://user:password@example.com/a.png",
    "https://127.0.0.1/a.png",
    "https://[::ffff:10.0.0.1]/a.png",
    "https://localhost/a.png",
    "https://169.254.169.254/latest/meta-data/"
  ]) {
    it.effect(`refuses without a request: ${target}`, () =>
      Effect.gen(function* () {
        const { error, urls } = yield* errorOf(imageResponse, target)
        assert.deepInclude(error, { _tag: "UnsupportedMediaError", parameter: "url" })
        assert.deepStrictEqual(urls, [])
      })
    )
  }

  it.effect("accepts http where it is allowed", () =>
    Effect.gen(function* () {
      const { result } = yield* fetched(imageResponse, "http://example.com/a.png", { allowHttp: true })
      assert.strictEqual(result._tag, "Success")
    })
  )

  it.effect("accepts a private address where it is allowed", () =>
    Effect.gen(function* () {
      const { result } = yield* fetched(imageResponse, "https://10.0.0.1/a.png", { allowPrivateAddresses: true })
      assert.strictEqual(result._tag, "Success")
    })
  )

  it.effect("follows a redirect within its origin", () =>
    Effect.gen(function* () {
      const { result, urls } = yield* fetched(({ pathname }) =>
        pathname === "/cat.png"
          ? new Response(null, { status: 302, headers: { location: "/real.png" } })
          : imageResponse()
      )
      assert.strictEqual(result._tag, "Success")
      assert.deepStrictEqual(urls, [url, "https://images.example.com/real.png"])
    })
  )

  for (const location of [
    "https://other.example.com/a.png",
    "http://images.example.com/a.png",
    "https://127.0.0.1/",
    ""
  ]) {
    it.effect(`does not follow a redirect to ${JSON.stringify(location)}`, () =>
      Effect.gen(function* () {
        const { error, urls } = yield* errorOf(() => {
          const headers = location === "" ? {} : { location }
          return new Response(null, { status: 302, headers })
        })
        assert.strictEqual(error?._tag, "MediaFetchError")
        assert.isAtMost(new Set(urls).size, 1)
      })
    )
  }

  it.effect("ends a loop of redirects", () =>
    Effect.gen(function* () {
      const loop = () => new Response(null, { status: 302, headers: { location: "/cat.png" } })
      const { error, urls } = yield* errorOf(loop)
      assert.deepInclude(error, { _tag: "MediaFetchError", status: 302 })
      assert.strictEqual(urls.length, 4)
    })
  )

  it.effect("fails with the status of the server", () =>
    Effect.gen(function* () {
      const { error } = yield* errorOf(() => new Response("gone", { status: 404 }))
      assert.deepInclude(error, { _tag: "MediaFetchError", status: 404, origin: "https://images.example.com" })
    })
  )

  it.effect("has no query of the URL in its error", () =>
    Effect.gen(function* () {
      const { error } = yield* errorOf(() => new Response("gone", { status: 404 }))
      assert.notInclude(JSON.stringify(error), "secret")
    })
  )

  it.effect("refuses a file in another format, regardless of its content type", () =>
    Effect.gen(function* () {
      const body = refused["an svg"] ?? pixel
      const { error } = yield* errorOf(() => new Response(body, { headers: { "content-type": "image/png" } }))
      assert.strictEqual(error?._tag, "UnsupportedMediaError")
    })
  )

  it.effect("bounds the size of a file that declares it", () =>
    Effect.gen(function* () {
      const declared = () => new Response(pixel, { headers: { "content-length": `${pixel.length}` } })
      const { error } = yield* errorOf(declared, url, { maxBytes: 20 })
      assert.deepInclude(error, { _tag: "ResponseTooLargeError", limit: 20 })
    })
  )

  it.effect("bounds the size of an endless file", () =>
    Effect.gen(function* () {
      const endless = () =>
        new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1_000)) }))
      const { error } = yield* errorOf(endless, url, { maxBytes: 10_000 })
      assert.deepInclude(error, { _tag: "ResponseTooLargeError", limit: 10_000 })
    })
  )

  it.effect("is bounded in time as a whole", () =>
    Effect.gen(function* () {
      const silent = HttpClient.make(() => Effect.never)
      const fiber = yield* Media.fetch(url).pipe(
        Effect.provideService(HttpClient.HttpClient, silent),
        Effect.flip,
        Effect.forkChild
      )
      yield* TestClock.adjust("29999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "TotalTimeoutError")
    })
  )

  it.effect("checks its options", () =>
    Effect.gen(function* () {
      const { error, urls } = yield* errorOf(imageResponse, url, { maxBytes: 0 })
      assert.strictEqual(error?._tag, "ConfigurationError")
      assert.deepStrictEqual(urls, [])
    })
  )
})
