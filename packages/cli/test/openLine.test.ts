import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@kimi-effect/testing/Fault"
import * as Reply from "@kimi-effect/testing/Reply"
import * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Effect from "effect/Effect"
import { withServer } from "./mockedHost.ts"
import { key } from "./process.ts"
import { type Options, runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"
import { hasTmux, inTerminal, press, shows } from "./tmux.ts"

/** A stream that breaks after its text. */
const broken = (text: string) => {
  const words = text.split(/(?<= )|(?=\n)/)
  return Reply.withFault(Fault.ResetMidStream({ afterEvents: 1 + words.length }))(Reply.text(text))
}

/** The output of a command whose response breaks. */
const output = (text: string, options: Options) =>
  withServer((server, env) =>
    Effect.andThen(server.reply(broken(text)), runKimi(["chat", "Hi", "--stream"], { env, ...options }))
  )

const error = "kimi: StreamInterruptedError: "

describe("the error of a response that breaks", () => {
  it.live("does not change what a pipe gets", () =>
    Effect.gen(function* () {
      const { stderr, stdout } = yield* output("One two", {})
      assert.strictEqual(stdout, "One two")
      assert.isTrue(stderr.startsWith(error), stderr)
    })
  )

  it.live("begins a line where it goes to the pipe of the text", () =>
    Effect.gen(function* () {
      const { stderr, stdout } = yield* output("One two", { areOne: true })
      assert.strictEqual(stdout, "One two")
      assert.isTrue(stderr.startsWith(`\n${error}`), stderr)
    })
  )

  it.live("follows a text that has ended its line without an empty one", () =>
    Effect.gen(function* () {
      const { stderr, stdout } = yield* output("One two\n", { areOne: true })
      assert.strictEqual(stdout, "One two\n")
      assert.isTrue(stderr.startsWith(error), stderr)
    })
  )

  it.live("begins a line of the terminal", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* output("One two", { keys: [] })).stdout, "One two\n")
      assert.strictEqual((yield* output("One two\n", { keys: [] })).stdout, "One two\n")
    })
  )

  it.live.skipIf(!hasTmux)("begins a line in a conversation", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.reply(broken("One two"), broken("One two\n"))
      const env = { KIMI_BASE_URL: server.url, KIMI_API_KEY: key, HOME: yield* temporaryFolder, NO_PROXY: "*" }
      yield* inTerminal("chat", env)
      yield* shows("Ctrl-D ends")
      yield* press("First", "Enter")
      yield* shows(/> First\nOne two\nkimi: StreamInterruptedError: [^]*\n>$/m)
      yield* press("Second", "Enter")
      yield* shows(/> Second\nOne two\nkimi: StreamInterruptedError: [^]*\n>$/m)
    })
  )
})
