import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@kimi-effect/testing/Fault"
import * as Reply from "@kimi-effect/testing/Reply"
import * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { mcpServer } from "./mcpServer.ts"
import { key } from "./process.ts"
import { temporaryFolder } from "./temporaryFolder.ts"
import { hasTmux, inTerminal, paste, press, shows } from "./tmux.ts"

/** A conversation in a terminal. Its shell reports the mode of the terminal afterwards, and then what is typed. */
const chat = Effect.fnUntraced(function* (args = "", env: { readonly [name: string]: string } = { KIMI_API_KEY: key }) {
  const server = yield* MockServer.make()
  const folder = yield* temporaryFolder
  yield* inTerminal(
    `chat ${args}`,
    { KIMI_BASE_URL: server.url, HOME: folder, NO_PROXY: "*", ...env },
    "stty -a | grep -o '.icanon'; cat -v"
  )
  const prompts = Effect.map(server.requests, (requests) =>
    requests.map(({ body }): unknown => JSON.parse(body).messages.at(-1).content)
  )
  return { server, folder, prompts, paste: (text: string) => paste(text, folder) }
})

const begun = shows("Ctrl-D ends")

/** The terminal has lines again, echoes, and has no brackets around what is pasted. */
const isRestored = (terminal: { readonly paste: (text: string) => Effect.Effect<void> }) =>
  Effect.gen(function* () {
    yield* shows(" icanon")
    yield* terminal.paste("pasted\n")
    assert.match(yield* shows("pasted\npasted"), /^pasted\npasted$/m)
  })

describe("a conversation in a terminal", () => {
  it.live.skipIf(!hasTmux)("sends prompts as they are edited, until Ctrl-D", () =>
    Effect.gen(function* () {
      const terminal = yield* chat()
      yield* begun
      yield* press("helo", "Left", "l", "Home", "Delete", "H", "M-f", " 你好x", "BSpace", "Enter")
      yield* shows(/tokens, \$.*\n>$/m)
      yield* press("Up", "!", "Enter")
      yield* shows("> Hello 你好!")
      yield* press("C-d")
      yield* shows("code 0")
      yield* isRestored(terminal)
      assert.deepStrictEqual(yield* terminal.prompts, ["Hello 你好", "Hello 你好!"])
    })
  )

  it.live.skipIf(!hasTmux)("sends pasted lines as one prompt", () =>
    Effect.gen(function* () {
      const { paste, prompts } = yield* chat()
      yield* begun
      yield* paste("one\n\ttwo\nthree\n")
      yield* shows("three")
      yield* press("four", "Enter")
      yield* shows("tokens, $")
      assert.deepStrictEqual(yield* prompts, ["one\n\ttwo\nthree\nfour"])
    })
  )

  it.live.skipIf(!hasTmux)("continues after Ctrl-C in a response, until one without a text", () =>
    Effect.gen(function* () {
      const terminal = yield* chat()
      const stalls = Reply.withFault(Fault.StallMidStream({ afterEvents: 8 }))
      yield* terminal.server.reply(stalls(Reply.text("One two three four five six seven eight nine ten.")))
      yield* begun
      yield* press("First", "Enter")
      yield* shows("One two")
      yield* press("Next", "Enter", "C-c")
      assert.match(yield* shows("Stopped."), /One two.*\nStopped\./)
      yield* shows("> Next")
      yield* press("C-c")
      yield* shows("> Next^C")
      yield* press("C-c")
      yield* shows("code 130")
      yield* isRestored(terminal)
      assert.deepStrictEqual(yield* terminal.prompts, ["First"])
    })
  )

  it.live.skipIf(!hasTmux)("has no empty line after Ctrl-C before any text of a response", () =>
    Effect.gen(function* () {
      const terminal = yield* chat()
      yield* terminal.server.reply(Reply.never())
      yield* begun
      yield* press("First", "Enter")
      yield* Effect.repeat(terminal.prompts, {
        until: (prompts) => prompts.length === 1,
        schedule: Schedule.spaced(20)
      })
      yield* press("C-c")
      assert.match(yield* shows("Stopped."), /> First\nStopped\./)
      yield* press("C-d")
      yield* shows("code 0")
    })
  )

  it.live.skipIf(!hasTmux)("sends no API key that was typed before it", () =>
    Effect.gen(function* () {
      const { prompts } = yield* chat("", {})
      yield* shows("API key (not shown)")
      yield* press(key, "Enter")
      yield* shows("File to keep it in")
      yield* press("Enter")
      yield* begun
      yield* press("Hello", "Enter")
      yield* shows("tokens, $")
      assert.deepStrictEqual(yield* prompts, ["Hello"])
    })
  )

  it.live.skipIf(!hasTmux)("asks whether to run a tool between prompts", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const path = join(folder, "server.cjs")
      writeFileSync(path, mcpServer)
      const { prompts, server } = yield* chat(`--mcp '${process.execPath} ${path}'`)
      const call = Reply.toolCalls([{ name: "shout", arguments: { word: "hello" } }], { reasoning: "Shout it." })
      yield* server.reply(call, Reply.text("It shouted."), call, Reply.text("It did not."))
      yield* begun
      yield* press("Shout", "Enter")
      yield* shows("? [y/N]")
      yield* press("Up", "y", "Enter")
      yield* shows("It shouted.")
      yield* press("Again", "Enter")
      // The first one is still on the screen.
      yield* shows(/\? \[y\/N\][^]*\? \[y\/N\]/)
      yield* press("C-c")
      yield* shows("Stopped.")
      yield* press("C-d")
      yield* shows("code 0")
      const [first, result, second] = yield* prompts
      assert.deepStrictEqual([first, second], ["Shout", "Again"])
      assert.match(String(result), /^HELLO/)
    })
  )
})
