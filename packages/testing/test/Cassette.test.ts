import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Cassette from "../src/Cassette.ts"
import { CassetteStoreError } from "../src/CassetteErrors.ts"
import * as CassetteStore from "../src/CassetteStore.ts"
import { ask, chatUrl, counting, fileText, hello, missOf, store, use } from "./support/cassettes.ts"

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

    it.effect("record without a request makes no cassette", () =>
      Effect.gen(function* () {
        yield* Effect.void.pipe(use({ mode: "record" }, counting().layer))
        const kept = yield* CassetteStore.CassetteStore
        assert.isUndefined(yield* kept.read("test"))
      }).pipe(store)
    )

    it.effect("CI=false keeps the mode", () =>
      Effect.gen(function* () {
        const { layer, received } = counting()
        yield* ask(hello).pipe(use({ mode: "record" }, layer, { CI: "false" }))
        assert.strictEqual(received.length, 1)
      }).pipe(store)
    )
  })

  describe("a store that cannot be written", () => {
    const readOnly = (recorded: string | undefined) =>
      Effect.provideService(CassetteStore.CassetteStore, {
        read: () => Effect.succeed(recorded),
        update: (cassette) =>
          Effect.fail(new CassetteStoreError({ message: "The file is read-only", cassette, operation: "write" }))
      })

    it.effect("fails the layer of record before a request is sent", () =>
      Effect.gen(function* () {
        const { layer, received } = counting()
        const error = yield* Effect.flip(ask(hello).pipe(use({ mode: "record" }, layer)))
        assert.strictEqual(error._tag, "CassetteStoreError")
        assert.strictEqual(received.length, 0)
      }).pipe(readOnly(undefined))
    )

    it.effect("ends a request that auto would send", () =>
      Effect.gen(function* () {
        const { layer, received } = counting()
        const exit = yield* Effect.exit(ask(hello).pipe(use({ mode: "auto" }, layer)))
        assert.include(String(exit), "The file is read-only")
        assert.strictEqual(received.length, 0)
      }).pipe(readOnly(undefined))
    )

    it.effect("does not matter to auto when everything is recorded", () =>
      Effect.gen(function* () {
        const { layer } = counting()
        const recorded = yield* Effect.andThen(ask(hello).pipe(use({ mode: "record" }, layer)), fileText).pipe(store)
        const answer = yield* ask(hello).pipe(use({ mode: "auto" }, layer), readOnly(recorded))
        assert.strictEqual(answer, '{"answer":1}')
      })
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
})
