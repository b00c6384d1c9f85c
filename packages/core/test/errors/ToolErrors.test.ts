import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import * as ToolErrors from "../../src/errors/ToolErrors.ts"

const toolCall = { tool: "get_weather", callId: "get_weather:3" }

const errors = [
  new ToolErrors.ToolNotFoundError({ message: "no tool get_wether", ...toolCall, available: ["get_weather"] }),
  new ToolErrors.ToolArgumentsError({ message: "invalid arguments", ...toolCall, path: "city" }),
  new ToolErrors.ToolExecutionError({ message: "failed", ...toolCall, failure: "HttpError" }),
  new ToolErrors.ToolTimeoutError({ message: "too slow", ...toolCall, timeout: Duration.seconds(30) }),
  new ToolErrors.ToolApprovalRequiredError({ message: "needs approval", ...toolCall })
]

describe("ToolErrors", () => {
  it("identify the call of a tool", () => {
    for (const error of errors) assert.deepInclude(error, { category: "tool", ...toolCall })
  })

  it("do not count against the host", () => {
    assert.isTrue(errors.every(({ breaker, isRetryable }) => breaker === "ignored" && !isRetryable))
  })

  it("have no member for arguments or results", () => {
    const members = new Set(errors.flatMap((error) => Object.keys(error)))
    assert.isFalse(["arguments", "params", "input", "result", "output"].some((name) => members.has(name)))
  })

  it("name the tools that exist when one is not found", () => {
    assert.deepStrictEqual(
      errors.flatMap((error) => ("available" in error ? error.available : [])),
      ["get_weather"]
    )
  })

  it("offer no automatic recovery while an approval is pending", () => {
    const pending = new ToolErrors.ToolApprovalRequiredError({ message: "needs approval", ...toolCall })
    assert.deepStrictEqual(pending.recovery, { _tag: "None" })
  })
})
