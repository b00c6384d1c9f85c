import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { key } from "./process.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"
import { hasTmux, inTerminal, shows } from "./tmux.ts"

describe.skipIf(!hasTmux)("a terminal with TERM=dumb", () => {
  it.live.each(["chat", "chat Hi --mcp none", "chat --json"])(
    "is named as the reason why nothing can be asked by kimi %s",
    (args) =>
      Effect.gen(function* () {
        yield* inTerminal(args, { KIMI_API_KEY: key, HOME: yield* temporaryFolder, TERM: "dumb" })
        assert.match(yield* shows("code 2"), /a terminal with TERM=dumb/)
      })
  )
})

describe("where there is no terminal", () => {
  it.live.each(["chat", "chat Hi --mcp none", "chat Hi --mcp none --json"])("kimi %s does not name TERM", (args) =>
    Effect.gen(function* () {
      const { code, stderr } = yield* runKimi(args.split(" "), { env: { KIMI_API_KEY: key }, stdin: "" })
      assert.strictEqual(code, 2)
      assert.include(stderr, "terminal")
      assert.notInclude(stderr, "TERM")
    })
  )
})
