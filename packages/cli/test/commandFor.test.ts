import { assert, describe, it } from "@effect/vitest"
import { load, names } from "../src/commandFor.ts"
import { kimi } from "../src/kimi.ts"

const namesOf = (command: typeof kimi) =>
  command.subcommands.flatMap(({ commands }) => commands.map(({ name }) => name))

describe("the command for its arguments", () => {
  it("has every subcommand by its name", () => {
    assert.deepStrictEqual(names.toSorted(), namesOf(kimi).toSorted())
  })

  for (const name of names) {
    it(`has ${name} alone where it is called`, async () => {
      assert.deepStrictEqual(namesOf(await load([name, "--json"])), [name])
    })
  }

  it.each([[[]], [["--help"]], [["-h"]]])(
    "has the lines of all subcommands for %j",
    async (args: ReadonlyArray<string>) => {
      const command = await load(args)
      assert.deepStrictEqual(namesOf(command), namesOf(kimi))
      assert.notStrictEqual(command, kimi)
    }
  )

  it.each([[["unknown"]], [["toString"]], [["--help", "models"]], [["models", "--completions", "bash"]]])(
    "has all subcommands for %j",
    async (args: ReadonlyArray<string>) => {
      assert.strictEqual(await load(args), kimi)
    }
  )
})
