import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import * as Cassette from "@kimi-effect/testing/Cassette"
import * as CassetteStore from "@kimi-effect/testing/node/CassetteStore"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { decoded, key, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

const cassette = {
  format: "kimi-cassette",
  version: 1,
  interactions: [
    {
      request: { method: "GET", origin: "https://api.moonshot.ai", path: "/v1/models", headers: {} },
      response: { status: 200, headers: {}, body: { json: {} } }
    }
  ]
}

describe("kimi replay", () => {
  it.live("prints each request of a cassette with its response", () =>
    withServer((server) =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        yield* KimiClient.KimiClient.pipe(
          Effect.flatMap((kimi) => kimi.chat({ messages: [{ role: "user", content: "Hello world!" }] })),
          Effect.provide(
            KimiClient.layer({ apiKey: Redacted.make(key), baseUrl: server.url }).pipe(
              Layer.provide(Cassette.layer({ name: "greeting", mode: "record" })),
              Layer.provide(CassetteStore.layerFile({ folder }))
            )
          ),
          Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({}))
        )
        const path = join(folder, "greeting.json")
        const { stdout } = yield* runKimi(["replay", path, "--json"])
        assert.strictEqual(decoded("replay", stdout).interactions.length, 1)
        assert.include((yield* runKimi(["replay", path])).stdout, "/v1/chat/completions → 200")
      })
    )
  )

  it.live("fails for a file that does not exist", () =>
    Effect.map(runKimi(["replay", "none.json"]), ({ code, stderr }) => {
      assert.strictEqual(code, 1)
      assert.include(stderr, "none.json cannot be read: it does not exist")
    })
  )

  it.live.each(["notes.json", "notes.jsonl"])("fails for the file %s, which is no cassette", (name) =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, name)
      writeFileSync(path, "{}")
      const { code, stderr } = yield* runKimi(["replay", path])
      assert.strictEqual(code, 28)
      assert.notInclude(stderr, "does not exist")
    })
  )

  it.live.each(["replay", "serve-mock --cassette"])("reports why %s cannot read what is no file", (words) =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      mkdirSync(join(folder, "named.json"))
      yield* Effect.promise(() => promisify(execFile)("mkfifo", [join(folder, "pipe.json")]))
      for (const [path, reason] of [
        [".", "it is a folder and not a file"],
        [folder, "it is a folder and not a file"],
        [`${folder}/`, "it is a folder and not a file"],
        [join(folder, "named.json"), "it is a folder and not a file"],
        [join(folder, "pipe.json"), "it is a pipe"],
        [join(folder, "pipe.json", "a.json"), "a part of the path is a file and not a folder"],
        ["/dev/null", "it is a device"]
      ] as const) {
        const { code, stderr } = yield* runKimi([...words.split(" "), path])
        assert.deepStrictEqual(
          [code, stderr.split("\n")[0]],
          [1, `kimi: CommandError: ${path} cannot be read: ${reason}`]
        )
        assert.notInclude(stderr, "delete")
      }
    })
  )

  it.live("reads a cassette whose file has any name", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "my cassette.json")
      writeFileSync(path, JSON.stringify(cassette))
      assert.deepInclude(yield* runKimi(["replay", path]), { code: 0, stderr: "" })
    })
  )
})
