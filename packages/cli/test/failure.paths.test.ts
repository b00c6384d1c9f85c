import { join } from "node:path"
import { writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { shellPath } from "../src/shellWord.ts"
import { withServer } from "./mockedHost.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

/** Escapes and a character that reorders others. */
const name = "a\u001b[31m\u009b\u202e"

const unshown = new RegExp(String.raw`[\u001b\u009b\u202e]`)

describe("the name of a file with characters that a terminal executes", () => {
  it.live("is shown in a command that names this file", () =>
    Effect.map(runKimi(["batch", "resume", name]), ({ code, stderr }) => {
      assert.strictEqual(code, 2)
      assert.include(stderr, String.raw`kimi batch resume $'a\x1b[31m\xc2\x9b\xe2\x80\xae' answers.jsonl`)
      assert.notMatch(stderr, unshown)
    })
  )

  it.live("is whole in the JSON of an error", () =>
    Effect.map(runKimi(["batch", "resume", name, "--json"]), ({ stderr }) => {
      const { error } = JSON.parse(stderr) as { readonly error: { readonly message: string } }
      assert.include(error.message, `There is no file ${name}, and`)
      assert.notMatch(stderr, unshown)
    })
  )

  it.live("is whole in the JSON of wrong usage", () =>
    Effect.map(runKimi(["batch", "status", "a.jsonl", `--x${name}`, "--json"]), ({ stderr }) => {
      const { error } = JSON.parse(stderr) as { readonly error: { readonly message: string } }
      assert.include(error.message, name)
      assert.notMatch(stderr, unshown)
    })
  )

  it.live("is shown where the reasons of lines that are no rows are", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const [input, output] = [join(folder, "in.jsonl"), join(folder, name)]
        writeFileSync(input, "no row\n")
        const { code, stderr } = yield* runKimi(["batch", "run", input, output], { env })
        assert.strictEqual(code, 1)
        assert.include(stderr, `See ${shellPath(`${output}.rejects.jsonl`)} for the reasons.`)
        assert.notMatch(stderr, unshown)
      })
    )
  )
})
