import { assert, describe, it } from "@effect/vitest"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import * as Result from "effect/Result"
import { validate } from "../../src/internal/encodeRequest.ts"
import { providers } from "../../src/Provider.ts"
import { fields } from "./support/errors.ts"

const { moonshot } = providers
const messages = [{ role: "user", content: "hi" }]

describe("validate", () => {
  const secret = "what the user said"
  const refusal = (request: unknown): Record<string, unknown> => {
    const result = validate(request, moonshot)
    return Result.isFailure(result) ? fields(result.failure) : assert.fail("the request was taken")
  }

  it("returns a valid request", () => {
    const request: ChatRequest = {
      messages: [{ role: "user", content: "hi" }],
      temperature: 1,
      extra_body: { a: [1, { b: null }] }
    }
    assert.deepStrictEqual(Result.getOrUndefined(validate(request, moonshot)), request)
  })

  const assistant = { role: "assistant", tool_calls: [{ id: 3, [secret]: secret }] }
  const cases: ReadonlyArray<readonly [object, string, string]> = [
    [{}, "messages", "Missing key"],
    [{ messages: secret }, "messages", "Expected array"],
    [{ messages: [{ role: "user", content: 3 }] }, "messages[0].content", "Expected string | array"],
    [{ messages: [{ role: "user" }] }, "messages[0].content", "Missing key"],
    [{ messages: [...messages, { role: "tool", content: secret }] }, "messages[1].tool_call_id", "Missing key"],
    [{ messages: [assistant] }, "messages[0].tool_calls[0].id", "Expected string"],
    [
      { messages: [...messages, { role: "system", tools: [{ type: "function", function: { name: 3 } }] }] },
      "messages[1].tools[0].function.name",
      "Expected string"
    ],
    [{ messages, model: 3 }, "model", "Expected string | undefined"],
    [{ messages, temperature: secret }, "temperature", "Expected number | undefined"],
    [{ messages, temperature: Number.NaN }, "temperature", "Expected a finite number"],
    [{ messages, temperature: 2.5 }, "temperature", "Expected a value between 0 and 2"],
    [{ messages, top_p: -1 }, "top_p", "Expected a value between 0 and 1"],
    [{ messages, n: 1.5 }, "n", "Expected an integer"],
    [{ messages, n: 6 }, "n", "Expected a value between 1 and 5"],
    [{ messages, presence_penalty: 3 }, "presence_penalty", "Expected a value between -2 and 2"],
    [{ messages, max_tokens: 0 }, "max_tokens", "Expected a value greater than 0"],
    [{ messages, stop: [secret, 4] }, "stop[1]", "Expected string"],
    [{ messages, top_logprobs: 21 }, "top_logprobs", "Expected a value between 0 and 20"],
    [{ messages, tool_choice: secret }, "tool_choice", 'Expected "auto" | "none" | "required"'],
    [{ messages, thinking: { type: secret } }, "thinking.type", 'Expected "enabled" | "disabled"'],
    [{ messages, extra_body: { a: () => secret } }, "extra_body.a", "Expected JSON value"]
  ]

  it("returns the tools that a message loads", () => {
    const tool = { type: "function" as const, function: { name: "search", parameters: { type: "object" } } }
    const request: ChatRequest = { messages: [{ role: "system", tools: [tool] }] }
    assert.deepStrictEqual(Result.getOrUndefined(validate(request, moonshot)), request)
  })

  it("fails with the malformed member next to the expected type", () => {
    for (const [request, path, expected] of cases) {
      assert.deepStrictEqual(refusal(request), {
        _tag: "InvalidRequestError",
        provider: "moonshot",
        parameter: path,
        message: `${path}: ${expected}`
      })
    }
  })

  it("fails without the value of the malformed member", () => {
    for (const [request] of cases) assert.notInclude(JSON.stringify(refusal(request)), secret)
  })

  it("fails with the path of an unknown message, part, format or tool", () => {
    for (const [request, path] of [
      [{ messages: [secret] }, "messages[0]"],
      [{ messages: [{ role: secret, content: secret }] }, "messages[0]"],
      [{ messages: [{ role: "developer", content: secret }] }, "messages[0]"],
      [{ messages: [{ role: "user", content: [{ type: secret }] }] }, "messages[0].content[0]"],
      [{ messages, response_format: { type: secret } }, "response_format"],
      [{ messages, tools: [{ type: secret }] }, "tools[0]"],
      [{ messages, tools: [{ type: "function", function: { name: "" } }] }, "tools[0].function.name"]
    ] as const) {
      const error = refusal(request)
      assert.strictEqual(error["parameter"], path)
      assert.notInclude(JSON.stringify(error), secret)
    }
  })

  it("fails with the name of an unknown member", () => {
    assert.deepInclude(refusal({ messages, seed: 1 }), {
      parameter: "seed",
      message: "seed: Unknown member of a chat request; put host-specific members into extra_body"
    })
    for (const name of ["stream", "max_output_tokens", "toString", "x".repeat(1_000)]) {
      assert.strictEqual(refusal({ messages, [name]: secret })["parameter"], name.slice(0, 64))
    }
    assert.strictEqual(refusal(JSON.parse('{"messages":[],"__proto__":{}}'))["parameter"], "__proto__")
  })

  it.each([
    ["maxTokens", "max_tokens"],
    ["max_completion_token", "max_completion_tokens"],
    ["toolChoice", "tool_choice"]
  ])("names the member that %s probably means", (name, meant) => {
    assert.include(refusal({ messages, [name]: 1 })["message"], `did you mean ${meant}?`)
  })

  it("fails for a value that is not an object", () => {
    for (const request of [undefined, null, 3, secret]) {
      assert.deepStrictEqual(refusal(request), {
        _tag: "InvalidRequestError",
        provider: "moonshot",
        message: "A chat request must be an object with messages"
      })
    }
    assert.strictEqual(refusal([])["_tag"], "InvalidRequestError")
  })
})
