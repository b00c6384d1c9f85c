import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Terminal from "effect/Terminal"
import * as TestClock from "effect/testing/TestClock"
import * as Output from "../../src/output.ts"
import { inTerminal } from "./keyboard.ts"

const pasteOn = "\u001b[?2004h"
const pasteOff = "\u001b[?2004l"

/** The prompt that is sent when this is typed, each part at once. */
const sent = (...inputs: ReadonlyArray<string>) =>
  Effect.map(
    inTerminal(
      ({ prompt }) => prompt(["earlier\u0007", "last"]),
      ({ type }) => type(...inputs)
    ),
    ({ exit }) => exit
  )

describe("prompt", () => {
  it.effect.each<[string, ReadonlyArray<string>, string]>([
    ["is edited", ["helo\u001b[Dl", "\r"], "hello"],
    ["is sent with the text that arrives with Enter", ["hello\r"], "hello"],
    ["begins a line at Alt-Enter", ["a\u001b\rb\r"], "a\nb"],
    ["begins a line at Enter after a backslash", ["a\\", "\r", "b", "\r"], "a\nb"],
    ["has all lines of a paste", ["\u001b[200~a\rb\rc\r\u001b[201~", "d\r"], "a\nb\nc\nd"],
    ["has all lines that arrive at once", ["a\rb\rc\r", "\r"], "a\nb\nc"],
    ["recalls an earlier one without its control characters", ["\u001b[A\u001b[A", "!\r"], "earlier!"],
    ["recognizes a key in parts", ["ab\u001b", "[", "D", "x\r"], "axb"],
    ["deletes the next character at Ctrl-D in a text", ["ab\u0002\u0004\r"], "a"],
    ["is without a text that Ctrl-C has cleared", ["abc", "\u0003", "x\r"], "x"],
    ["has what arrived of a paste that Ctrl-C ends", ["\u001b[200~a\rb", "\u0003", "c\r"], "a\nbc"]
  ])("%s", ([, inputs, text]) =>
    Effect.map(sent(...inputs), (exit) => assert.deepStrictEqual(exit, Exit.succeed(text)))
  )

  it.effect("reads a key as text when the sequence that it could continue is too old", () =>
    Effect.gen(function* () {
      const { exit } = yield* inTerminal(
        ({ prompt }) => prompt([]),
        ({ type }) =>
          Effect.gen(function* () {
            yield* type("a\u001b")
            yield* TestClock.adjust("500 millis")
            yield* type("b\r")
          })
      )
      assert.deepStrictEqual(exit, Exit.succeed("ab"))
    })
  )

  it.effect("waits for the end of a paste", () =>
    Effect.gen(function* () {
      const { exit } = yield* inTerminal(
        ({ prompt }) => prompt([]),
        ({ type }) =>
          Effect.gen(function* () {
            yield* type("\u001b[200~a\r")
            yield* TestClock.adjust("1 minute")
            yield* type("b\u001b[201~", "\r")
          })
      )
      assert.deepStrictEqual(exit, Exit.succeed("a\nb"))
    })
  )

  it.effect("shows what Ctrl-C has cleared with a mark", () =>
    Effect.gen(function* () {
      const { output } = yield* inTerminal(
        ({ prompt }) => prompt([]),
        ({ type }) => type("abc", "\u0003", "\r")
      )
      assert.include(output, "> abc^C\r\n")
    })
  )

  it.effect("fails at Ctrl-D without a text", () =>
    Effect.map(sent("\u0004"), (exit) => assert.deepStrictEqual(exit, Exit.fail(new Terminal.QuitError({}))))
  )

  it.effect("interrupts at Ctrl-C without a text", () =>
    Effect.map(sent("\u0003"), (exit) => assert.isTrue(Exit.hasInterrupts(exit)))
  )

  it.effect("fails at the end of the input", () =>
    Effect.gen(function* () {
      const { exit } = yield* inTerminal(
        ({ prompt }) => Effect.andThen(Effect.exit(prompt([])), prompt([])),
        ({ end }) => end
      )
      assert.deepStrictEqual(exit, Exit.fail(new Terminal.QuitError({})))
    })
  )

  it.effect("is drawn again when the size of the terminal changes", () =>
    Effect.gen(function* () {
      const { output } = yield* inTerminal(
        ({ prompt }) => prompt([]),
        ({ send, type }) => type("abc").pipe(Effect.andThen(send({ _tag: "Resized" })), Effect.andThen(type("\r")))
      )
      // After the text, the size, and Enter.
      assert.lengthOf(output.split("\u001b[J> abc"), 4)
    })
  )

  it.effect("is drawn again after Ctrl-Z, during which a paste has no brackets", () =>
    Effect.gen(function* () {
      const { output } = yield* inTerminal(
        ({ prompt }) => prompt([]),
        ({ type }) => type("abc", "\u001a", "\r")
      )
      assert.include(output, `\r\n${pasteOff}(suspended)${pasteOn}\r\u001b[J> abc`)
    })
  )
})

