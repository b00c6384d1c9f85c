import { assert, describe, it } from "@effect/vitest"
import * as ValidationErrors from "../../src/errors/ValidationErrors.ts"

const message = "invalid"

describe("ValidationErrors", () => {
  it("have the invalid member of the request in their recovery when it is known", () => {
    const { EmptyMessageError, InvalidRequestError, MissingReasoningError, ToolHistoryError, ToolSchemaError } =
      ValidationErrors
    const { UnsupportedMediaError } = ValidationErrors
    for (const Class of [
      EmptyMessageError,
      InvalidRequestError,
      MissingReasoningError,
      ToolHistoryError,
      ToolSchemaError,
      UnsupportedMediaError
    ]) {
      const parameter = "messages[1]"
      assert.deepStrictEqual(new Class({ message, parameter }).recovery, { _tag: "FixRequest", parameter })
      assert.deepStrictEqual(new Class({ message }).recovery, { _tag: "FixRequest" })
    }
  })

  it("require the fix for an unsupported parameter", () => {
    const error = new ValidationErrors.UnsupportedParameterError({
      message: "invalid temperature: only 1 is allowed for this model",
      parameter: "temperature",
      allowed: "1",
      fix: "Leave temperature out."
    })
    assert.deepStrictEqual(error.recovery, { _tag: "FixRequest", parameter: "temperature" })
    assert.strictEqual(error.hint, "Leave temperature out.")
    assert.throws(() =>
      Reflect.construct(ValidationErrors.UnsupportedParameterError, [{ message, parameter: "temperature" }])
    )
  })

  it("have the successor of a retired model in their recovery", () => {
    const error = new ValidationErrors.ModelRetiredError({
      message,
      model: "kimi-k2.5",
      retiredOn: "2026-08-31",
      successor: "kimi-k3"
    })
    assert.deepStrictEqual(error.recovery, { _tag: "SwitchModel", model: "kimi-k3" })
    assert.deepInclude(error, { model: "kimi-k2.5", retiredOn: "2026-08-31" })
  })

  it("offer no automatic recovery from filtered content", () => {
    const error = new ValidationErrors.ContentFilterError({ message })
    assert.deepStrictEqual(error.recovery, { _tag: "None" })
    assert.strictEqual(error.billing, "possible")
  })

  it("recover from an unsupported operation at another host", () => {
    const error = new ValidationErrors.UnsupportedOperationError({ message, operation: "balance" })
    assert.deepStrictEqual(error.recovery, { _tag: "FailOver" })
    assert.isFalse(error.isRetryable)
  })
})
