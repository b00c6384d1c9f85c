/** What an upload reports that is interrupted: the host may keep a file that it has all bytes of, and has not named its id. */
import * as Effect from "effect/Effect"
import { sameOptions } from "./nextCommand.ts"
import type { Given } from "./optionFlags.ts"
import * as Output from "./output.ts"

interface Upload {
  readonly name: string
  readonly size: number
  /** The bytes that the host has taken so far. */
  readonly sent: () => number
  /** Whether the terminal shows `^C`, which the note must not continue. */
  readonly isEchoed: boolean
  readonly options: Given
}

/** Names the file at an interrupt, if the host may have kept it. One that it has a part of is refused. */
export const atInterrupt = ({ isEchoed, name, options, sent, size }: Upload) =>
  Effect.onInterrupt(() => {
    if (sent() < size) return Effect.void
    const needed = sameOptions(options)
    const flags = needed === undefined ? "" : `with ${needed}, `
    return Output.note(
      `${isEchoed ? "\n" : ""}The host may have kept ${Output.plain(name)}, whose upload was interrupted: ${flags}kimi files list shows it, and kimi files delete deletes it.`
    )
  })