describe("what is typed before a prompt", () => {
  const typedAhead = (...inputs: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const answered = yield* Deferred.make<void>()
      return yield* inTerminal(
        ({ prompt }) =>
          Effect.andThen(prompt([]), (first) => Effect.andThen(Deferred.await(answered), prompt([first]))),
        ({ output, type }) =>
          Effect.gen(function* () {
            yield* type("first", "\r")
            const before = output()
            yield* type(...inputs)
            assert.strictEqual(output(), before)
            yield* Deferred.succeed(answered, undefined)
            yield* type("\r")
          })
      )
    })

  it.effect.each<[string, ReadonlyArray<string>, string]>([
    ["is its start", ["next", "\u001b[15~\u001b[D"], "next"],
    ["is edited", ["nexx", "\u007ft"], "next"],
    ["does not send it", ["next\r", "line", "\r"], "next\nline"],
    ["has no Enter alone", ["\r", "\r", "next"], "next"],
    ["recalls an earlier one", ["next", "\u001b[A", "\u0004"], "first"],
    ["may be pasted", ["\u001b[200~a\rb\u001b[201~"], "a\nb"]
  ])("%s", ([, inputs, text]) =>
    Effect.map(typedAhead(...inputs), ({ exit }) => assert.deepStrictEqual(exit, Exit.succeed(text)))
  )

  it.effect("ends it at Ctrl-D", () =>
    Effect.map(typedAhead("\u0004next"), ({ exit }) =>
      assert.deepStrictEqual(exit, Exit.fail(new Terminal.QuitError({})))
    )
  )

  it.effect("interrupts at Ctrl-C", () =>
    Effect.gen(function* () {
      const { exit } = yield* inTerminal(
        () => Effect.never,
        ({ type }) => type("abc\u0003")
      )
      assert.isTrue(Exit.hasInterrupts(exit))
    })
  )
})

describe("question", () => {
  it.effect("has no answer that was typed before it", () =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const { exit } = yield* inTerminal(
        ({ prompt, question }) => Effect.andThen(Deferred.await(asked), Effect.all([question("Run it? "), prompt([])])),
        ({ type }) =>
          Effect.gen(function* () {
            yield* type("y\r")
            yield* Deferred.succeed(asked, undefined)
            yield* type("n\r", "\r")
          })
      )
      assert.deepStrictEqual(exit, Exit.succeed(["n", "y"]))
    })
  )

  it.effect("has no escape sequence in its answer", () =>
    Effect.gen(function* () {
      const { exit } = yield* inTerminal(
        ({ question }) => question("Run it? "),
        ({ type }) => type("\u001b[A\u001b[<0;1;1My\u001b[I\r")
      )
      assert.deepStrictEqual(exit, Exit.succeed("y"))
    })
  )

  it.effect("is shown in full if it is higher than the terminal", () =>
    Effect.gen(function* () {
      const rows = Array.from({ length: 20 }, (_, index) => `argument ${index}`.padEnd(40, "."))
      const { output } = yield* inTerminal(
        ({ question }) => question(`${rows.join("")} run? `),
        ({ type }) => type("n\r")
      )
      assert.include(output, `${rows.join("\r\n")}\r\n`)
      assert.include(output, "\u001b[J run? n")
    })
  )
})

