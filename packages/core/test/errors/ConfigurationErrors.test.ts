import { assert, describe, it } from "@effect/vitest"
import { ConfigurationError } from "../../src/errors/ConfigurationErrors.ts"

const issues = [
  { name: "KIMI_MODEL", expected: "the id of a model" },
  { name: "KIMI_TOTAL_TIMEOUT", expected: 'a finite duration over zero, such as "30 seconds"' }
]

describe("ConfigurationError", () => {
  it("lists every issue on a separate line of its message, in the given order", () => {
    assert.strictEqual(
      ConfigurationError.of(issues).message,
      [
        "Invalid configuration:",
        "  KIMI_MODEL: expected the id of a model",
        '  KIMI_TOTAL_TIMEOUT: expected a finite duration over zero, such as "30 seconds"'
      ].join("\n")
    )
  })

  it("has the issues as data", () => {
    assert.deepStrictEqual(ConfigurationError.of(issues).issues, issues)
  })

  it("is critical until the options are corrected", () => {
    const error = ConfigurationError.of(issues)
    assert.strictEqual(error.severity, "critical")
    assert.isFalse(error.isRetryable)
    assert.deepStrictEqual(error.recovery, { _tag: "FixRequest" })
  })
})
