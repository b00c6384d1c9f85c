import { assert, describe, it } from "@effect/vitest"
import type { ModelRequest } from "../../../src/models/ChatRequest.ts"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import { Transcript } from "../../../src/pipeline/internal/Transcript.ts"
import {
  called,
  estimated,
  finish,
  piece,
  reset,
  seam,
  start,
  text,
  thought,
  tokens,
  used
} from "../../resilience/support/recovery.ts"

const of = (...events: ReadonlyArray<StreamEvent>): Transcript => {
  const transcript = new Transcript()
  for (const event of events) transcript.add(event)
  return transcript
}

const request: ModelRequest = { model: "unknown", messages: [] }

describe("Transcript", () => {
  it("begins with nothing", () => {
    assert.deepInclude(of(), {
      start: undefined,
      usage: undefined,
      content: "",
      reasoning: "",
      toolArguments: "",
      hasContent: false,
      hasToolCalls: false,
      isSingleChoice: true,
      isCommitted: false
    })
  })

  it("collects the text of each kind", () => {
    assert.deepInclude(of(start(), thought("H"), text("a"), thought("m"), piece("{"), text("b"), piece("}")), {
      content: "ab",
      reasoning: "Hm",
      toolArguments: "{}",
      hasContent: true,
      hasToolCalls: true,
      isSingleChoice: true,
      isCommitted: false
    })
    assert.deepStrictEqual<unknown>(of(start()).start, start())
  })

  it("has content from the first piece of any kind", () => {
    for (const event of [text("a"), thought("a"), piece("")]) assert.isTrue(of(start(), event).hasContent)
    for (const event of [start(), used(tokens(1, 1)), called("{}"), finish]) assert.isFalse(of(event).hasContent)
  })

  it("is committed after a completed tool call or the end", () => {
    assert.isTrue(of(text("a"), called("{}")).isCommitted)
    assert.isTrue(of(text("a"), finish).isCommitted)
    assert.isFalse(of(text("a"), piece("{}"), used(tokens(1, 1))).isCommitted)
  })

  it("detects a second choice of any kind", () => {
    for (const event of [text("a", 1), thought("a", 1), piece("", 1)]) assert.isFalse(of(event).isSingleChoice)
  })

  it("follows a recovery inside its attempt", () => {
    assert.deepStrictEqual(
      of(start(), text("a", 1), piece("{"), used(tokens(1, 1)), reset("x"), text("b")),
      of(text("b"))
    )
    assert.deepStrictEqual(of(start(), text("a"), seam("x"), text("b")), of(start(), text("ab")))
  })

  it("is billed for the latest usage that the host reported", () => {
    const reported = of(text("a"), used(tokens(1, 2)), estimated(tokens(3, 4, 1, 2)))
    assert.deepStrictEqual(reported.billedUsage(request, 99), { usage: tokens(3, 4, 1, 2), isEstimate: true })
  })

  it("is billed for an estimate if the host reported no usage", () => {
    const transcript = of(thought("x".repeat(33)), text("x".repeat(68)), piece("x".repeat(138)))
    assert.deepStrictEqual(transcript.billedUsage(request, 99), { usage: tokens(99, 70, 10), isEstimate: true })
  })

  it("is billed by estimate for no more than its request allowed", () => {
    const transcript = of(thought("x".repeat(33)), text("x".repeat(68)))
    const limited = transcript.billedUsage({ ...request, max_completion_tokens: 9 }, 99)
    assert.deepStrictEqual(limited.usage, tokens(99, 9, 9))
  })
})
