import { assert, describe, it } from "@effect/vitest"
import * as dotEnvSyntax from "../../../src/node/internal/dotEnvSyntax.ts"

describe("dotEnvSyntax", () => {
  it("finds the line of an issue after a value of several lines", () => {
    assert.deepStrictEqual(dotEnvSyntax.findIssue('A=1\nB="one\ntwo\nthree"\nC=2\nnothing'), {
      line: 6,
      expected: "NAME=value, or a comment"
    })
    assert.deepStrictEqual(dotEnvSyntax.findIssue('A=1\nB="one\ntwo'), {
      line: 2,
      expected: "a value whose quote is closed"
    })
  })

  // Quadratic in the number of lines, it would take minutes.
  it("reads the largest file of short lines within the time of a test", () => {
    assert.isUndefined(dotEnvSyntax.findIssue("A=\n".repeat(349_525)))
  })
})
