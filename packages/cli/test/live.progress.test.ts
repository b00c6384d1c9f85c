import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ownSchema, reachable, url } from "../../client/test/postgres/support/postgres.ts"
import { filesOf, lineOf } from "./hostJob.ts"
import { key } from "./mockedHost.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

/** In a pipe, then in a terminal. */
const refusesColumn = (flags: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const input = join(folder, "in.csv")
    writeFileSync(input, "review\nGood\n")
    const env = { KIMI_API_KEY: key, DATABASE_URL: url }
    for (const settings of [{ env }, { env, typed: [] }]) {
      const args = ["batch", "run", input, join(folder, "out.jsonl"), ...flags]
      const { code, stderr, stdout } = yield* runKimi(args, settings)
      assert.deepStrictEqual([code, stdout], [16, ""])
      assert.match(stderr, /^kimi: InvalidRequestError: The input has no column "text"/)
    }
  })

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

  it.live.each(["--column text", "--template {text}", "--column text --mode host", "--column text --mode auto"])(
    "is not shown before a column that the input does not have (%s)",
    (flags) => refusesColumn(flags.split(" "))
  )

  it.live.skipIf(!reachable)("is not shown before a column that the input of a shared batch does not have", () =>
    Effect.flatMap(ownSchema, (schema) => refusesColumn(["--column", "text", "--shared", "a", "--schema", schema]))
  )

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
