/** Fuzzes the arguments of a tool call, as a whole and in the deltas of a stream. */
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import { isKimiError } from "@kimi-effect/core/KimiError"
import * as Schema from "effect/Schema"
import { fromCompletion } from "../../packages/client/src/internal/decodeCompletion.ts"
import { ToolCallAssembler } from "../../packages/client/src/internal/toolCalls.ts"
import { expect, type Target, toBytes, toText } from "./Target.ts"

const isObject = (json: string): boolean => {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === "object" && value !== null
  } catch {
    return false
  }
}

/** Pieces of some characters. The first is as long as half of the text, so that a repetition fits into one piece. */
const piecesOf = (text: string, length: number): ReadonlyArray<string> => {
  const half = Math.ceil(text.length / 2)
  const pieces = [text.slice(0, half)]
  for (let start = half; start < text.length; start += length) pieces.push(text.slice(start, start + length))
  return pieces
}

const assemble = (pieces: ReadonlyArray<string>): ToolCallAssembler => {
  const assembler = new ToolCallAssembler()
  pieces.forEach((piece, index) =>
    assembler.add({
      index: 0,
      ...(index === 0 ? { id: "call_1", type: "function" } : {}),
      function: { ...(index === 0 ? { name: "search" } : {}), arguments: piece }
    })
  )
  return assembler
}

/** The arguments of a stream are those that were sent, or the last repetition of them that is an object. */
const checkDeltas = (text: string, length: number): void => {
  const { calls, uncertain } = assemble(piecesOf(text, length))
  expect(calls.length === 1, () => `${calls.length} calls from the deltas of one`)
  const [call] = calls
  if (call === undefined || uncertain !== undefined) return
  const args = call.wholeArguments
  expect(args === text || (text.endsWith(args) && isObject(args)), () => `the arguments became ${args}`)
  expect(!isObject(text) || args === text, () => "arguments that are an object were changed")
}

const decode = Schema.decodeUnknownSync(ChatCompletion)

/** The arguments of a whole response reach the caller as they are. */
const checkWhole = (text: string): void => {
  const tool_calls = [{ id: "call_1", type: "function", function: { name: "search", arguments: text } }]
  const completion = decode({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "kimi-k3",
    choices: [{ index: 0, message: { role: "assistant", content: "", tool_calls }, finish_reason: "tool_calls" }]
  })
  const response = fromCompletion(completion, { provider: "moonshot" }, "kimi-k3", undefined, {
    markup: { mode: "parse", isStrict: false }
  })
  if ("_tag" in response) return expect(isKimiError(response), () => "not an error of the library")
  const args = response.toolCalls[0]?.function.arguments
  expect(args === text, () => `the arguments became ${String(args)}`)
}

const run = (input: Uint8Array): void => {
  const text = toText(input)
  checkDeltas(text, 1 + ((input[0] ?? 0) % 32))
  checkDeltas(text, Math.max(1, text.length))
  checkWhole(text)
}

const sample = JSON.stringify({
  query: 'Kimi K3 "context" 长度',
  limit: 10,
  filters: [{ year: 2026 }, null],
  deep: { a: {} }
})

export const toolArguments: Target = {
  name: "tool arguments",
  samples: [sample, `${sample}${sample}`, "{}", "{}{}", `{"a":1}{"a":1,"b":2}`, JSON.stringify(sample)].map(toBytes),
  tokens: [
    "{",
    "}",
    "{}",
    "[",
    "]",
    '"',
    "\\",
    "\\u",
    ":",
    ",",
    "null",
    '{"__proto__":{}}',
    '"constructor"',
    "1e400",
    "-",
    "\n",
    "\uFEFF",
    "<|tool_call_argument_begin|>",
    "<|tool_call_end|>",
    "<tool_call>",
    "```json"
  ],
  run
}
