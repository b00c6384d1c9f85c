import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { filesOf, lineOf } from "./hostJob.ts"
import { key } from "./mockedHost.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

describe("progress", () => {
  for (const flags of [
    ["--mode", "local"],
    ["--mode", "host"]
  ]) {
    it.live(`is not shown before a batch that is refused (${flags.join(" ")})`, () =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        const { code, stderr } = yield* runKimi(["batch", "run", input, output, ...flags, "--tier", "9"])
        assert.strictEqual(code, 10)
        assert.match(stderr, /^kimi: ConfigurationError/)
        writeFileSync(output, "another file\n")
        const refused = yield* runKimi(["batch", "run", input, output, ...flags], { env: { KIMI_API_KEY: key } })
        assert.strictEqual(refused.code, 16)
        assert.match(refused.stderr, /^kimi: \w+Error/)
      })
    )
  }

  it.live("is not shown before an upload that is refused", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "a.txt")
      writeFileSync(path, "text")
      const { code, stderr } = yield* runKimi(["files", "upload", path, "--tier", "9"])
      assert.strictEqual(code, 10)
      assert.match(stderr, /^kimi: ConfigurationError/)
    })
  )
})
