import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import { Effect, Layer, Redacted } from "effect"
import * as Cassette from "../../src/Cassette.ts"
import * as MockProvider from "../../src/MockProvider.ts"
import * as CassetteStore from "../../src/node/CassetteStore.ts"
import * as CassetteTraffic from "../../src/node/CassetteTraffic.ts"
import { variables } from "../support/cassettes.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "kimi-traffic-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** Records one call. */
const record = (path: string, name: string) =>
  Effect.flatMap(KimiClient.KimiClient, (kimi) => kimi.chat({ messages: [{ role: "user", content: name }] })).pipe(
    Effect.provide(
      KimiClient.layer({ apiKey: Redacted.make("sk-test") }).pipe(
        Layer.provide(Cassette.layer({ name, mode: "record" })),
        Layer.provide(MockProvider.layerHttp()),
        Layer.provide(CassetteStore.layerFile({ folder: path })),
        Layer.provide(variables())
      )
    )
  )

describe("fromFiles", () => {
  it.live("reads the calls of all files", () =>
    Effect.gen(function* () {
      const path = yield* folder
      for (const name of ["one", "other"]) yield* record(path, name)
      const { calls } = yield* CassetteTraffic.fromFiles(["one", "other"].map((name) => join(path, `${name}.json`)))
      assert.deepStrictEqual(
        calls.map(({ model, outputTokens, promptTokens }) => [model, promptTokens, outputTokens]),
        Array.from({ length: 2 }, () => ["kimi-k3", 88, 40])
      )
    })
  )

  it.live("names the file that cannot be read", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(CassetteTraffic.fromFiles([join(yield* folder, "absent.json")]))
      assert.include(error.message, "ENOENT")
      assert.strictEqual(error._tag, "ConfigurationError")
    })
  )

  it.live("names the file that is not a cassette", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "day.json")
      writeFileSync(path, "[]")
      const error = yield* Effect.flip(CassetteTraffic.fromFiles([path]))
      assert.strictEqual(error._tag, "CassetteFormatError")
      assert.include(error.message, "day.json")
    })
  )
})
