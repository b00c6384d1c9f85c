/** Files and batches at the host of a provider. */
import { assert, describe, it } from "@effect/vitest"
import * as BatchApi from "@kimi-effect/client/batch/BatchApi"
import * as Files from "@kimi-effect/client/files/Files"
import * as HostApi from "@kimi-effect/client/HostApi"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { Cause, Effect, Exit, Layer, Redacted, Stream } from "effect"
import * as MockProvider from "../src/MockProvider.ts"

const config = KimiConfig.layer({ apiKey: Redacted.make("sk-test") })
const services = Layer.merge(Files.layer(), BatchApi.layer())

const http = services.pipe(
  Layer.provide(HostApi.layerHttp),
  Layer.provideMerge(MockProvider.layerHttp()),
  Layer.provide(config)
)
const transport = services.pipe(Layer.provideMerge(MockProvider.layerTransport()), Layer.provide(config))

const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => index % 256)

const levels: ReadonlyArray<readonly [string, Layer.Layer<Files.Files, ConfigurationError>]> = [
  ["HTTP", http],
  ["the transport", transport]
]

for (const [level, layer] of levels) {
  describe(`at the level of ${level}`, () => {
    it.effect("stores an upload", () =>
      Effect.gen(function* () {
        const files = yield* Files.Files
        const content = '{"custom_id":"1"}\n'
        const file = yield* files.upload({ purpose: "batch", filename: "input.jsonl", content })
        assert.deepStrictEqual(
          (yield* files.list()).map(({ filename, id }) => [id, filename]),
          [[file.id, "input.jsonl"]]
        )
        const read = yield* Stream.runCollect(files.content(file.id))
        assert.strictEqual(read.map((part) => new TextDecoder().decode(part)).join(""), content)
      }).pipe(Effect.provide(layer))
    )
  })
}

describe("files", () => {
  it.effect("keep every byte of a stream", () =>
    Effect.gen(function* () {
      const files = yield* Files.Files
      const file = yield* files.upload({ purpose: "image", filename: "a.png", content: Stream.make(bytes) })
      assert.strictEqual(file.bytes, bytes.length)
    }).pipe(Effect.provide(http))
  )

  it.effect("are not found after they were removed", () =>
    Effect.gen(function* () {
      const files = yield* Files.Files
      const { id } = yield* files.upload({ purpose: "file-extract", filename: "a.txt", content: "text" })
      yield* files.delete(id)
      assert.strictEqual((yield* Effect.flip(files.get(id)))._tag, "FileNotFoundError")
    }).pipe(Effect.provide(http))
  )

  it.effect("are forgotten by a reset", () =>
    Effect.gen(function* () {
      const files = yield* Files.Files
      yield* files.upload({ purpose: "file-extract", filename: "a.txt", content: "text" })
      yield* (yield* MockProvider.MockProvider).reset
      assert.deepStrictEqual(yield* files.list(), [])
    }).pipe(Effect.provide(http))
  )
})

describe("batches", () => {
  it.effect("are refused with the server that runs them", () =>
    Effect.gen(function* () {
      const batches = yield* BatchApi.BatchApi
      const exit = yield* Effect.exit(batches.get("batch-1"))
      const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.include(String(defect), "it runs no batches (GET /v1/batches/batch-1): use MockServer")
    }).pipe(Effect.provide(http))
  )
})
