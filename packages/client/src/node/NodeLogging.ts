/**
 * The log of a program on Node: for people and in colour in a terminal, JSON
 * elsewhere.
 *
 * ```ts
 * program.pipe(Effect.provide(NodeLogging.layer()))
 * ```
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Logging from "@kimi-effect/core/Logging"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"

/**
 * `Logging.layer`, which is told whether lines go to a terminal that shows
 * colours. Options that are given win.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Logging.Options = {}): Layer.Layer<never, ConfigurationError> =>
  Layer.unwrap(
    Effect.map(Logger.LogToStderr, (isStderr) => {
      const output = isStderr ? process.stderr : process.stdout
      const isTerminal = output.isTTY === true
      return Logging.layer({ isTerminal, colors: isTerminal && output.hasColors(), ...options })
    })
  )
