import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as client from "../src/index.ts"

const isNamespace = (value: unknown): boolean => Object.prototype.toString.call(value) === "[object Module]"

/** The names of the package's main entry in `exports.txt` that exist at run time. */
const listed = readFileSync(new URL("../exports.txt", import.meta.url), "utf8")
  .split("\n\n")[0]
  ?.split("\n")
  .filter((line) => /: (?:namespace|value)\b/.test(line))
  .map((line) => line.trim())

describe("the main entry", () => {
  it("exports the names that exports.txt lists", () => {
    const actual = Object.entries(client).map(([name, value]) => [name, isNamespace(value)] as const)
    const expected = listed?.map((line) => {
      const [name = "", kind] = line.split(": ")
      return [name, kind === "namespace"] as const
    })
    assert.deepStrictEqual(Object.fromEntries(actual), Object.fromEntries(expected ?? []))
  })
})
