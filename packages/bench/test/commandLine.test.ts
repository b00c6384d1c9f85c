import { assert, describe, it } from "vitest"
import { parse } from "../src/commandLine.ts"

describe("parse", () => {
  it("reads the options of a scenario in any order", () => {
    assert.deepStrictEqual(parse(["--quick", "cache", "--out", "figures", "--json"]), {
      name: "measure",
      scenario: "cache",
      isJson: true,
      isQuick: true,
      out: "figures"
    })
  })

  it("reads the scenarios to compare", () => {
    assert.deepStrictEqual(parse(["compare", "cache", "--write", "retry"]), {
      name: "compare",
      scenarios: ["cache", "retry"],
      isWrite: true
    })
  })

  it.each([
    [["cache", "--quik"], /--quik/],
    [["compare", "--writ"], /--writ/],
    [["cache", "--write"], /--write/],
    [["cache", "--out"], /--out/],
    [["cache", "--out", "--quick"], /--out/],
    [["cache", "retry"], /One scenario/],
    [["--quick"], /Name a scenario/]
  ])("refuses %j", (args, problem) => {
    assert.throws(() => parse(args), problem)
  })
})
