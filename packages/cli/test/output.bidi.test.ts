/** Characters of a response that would change the order in which a terminal shows others. */
import { assert, describe, it } from "@effect/vitest"
import * as Reply from "@kimi-effect/testing/Reply"
import * as Effect from "effect/Effect"
import { withServer } from "./mockedHost.ts"
import { type Options, runKimi } from "./runKimi.ts"

const reordering = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

/** A mark of direction moves no other character. */
const answer = `rm ${reordering}-rf\u200f`
/** As one character, what ESC and [ are in ASCII. */
const sequence = "\u009b"

const printed = (args: ReadonlyArray<string>, options: Options = {}) =>
  withServer((server, env) =>
    Effect.gen(function* () {
      yield* server.replyAlways(Reply.chatResponse({ content: `${answer}${sequence}` }))
      return (yield* runKimi(["chat", "Hi", ...args], { env, ...options })).stdout
    })
  )

describe("a response with characters that reorder others", () => {
  it.live("is shown without them in a terminal", () =>
    Effect.map(printed(["--no-stream"], { typed: [] }), (stdout) => assert.include(stdout, "rm -rf\u200f"))
  )

  it.live("keeps them in a pipe", () => Effect.map(printed([]), (stdout) => assert.include(stdout, answer)))

  it.live("has them as escapes in JSON", () =>
    Effect.map(printed(["--json"]), (stdout) => {
      for (const escaped of [String.raw`rm \u202a`, String.raw`\u009b`]) assert.include(stdout, escaped)
      assert.strictEqual(JSON.parse(stdout).text, `${answer}${sequence}`)
    })
  )
})
