/** The line of a terminal in which the cursor is: what is written next must not continue a response or a question. */
import * as Effect from "effect/Effect"
import * as Terminal from "effect/Terminal"
import * as Output from "../output.ts"

export class CursorLine {
  /** The terminal, in which this line is followed. */
  readonly terminal: Terminal.Terminal
  private isOpen = false

  constructor(terminal: Terminal.Terminal) {
    this.terminal = Terminal.make({
      ...terminal,
      display: (text) => Effect.tap(terminal.display(text), () => Effect.sync(() => this.follow(text)))
    })
  }

  /** Begins a new line unless this one is empty. */
  readonly end: Effect.Effect<void> = Effect.suspend(() =>
    this.isOpen ? Effect.provideService(Output.print("\r\n"), Terminal.Terminal, this.terminal) : Effect.void
  )

  private follow(text: string): void {
    const written = Output.plain(text)
    if (written !== "") this.isOpen = !written.endsWith("\n")
  }
}
