import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cassette from "../src/Cassette.ts"
import { CassetteSecretError } from "../src/CassetteErrors.ts"
import * as SseText from "../src/SseText.ts"
import { ask, counting, fileText, hello, host, json, store, use } from "./support/cassettes.ts"

describe("Cassette", () => {
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
        const { layer } = host(() => json({ arguments: '{"mail":"ann@example.com\\n\\"x\\"","name":"Ann"}' }))
        const options = { redact: { patterns: [/ann@[^ ]+/] } }
        yield* ask(hello).pipe(use({ mode: "record", ...options }, layer))
        const answer = yield* ask(hello).pipe(use(options, layer))
        assert.deepStrictEqual(JSON.parse(JSON.parse(answer).arguments), { mail: "<redacted>", name: "Ann" })
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

    const odd = "canary?>~ plum"
    const encoded: ReadonlyArray<readonly [name: string, text: string]> = [
      ...["", "x", "xy"].map(
        (before) => [`base64 after ${before.length} bytes`, btoa(`${before}${odd} is it`)] as const
      ),
      ["base64 for URLs", Buffer.from(`x${odd}`).toString("base64url")],
      ["hexadecimal digits", Buffer.from(odd).toString("hex")],
      ["upper-case hexadecimal digits", Buffer.from(odd).toString("hex").toUpperCase()],
      ["a URL", encodeURIComponent(odd)],
      ["a URL with lower-case digits", encodeURIComponent(odd).toLowerCase()],
      ["a form", new URLSearchParams({ "": odd }).toString().slice(1)]
    ]
    for (const [name, text] of encoded) {
      it.effect(`a known secret is redacted in ${name}`, () =>
        Effect.gen(function* () {
          const { layer } = host(() => json({ note: `before ${text} after` }))
          yield* ask(hello).pipe(use({ mode: "record", redact: { secrets: [odd] } }, layer))
          const { note } = JSON.parse(yield* ask(hello).pipe(use({}, layer)))
          assert.match(note, /^before \S{0,4}<redacted>\S{0,11} after$/)
        }).pipe(store)
      )
    }

    it.effect("a file that is compressed is not written", () =>
      Effect.gen(function* () {
        const file = Buffer.from("H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==", "base64")
        const { layer } = host(() => new Response(file, { headers: { "content-type": "application/gzip" } }))
        yield* Effect.exit(ask(hello).pipe(use({ mode: "record" }, layer)))
        assert.strictEqual(yield* fileText, "")
      }).pipe(store)
    )

    it.effect("a secret that a model emits in pieces is redacted", () =>
      Effect.gen(function* () {
        const emitted = ["My key is sk-", "live-01", "23456789", ", keep it."]
        const events = emitted.map((content) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`)
        const { layer } = host(
          () => new Response(events.join(""), { headers: { "content-type": "text/event-stream" } })
        )
        yield* ask(hello).pipe(use({ mode: "record" }, layer))
        const replayed = yield* ask(hello).pipe(use({}, layer))
        const contents = SseText.split(replayed).map((text) => JSON.parse(text.slice(6)).choices[0].delta.content)
        assert.deepStrictEqual(contents, ["My key is <redacted>", "", "", ", keep it."])
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
