/** The host of the swarm scenario, in a separate process: it calls a tool in each step but the last, after a delay. */
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"

const [steps = 1, millis = 0] = process.argv.slice(2).map(Number)

interface Body {
  readonly messages: ReadonlyArray<{ readonly role: string }>
}

const usage = { prompt_tokens: 2_000, completion_tokens: 60, cached_tokens: 1_500, reasoning_tokens: 20 }

const finding = "The part has no dependency on another, and its state is documented in the second section. ".repeat(4)

const program = Effect.gen(function* () {
  const server = yield* MockServer.make({ validateRequests: false, maxRecordedRequests: 0, latency: millis })
  yield* server.replyAlways(({ json }) => {
    const done = (json as Body).messages.filter(({ role }) => role === "assistant").length
    const call = { name: "read_part", arguments: JSON.stringify({ part: `${done}` }) }
    return Reply.chatResponse({
      model: "kimi-k3",
      reasoning_content: "I read the next part.",
      content: done + 1 === steps ? finding : "",
      ...(done + 1 === steps ? {} : { tool_calls: [call] }),
      usage
    })
  })
  process.on("message", () => {
    Effect.runFork(Effect.map(server.ledger, ({ answered }) => process.send?.(answered)))
  })
  yield* Effect.sync(() => process.send?.(server.url))
  return yield* Effect.never
})

if (process.send !== undefined) Effect.runFork(Effect.scoped(program))
