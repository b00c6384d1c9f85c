import { assert, describe, it } from "@effect/vitest"
import { type CommonErrorMembers, fromBadRequest } from "../../src/internal/badRequestMessages.ts"
import { fields } from "./support/errors.ts"

const common: Omit<CommonErrorMembers, "message"> = {
  provider: "moonshot",
  model: "kimi-k3",
  status: 400,
  requestId: "r-1",
  traceId: "t-1"
}

const read = (message: string, type: string | undefined = "invalid_request_error") =>
  fields(fromBadRequest({ ...common, message }, type))

/** Asserts the tag and every member except those that all errors of a response have. */
const means = (message: string, _tag: string, members: Record<string, unknown> = {}): void =>
  assert.deepStrictEqual(read(message), { ...common, message, _tag, ...members }, message)

const schemaPrefix =
  "Invalid request: tools.function.parameters is not a valid moonshot flavored json schema, details: "

describe("badRequestMessages", () => {
  it("reads the parameter with its only allowed value", () => {
    const cases = [
      ["temperature", "1"],
      ["temperature", "0.6"],
      ["top_p", "0.95"],
      ["n", "1"],
      ["presence_penalty", "0"],
      ["frequency_penalty", "0"],
      ["thinking", "type=enabled"]
    ] as const
    for (const [parameter, allowed] of cases) {
      means(`invalid ${parameter}: only ${allowed} is allowed for this model`, "UnsupportedParameterError", {
        parameter,
        allowed,
        fix: `Leave ${parameter} out: this model allows only ${allowed}.`
      })
    }
  })

  it("reads a parameter whose allowed values are unknown", () => {
    means("invalid reasoning_effort: medium", "UnsupportedParameterError", {
      parameter: "reasoning_effort",
      fix: "Correct reasoning_effort as the message describes, or leave it out."
    })
    means("Invalid request: invalid role: developer", "UnsupportedParameterError", {
      parameter: "role",
      fix: "Correct role as the message describes, or leave it out."
    })
    means("logprobs is not supported for this model", "UnsupportedParameterError", {
      parameter: "logprobs",
      fix: "Leave logprobs out for this model."
    })
    means("tools are not allowed with partial mode", "UnsupportedParameterError", {
      parameter: "tools",
      fix: "Leave tools out for this model."
    })
  })

  it("does not take the prefix of the details for a parameter", () => {
    means("Invalid request: messages is required", "InvalidRequestError")
    means("Invalid request: model is required", "InvalidRequestError")
  })

  it("recognizes a forced tool while thinking", () => {
    for (const word of ["required", "specified"]) {
      means(`tool_choice '${word}' is incompatible with thinking enabled`, "UnsupportedParameterError", {
        parameter: "tool_choice",
        allowed: "auto, none",
        fix: 'Use tool_choice "auto", or disable thinking where the model allows it.'
      })
    }
  })

  it("recognizes too many stop sequences", () => {
    means("stop array too long. Expected an array with maximum length 5, but got 6", "UnsupportedParameterError", {
      parameter: "stop",
      allowed: "at most 5 sequences of at most 32 bytes",
      fix: "Pass at most 5 stop sequences of at most 32 bytes each."
    })
  })

  it("reads the path in a tool's schema", () => {
    const reasons = [
      "type is not defined",
      "when using anyOf, type should be defined in anyOf items instead of the parent schema",
      "when using $ref, type should be defined in the referenced schema instead of the parent schema",
      "enum value (true) does not match any type in [string]"
    ]
    for (const reason of reasons) {
      means(`${schemaPrefix}<At path 'properties.a.items': ${reason}>`, "ToolSchemaError", {
        parameter: "tools",
        path: "properties.a.items"
      })
    }
    means(`${schemaPrefix}<At path '': type is not defined>`, "ToolSchemaError", { parameter: "tools", path: "" })
  })

  it("recognizes a malformed tool without a path", () => {
    for (const message of [
      'tools.function.parameters.type is required and must be "object"',
      "unknown tool type: , currently only function and plugin are supported",
      "function name get_weather is duplicated"
    ]) {
      means(message, "ToolSchemaError", { parameter: "tools" })
      means(`Invalid request: ${message}`, "ToolSchemaError", { parameter: "tools" })
    }
  })

  it("reads the index of the message whose reasoning is missing", () => {
    const text = "thinking is enabled but reasoning_content is missing in assistant tool call message"
    means(`${text} at index 2`, "MissingReasoningError", { parameter: "messages[2]" })
    means(`${text} at index 117`, "MissingReasoningError", { parameter: "messages[117]" })
    means(text, "MissingReasoningError")
  })

  it("reads the index of an empty message", () => {
    means("the message at position 3 with role 'assistant' must not be empty", "EmptyMessageError", {
      parameter: "messages[3]"
    })
    means("text content is empty", "EmptyMessageError")
    means("text content blocks must be non-empty", "EmptyMessageError")
  })

  it("recognizes tool results that do not match the calls", () => {
    for (const message of [
      "tool_call_id  is not found",
      "tool_call_id get_weather_0 is not found",
      "an assistant message with 'tool_calls' must be followed by tool messages (insufficient tool messages)"
    ]) {
      means(message, "ToolHistoryError", { parameter: "messages" })
      means(`Invalid request: ${message}`, "ToolHistoryError", { parameter: "messages" })
    }
  })

  it("reads the window with the requested tokens of a context overflow", () => {
    const limit = "Your request exceeded model token limit"
    means(`${limit} : 262144`, "ContextLengthError", { limit: 262_144 })
    means(`${limit}: 262144`, "ContextLengthError", { limit: 262_144 })
    means(`Invalid request: ${limit} : 262144 (requested: 300123)`, "ContextLengthError", {
      limit: 262_144,
      requested: 300_123
    })
    means(limit, "ContextLengthError")
    means(
      "This model's maximum context length is 131072 tokens. However, you requested 140000 tokens",
      "ContextLengthError",
      { limit: 131_072, requested: 140_000 }
    )
  })

  it("recognizes every wording of a context overflow that Moonshot's client knows", () => {
    for (const message of [
      "Input token length too long",
      "input exceeds the context length of the model",
      "the prompt does not fit the context window and exceeds it",
      "over the maximum context",
      "exceed max tokens",
      "exceeded max tokens: 32768",
      "too many tokens in the prompt",
      "prompt is too long: 300000 tokens > 262144 maximum"
    ]) {
      assert.strictEqual(read(message)["_tag"], "ContextLengthError", message)
      assert.strictEqual(read(message.toUpperCase())["_tag"], "ContextLengthError", message)
    }
  })

  it("ignores figures that are too long for a number", () => {
    const digits = "9".repeat(400)
    const { limit, requested } = read(`Your request exceeded model token limit : ${digits} (requested: ${digits})`)
    assert.deepStrictEqual([limit, requested], [undefined, undefined])
    assert.strictEqual(read(`maximum context length is ${digits}`)["_tag"], "ContextLengthError")
  })

  it("recognizes unsupported media", () => {
    for (const message of [
      "Invalid request: unsupported image format: image/svg+xml",
      "Invalid request: unsupported image url: https://example.com/cat.png",
      "unsupported image type",
      "invalid image: cannot decode",
      "unsupported video format",
      "invalid video",
      "Invalid request: image_url must be a data url"
    ]) {
      means(message, "UnsupportedMediaError", { parameter: "messages" })
    }
  })

  it("recognizes files that are too large", () => {
    means(
      "File size is too large, max file size is 100MB, please confirm and re-upload the file",
      "RequestTooLargeError"
    )
    means("Request exceeds the maximum size", "RequestTooLargeError")
  })

  it("recognizes an invalid purpose of a file", () => {
    means("Invalid purpose: only 'file-extract' accepted", "InvalidRequestError", { parameter: "purpose" })
    means("Invalid purpose: only file-extract, image, video, batch accepted", "InvalidRequestError", {
      parameter: "purpose"
    })
  })

  it("maps other messages about files to an invalid request", () => {
    means("File size is zero, please confirm and re-upload the file", "InvalidRequestError")
    means(
      "The number of files you have uploaded exceeded the max file count 1000, please delete previous uploaded files",
      "InvalidRequestError"
    )
  })

  it("ignores case", () => {
    for (const message of [
      "considered high risk",
      "tool_choice 'required' is incompatible with thinking enabled",
      "stop sequence 1 is too long",
      "reasoning_content is missing in assistant tool call message at index 2",
      "message at position 3 with role 'user' must not be empty",
      "text content is empty",
      "tool_call_id  is not found",
      "unknown tool type: plugin",
      "invalid image",
      "file size is too large",
      "invalid purpose: none",
      "invalid top_p: only 0.95 is allowed",
      "n is not supported",
      "missing required header kimi-api-version"
    ]) {
      assert.strictEqual(read(message.toUpperCase())["_tag"], read(message)["_tag"], message)
    }
  })

  it("prefers the type of a filtered request to its message", () => {
    assert.strictEqual(read("invalid temperature: only 1 is allowed", "content_filter")["_tag"], "ContentFilterError")
    means("The request was rejected because it was considered high risk", "ContentFilterError")
  })

  it("maps the roll-out fault of September 2026 to a retryable error", () => {
    const error = fromBadRequest(
      { ...common, message: "missing required header Kimi-Api-Version" },
      "invalid_request_error"
    )
    assert.strictEqual(error._tag, "ServiceUnavailableError")
    assert.isTrue(error.isRetryable)
  })

  it("maps any other message to an invalid request", () => {
    for (const message of ["", "no", "An unknown message"]) {
      means(message, "InvalidRequestError")
      assert.isFalse(fromBadRequest({ ...common, message }, undefined).isRetryable)
    }
  })
})
