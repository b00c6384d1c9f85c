import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { key } from "./process.ts"
import { temporaryFolder } from "./temporaryFolder.ts"
import { hasTmux, inTerminal, paste, shows, signal } from "./tmux.ts"

const report = "stty -a | grep -o '.icanon'; cat -v"

const begin = Effect.fnUntraced(function* (args: string, env: { readonly [name: string]: string }) {
  const HOME = yield* temporaryFolder
  yield* inTerminal(args, { HOME, NO_PROXY: "*", ...env }, report)
  return HOME
})

describe.skipIf(!hasTmux)("a hang-up", () => {
  it.live.each([
    { name: "a prompt", args: "chat", env: { KIMI_API_KEY: key }, shown: "Ctrl-D ends" },
    { name: "the question for the key", args: "balance", env: {}, shown: "API key (not shown)" }
  ])("leaves the terminal as it was before $name", ({ args, env, shown }) =>
    Effect.gen(function* () {
      const folder = yield* begin(args, env)
      yield* shows(shown)
      yield* signal("HUP")
      yield* shows("code 130")
      yield* shows(" icanon")
      // Without brackets.
      yield* paste("pasted\n", folder)
      assert.match(yield* shows("pasted\npasted"), /^pasted\npasted$/m)
    })
  )
})
