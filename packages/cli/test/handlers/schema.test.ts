import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { kimi } from "../../src/kimi.ts"
import { jsonSchemaOf, schemas } from "../../src/schemas/schemas.ts"
import { runKimi } from "../runKimi.ts"

interface Named {
  readonly name: string
  readonly subcommands: ReadonlyArray<{ readonly commands: ReadonlyArray<Named> }>
}

const pathsOf = (command: Named, path: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> =>
  command.subcommands.flatMap(({ commands }) =>
    commands.flatMap((one) => [[...path, one.name], ...pathsOf(one, [...path, one.name])])
  )

describe("kimi schema", () => {
  it.live("prints a JSON Schema for each command", () =>
    Effect.forEach(Object.entries(schemas), ([name, schema]) =>
      Effect.map(runKimi(["schema", ...name.split(" ")]), ({ code, stderr, stdout }) => {
        assert.strictEqual(code, 0, `${name}: ${stderr}`)
        assert.deepStrictEqual(JSON.parse(stdout), jsonSchemaOf(schema))
      })
    )
  )

  it.live("describes every command with --json", () =>
    Effect.gen(function* () {
      const documented = new Set(Object.keys(schemas).map((name) => name.replace(/ --.*/, "")))
      for (const path of pathsOf(kimi, [])) {
        const { stdout } = yield* runKimi([...path, "--help"])
        if (/^ {2}--json /m.test(stdout)) assert.isTrue(documented.has(path.join(" ")), path.join(" "))
      }
    })
  )

  it.live("takes the words of a command", () =>
    Effect.map(runKimi(["schema", "batch", "run"]), ({ code }) => assert.strictEqual(code, 0))
  )

  it.live("names the subcommands of a command that has only those", () =>
    Effect.map(runKimi(["schema", "batch"]), ({ code, stderr }) => {
      assert.strictEqual(code, 2)
      assert.include(stderr, "Name a subcommand of it: batch cancel, ")
      assert.include(stderr, "batch run, batch run --shared")
      assert.notInclude(stderr, "files")
    })
  )

  it.live("fails for another name", () =>
    Effect.map(runKimi(["schema", "none"]), ({ code }) => assert.strictEqual(code, 2))
  )
})
