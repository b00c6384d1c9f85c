import { assert, describe, it } from "@effect/vitest"
import { Files, KimiNode } from "@kimi-effect/client/node"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { outputOf } from "./support/program.ts"

const filesAt = (url: string) =>
  Files.layer().pipe(Layer.provide(KimiNode.layerHostApi({ apiKey: Redacted.make("sk-test"), baseUrl: url })))

describe("the example of files", () => {
  it.live("deletes no file that the account had before", () =>
    Effect.gen(function* () {
      const { url } = yield* MockServer.make()
      yield* Effect.gen(function* () {
        const files = yield* Files.Files
        const { id } = yield* files.upload({ purpose: "file-extract", filename: "photo.md", content: "# Before" })
        yield* outputOf("files", [], { KIMI_API_KEY: "sk-test", KIMI_BASE_URL: url })
        const left = yield* files.list()
        assert.deepStrictEqual(
          left.map((file) => file.id),
          [id]
        )
      }).pipe(Effect.provide(filesAt(url)))
    }).pipe(Effect.scoped)
  )
})
