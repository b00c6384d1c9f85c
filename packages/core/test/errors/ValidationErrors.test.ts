import { assert, describe, it } from "@effect/vitest"
import * as ValidationErrors from "../../src/errors/ValidationErrors.ts"

const message = "not like this"

describe("ValidationErrors", () => {
  it("names the member of the request where the host or the check knew it", () => {
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

  it("says of an unsupported parameter what the model takes and what to change", () => {
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

  it("says of a retired model since when, and what to use instead", () => {
    const error = new ValidationErrors.ModelRetiredError({
      message,
      model: "kimi-k2.5",
      retiredOn: "2026-08-31",
      successor: "kimi-k3"
    })
    assert.deepStrictEqual(error.recovery, { _tag: "SwitchModel", model: "kimi-k3" })
    assert.deepInclude(error, { model: "kimi-k2.5", retiredOn: "2026-08-31" })
  })

  it("offers no step after refused content, which may have been billed", () => {
    const error = new ValidationErrors.ContentFilterError({ message })
    assert.deepStrictEqual(error.recovery, { _tag: "None" })
    assert.strictEqual(error.billing, "possible")
  })

  it("sends an operation that the host lacks to another host", () => {
    const error = new ValidationErrors.UnsupportedOperationError({ message, operation: "balance" })
    assert.deepStrictEqual(error.recovery, { _tag: "FailOver" })
    assert.isFalse(error.isRetryable)
  })
})
