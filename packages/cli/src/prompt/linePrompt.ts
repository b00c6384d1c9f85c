/**
 * Prompts that are edited in the terminal. From the first one to the last, keys are
 * read and not echoed, so that they do not disturb a response. What is typed during
 * one is the start of the next prompt, and is not sent without a further Enter.
 */
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Terminal from "effect/Terminal"
import * as Output from "../output.ts"
import { CursorLine } from "./cursorLine.ts"
import * as Editor from "./editor.ts"
import { type ControlKey, decode, endPaste, isPaste, type Key, promptText } from "./keyDecoder.ts"
import { layout } from "./layout.ts"
import { Screen } from "./screen.ts"
import { type InputEvent, TypedInput } from "./typedInput.ts"

export interface LinePrompt {
  /** Reads the next prompt. Fails at Ctrl-D. */
  readonly prompt: (history: ReadonlyArray<string>) => Effect.Effect<string, Terminal.QuitError>
  /** Reads the answer to a question, without what was typed before it. Fails at Ctrl-D. */
  readonly question: (text: string) => Effect.Effect<string, Terminal.QuitError>
  /** The same, without showing the answer. */
  readonly secret: (text: string) => Effect.Effect<string, Terminal.QuitError>
  /** Runs an effect until Ctrl-C, after which the cursor is in an empty line. Ctrl-C elsewhere interrupts the command, or clears the text that is edited. */
  readonly stoppable: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<Option.Option<A>, E, R>
}

/** What is edited at the moment. */
interface Entry {
  readonly label: string
  readonly answer: Deferred.Deferred<string, Terminal.QuitError>
  readonly isShown: boolean
  editor: Editor.Editor
}

const mark = "> "
/** The time in which a sequence arrives, as in GNU readline. */
const sequenceTimeout = "500 millis"
/** Terminals with this mode mark what is pasted. */
const bracketedPaste = { on: "\u001b[?2004h", off: "\u001b[?2004l" }

const typed = (editor: Editor.Editor, key: Key): Editor.Editor => {
  if (key._tag === "Text") return Editor.insert(editor, key.text)
  return key._tag === "Edit" ? Editor.edit(editor, key.name) : editor
}

const typedAhead = (editor: Editor.Editor, key: Key): Editor.Editor =>
  key._tag === "Control" && key.name === "enter" && editor.text !== ""
    ? Editor.insert(editor, "\n")
    : typed(editor, key)

class Session implements LinePrompt {
  private readonly screen = new Screen()
  private entry: Entry | undefined
  private ahead = Editor.make()
  private stop: Deferred.Deferred<void> | undefined
  /** Whether Ctrl-D was typed before the next prompt. */
  private endsNext = false
  private isClosed = false
  private readonly line: CursorLine
  private readonly input: TypedInput

  constructor(line: CursorLine, input: TypedInput) {
    this.line = line
    this.input = input
  }

  private get terminal(): Terminal.Terminal {
    return this.line.terminal
  }

  readonly prompt = (history: ReadonlyArray<string>) =>
    Effect.suspend(() => {
      if (this.endsNext) return Effect.fail(new Terminal.QuitError({}))
      const prompts = history.map(promptText)
      const editor = Editor.make(prompts, this.ahead.text.trimEnd())
      this.ahead = Editor.make()
      return Effect.tap(this.read(mark, editor), (text) =>
        Effect.sync(() => {
          this.ahead = Editor.withHistory(this.ahead, [...prompts, text])
        })
      )
    })

  readonly question = (text: string) => this.ask(text, true)

  readonly secret = (text: string) => this.ask(text, false)

  private ask(text: string, isShown: boolean): Effect.Effect<string, Terminal.QuitError> {
    return Effect.flatMap(this.size, (size) => {
      // A question may be longer than the terminal: what is before its last row is not redrawn.
      const { rows } = layout(text, ["", ""], { ...size, rows: Number.POSITIVE_INFINITY })
      const above = rows.slice(0, -1).map((row) => `${row}\r\n`)
      return Effect.andThen(this.print(above.join("")), this.read(rows.at(-1) ?? "", Editor.make(), isShown))
    })
  }

