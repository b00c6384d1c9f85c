/**
 * The help of each command, as users read it. After a change that is meant,
 * `vitest run --project cli kimi.help --update` writes the new texts.
 */
import { readdirSync, readFileSync } from "node:fs"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { commandNames } from "./commandNames.ts"
import { ended, start } from "./process.ts"
import { runKimi } from "./runKimi.ts"

const folder = new URL("__snapshots__/help/", import.meta.url)
const fileOf = (name: string): string => `${name.replaceAll(" ", "-")}.txt`
const helpOf = (name: string): string => readFileSync(new URL(fileOf(name), folder), "utf8")
const wordsOf = (name: string): ReadonlyArray<string> => name.split(" ").slice(1)

const names = ["kimi", ...commandNames.map((name) => `kimi ${name}`)]

// Read before a test writes a file that is missing.
const files = readdirSync(folder)

describe("the texts of the help", () => {
  it("are those of the commands", () => {
    assert.sameMembers(files, names.map(fileOf))
  })

  it.live.each(names)("are unchanged for %s", (name) =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* runKimi([...wordsOf(name), "--help"])
      assert.deepStrictEqual([code, stderr], [0, ""])
      const path = new URL(fileOf(name), folder).pathname
      yield* Effect.promise(() => expect(stdout).toMatchFileSnapshot(path))
    })
  )

  it.live.each(["kimi", "kimi batch", "kimi files"])("are shown by %s, which needs a subcommand", (name) =>
    Effect.gen(function* () {
      const { code, stdout } = yield* runKimi(wordsOf(name))
      assert.deepStrictEqual([code, stdout], [0, helpOf(name)])
    })
  )
})

describe("the help in a pipe", () => {
  const environments = [
    { TERM: "dumb", COLUMNS: "20" },
    { TERM: "xterm-256color", COLORTERM: "truecolor", COLUMNS: "400" },
    { LANG: "de_DE.UTF-8", LC_ALL: "C", NO_COLOR: "1" }
  ]

  it.live.each(["kimi", "kimi batch run"].flatMap((name) => environments.map((env) => ({ name, env }))))(
    "does not depend on $env for $name",
    ({ env, name }) =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* ended(yield* start([...wordsOf(name), "--help"], env))
        assert.deepStrictEqual([code, stderr, stdout], [0, "", helpOf(name)])
      })
  )
})