describe("stoppable", () => {
  it.effect("returns the result of an effect that ends", () =>
    Effect.gen(function* () {
      const { exit } = yield* inTerminal(
        ({ stoppable }) => stoppable(Effect.succeed(1)),
        () => Effect.void
      )
      assert.deepStrictEqual(exit, Exit.succeed(Option.some(1)))
    })
  )

  it.effect("interrupts an effect at Ctrl-C, after which prompts are read", () =>
    Effect.gen(function* () {
      let isInterrupted = false
      const response = Effect.onInterrupt(Effect.never, () =>
        Effect.sync(() => {
          isInterrupted = true
        })
      )
      const { exit } = yield* inTerminal(
        ({ prompt, stoppable }) => Effect.all([stoppable(response), prompt([])]),
        ({ type }) => type("\u0003", "next\r")
      )
      assert.deepStrictEqual(exit, Exit.succeed([Option.none(), "next"]))
      assert.isTrue(isInterrupted)
    })
  )

  it.effect("interrupts a question at Ctrl-C", () =>
    Effect.gen(function* () {
      const { exit } = yield* inTerminal(
        ({ prompt, question, stoppable }) => Effect.all([stoppable(question("Run it? ")), prompt([])]),
        ({ type }) => type("\u0003", "next\r")
      )
      assert.deepStrictEqual(exit, Exit.succeed([Option.none(), "next"]))
    })
  )

  it.effect.each([
    { name: "a text without a line end", written: "One two", expected: "One two\r\nStopped" },
    { name: "a line", written: "One two\n", expected: "One two\nStopped" },
    { name: "an escape sequence after a line", written: "One\n\u001b[0m", expected: "One\n\u001b[0mStopped" },
    { name: "nothing", written: "", expected: `${pasteOn}Stopped` }
  ])("is followed at Ctrl-C by an empty line after $name", ({ expected, written }) =>
    Effect.gen(function* () {
      const { output } = yield* inTerminal(
        ({ stoppable }) =>
          stoppable(Effect.andThen(Output.print(written), Effect.never)).pipe(Effect.andThen(Output.print("Stopped"))),
        ({ type }) => type("\u0003")
      )
      assert.include(output, expected)
    })
  )

  it.effect("ends the line of a question at Ctrl-C", () =>
    Effect.gen(function* () {
      const { output } = yield* inTerminal(
        ({ question, stoppable }) => Effect.andThen(stoppable(question("Run it? ")), Output.print("Stopped")),
        ({ type }) => type("\u0003")
      )
      assert.match(output, /Run it\? [^\n]*\r\nStopped/)
    })
  )

  it.effect("ends with its effect, so that Ctrl-C interrupts later", () =>
    Effect.gen(function* () {
      const { exit } = yield* inTerminal(
        ({ prompt, stoppable }) => Effect.andThen(stoppable(Effect.void), prompt([])),
        ({ type }) => type("\u0003")
      )
      assert.isTrue(Exit.hasInterrupts(exit))
    })
  )
})

describe("use", () => {
  it.effect("ends at Ctrl-C in a terminal that is gone", () =>
    Effect.gen(function* () {
      const { exit } = yield* inTerminal(
        ({ prompt }) => prompt([]),
        ({ hangUp, type }) => Effect.andThen(hangUp, type("\u0003"))
      )
      assert.isTrue(Exit.hasInterrupts(exit))
    })
  )

  it.effect.each<[string, Effect.Effect<void, string>]>([
    ["success", Effect.void],
    ["a failure", Effect.fail("failed")],
    ["a defect", Effect.die("a defect")],
    ["an interruption", Effect.interrupt]
  ])("leaves the brackets of pastes at %s", ([, program]) =>
    Effect.gen(function* () {
      const { output } = yield* inTerminal(
        () => program,
        () => Effect.void
      )
      assert.strictEqual(output, pasteOn + pasteOff)
    })
  )
})

describe("secret", () => {
  const asked = inTerminal(
    ({ secret }) => secret("Key: "),
    ({ type }) => type("sk-\u001b[97;5u\u001b[<0;1;1M", "ab\u007fc\u001b[5;10~", "\r")
  )

  it.effect("reads what is typed without the sequences of unknown keys", () =>
    Effect.map(asked, ({ exit }) => assert.deepStrictEqual(exit, Exit.succeed("sk-ac")))
  )

  it.effect("shows the question alone", () =>
    Effect.map(asked, ({ output }) => {
      assert.include(output, "Key: ")
      assert.notMatch(output, /sk|ab|0;1|~/)
    })
  )
})