  readonly stoppable = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      const stop = Deferred.makeUnsafe<void>()
      this.stop = stop
      const stopped = Effect.as(Deferred.await(stop), Option.none<A>())
      const ended = Effect.raceFirst(Effect.asSome(effect), stopped)
      return Effect.tap(ended, (result) => (Option.isNone(result) ? this.line.end : Effect.void))
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          this.stop = undefined
        })
      )
    )

  /** Passes on what is typed. Interrupts at Ctrl-C where nothing else is done then. */
  readonly run = (events: Queue.Dequeue<InputEvent, Cause.Done>): Effect.Effect<never> =>
    Effect.gen({ self: this }, function* () {
      let rest = ""
      for (;;) {
        const next = Queue.take(events)
        // A paste arrives for as long as it needs.
        const isBounded = rest !== "" && !isPaste(rest)
        const event = yield* isBounded ? Effect.timeoutOption(next, sequenceTimeout) : Effect.asSome(next)
        if (Option.isNone(event)) rest = ""
        else if (event.value._tag === "Typed") rest = yield* this.type(rest, event.value.text)
        else yield* this.draw
      }
    }).pipe(Effect.catch(() => Effect.andThen(this.close, Effect.never)))

  private type(rest: string, text: string): Effect.Effect<string> {
    const decoded = decode(text === "\u0003" && isPaste(rest) ? endPaste(rest) : rest + text)
    return Effect.forEach(decoded.keys, (key) => this.press(key), { discard: true }).pipe(
      Effect.andThen(this.draw),
      Effect.as(decoded.rest)
    )
  }

  private press(key: Key): Effect.Effect<unknown> {
    const { entry } = this
    if (entry === undefined) this.ahead = typedAhead(this.ahead, key)
    else entry.editor = typed(entry.editor, key)
    return key._tag === "Control" ? this.control(key.name, entry) : Effect.void
  }

  private control(name: ControlKey, entry: Entry | undefined): Effect.Effect<unknown> {
    if (name === "interrupt") return this.interrupt(entry)
    if (name === "suspend") return this.suspend
    if (entry === undefined) {
      this.endsNext ||= name === "endOfInput" && this.ahead.text === ""
      return Effect.void
    }
    if (name === "enter") return this.enter(entry)
    if (name === "endOfInput") return this.endOfInput(entry)
    return this.print(this.screen.clear())
  }

  private enter(entry: Entry): Effect.Effect<unknown> {
    const continued = Editor.continued(entry.editor)
    if (continued === undefined) return this.finish(Deferred.succeed(entry.answer, entry.editor.text.trimEnd()))
    entry.editor = continued
    return Effect.void
  }

  private endOfInput(entry: Entry): Effect.Effect<unknown> {
    if (entry.editor.text === "") return this.finish(Deferred.fail(entry.answer, new Terminal.QuitError({})))
    entry.editor = Editor.edit(entry.editor, "delete")
    return Effect.void
  }

  private interrupt(entry: Entry | undefined): Effect.Effect<unknown> {
    if (entry !== undefined && entry.editor.text !== "") {
      entry.editor = Editor.make(entry.editor.history)
      return this.print(`${this.screen.leave()}^C\r\n`)
    }
    return this.stop === undefined ? Effect.interrupt : Deferred.succeed(this.stop, undefined)
  }

  /** As the signal of Ctrl-Z, which a terminal whose keys are read does not send. */
  private readonly suspend = Effect.suspend(() =>
    this.print(`${this.screen.leave()}\r\n${bracketedPaste.off}`).pipe(
      Effect.andThen(this.input.suspend),
      Effect.andThen(this.print(bracketedPaste.on))
    )
  )

  private readonly close = Effect.suspend(() => {
    this.isClosed = true
    return this.entry === undefined
      ? Effect.void
      : this.finish(Deferred.fail(this.entry.answer, new Terminal.QuitError({})))
  })

  private finish(answer: Effect.Effect<unknown>): Effect.Effect<unknown> {
    return this.draw.pipe(
      Effect.andThen(() => {
        this.entry = undefined
        return this.print(`${this.screen.leave()}\r\n`)
      }),
      Effect.andThen(answer)
    )
  }

  private read(label: string, editor: Editor.Editor, isShown = true): Effect.Effect<string, Terminal.QuitError> {
    return Effect.suspend(() => {
      if (this.isClosed) return Effect.fail(new Terminal.QuitError({}))
      const entry: Entry = { label, answer: Deferred.makeUnsafe(), isShown, editor }
      this.entry = entry
      return Effect.andThen(this.draw, Deferred.await(entry.answer))
    }).pipe(
      Effect.onInterrupt(() => {
        this.entry = undefined
        // `Output.print` waits for the end of the program where the terminal is gone, and the program for this.
        return Effect.ignore(this.terminal.display(this.screen.leave()))
      })
    )
  }

  private readonly draw = Effect.suspend(() =>
    Effect.flatMap(this.size, (size) => {
      const { entry } = this
      if (entry === undefined) return Effect.void
      return this.print(this.screen.draw(entry.label, entry.isShown ? entry.editor : Editor.make(), size))
    })
  )

  private readonly size = Effect.suspend(() =>
    Effect.map(Effect.all([this.terminal.columns, this.terminal.rows]), ([columns, rows]) => ({
      columns: columns || 80,
      rows: rows || 24
    }))
  )

  private print(text: string): Effect.Effect<void> {
    return Effect.provideService(Output.print(text), Terminal.Terminal, this.terminal)
  }
}

/** Reads prompts in the terminal. Afterwards, it is as it was before. */
export const use = <A, E, R>(run: (prompt: LinePrompt) => Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const line = new CursorLine(yield* Terminal.Terminal)
      const { terminal } = line
      const input = yield* TypedInput
      const session = new Session(line, input)
      const events = yield* input.events
      yield* Effect.acquireRelease(Output.print(bracketedPaste.on), () =>
        Effect.ignore(terminal.display(bracketedPaste.off))
      )
      const program = Effect.provideService(run(session), Terminal.Terminal, terminal)
      return yield* Effect.raceFirst(program, session.run(events))
    })
  )
