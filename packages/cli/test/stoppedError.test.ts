import { assert, describe, it } from "@effect/vitest"
import { CircuitOpenError } from "@kimi-effect/core/ResilienceErrors"
import * as Failure from "../src/failure.ts"
import { stoppedFailure } from "../src/handlers/batchText.ts"

describe("a batch that an outage of the host has stopped", () => {
  it("exits with the code of its error, with how it continues", () => {
    const error = new CircuitOpenError({ message: "The circuit is open", key: "moonshot/kimi-k3", state: "open" })
    const next = "Run the same command again to continue."
    const { exitCode, hint, message, tag } = Failure.describe(
      stoppedFailure({ _tag: "Error", tag: "CircuitOpenError", error }, next),
      "batch"
    )
    assert.deepStrictEqual(
      [tag, exitCode, message],
      ["CircuitOpenError", 19, "The batch was stopped: The circuit is open"]
    )
    assert.match(hint, /^Check with kimi doctor .+ Run the same command again to continue\.$/)
  })
})
