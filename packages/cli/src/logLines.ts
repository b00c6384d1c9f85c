/** The lines of the log of the command. */
import * as Cause from "effect/Cause"
import * as Logger from "effect/Logger"

/** On one line, with the hint of an error of the library, which is in its stack before the frames. */
const textOf = ({ message, name, stack = "" }: Error): string => {
  const [head = ""] = stack.split(/\n\s+at /, 1)
  const text = head.startsWith(`${name}: `) ? head.slice(name.length + 2) : message
  return text.replaceAll(/\s*\n\s*/g, " ")
}

/**
 * Without the frames of expected failures, such as a cache that cannot be opened: a user
 * corrects what the text names. Those of a defect are for a report of it.
 */
const withoutFrames = (cause: Cause.Cause<unknown>): Cause.Cause<unknown> =>
  Cause.fromReasons(
    cause.reasons.map((reason) =>
      Cause.isFailReason(reason) && reason.error instanceof Error
        ? Cause.makeFailReason({ name: reason.error.name, message: textOf(reason.error) })
        : reason
    )
  )

export const logger = Logger.make<unknown, string>((options) =>
  Logger.formatLogFmt.log({ ...options, cause: withoutFrames(options.cause) })
)
