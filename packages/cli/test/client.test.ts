/** The key of a command where none is configured. */
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { filesOf, lineOf } from "./hostJob.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

describe("a terminal is prompted for a missing key by", () => {
  it.live.each([
    "chat Hello",
    "batch run IN OUT",
    "batch run IN OUT --mode host",
    "batch resume batch-1 OUT",
    "batch cancel batch-1",
    "files list",
    "balance"
  ])("kimi %s", (command) =>
    Effect.gen(function* () {
      const { input } = yield* filesOf([lineOf("a")])
      const output = join(yield* temporaryFolder, "out.jsonl")
      const args = command.split(" ").map((word) => (word === "IN" ? input : word === "OUT" ? output : word))
      const { code, stderr, stdout } = yield* runKimi(args, { keys: [], until: "API key (not shown)" })
      assert.include(stdout, "API key (not shown)", stderr)
      assert.strictEqual(code, 130)
    })
  )
})
