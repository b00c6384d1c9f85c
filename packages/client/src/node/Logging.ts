/**
 * `Logging` of `@kimi-effect/core` for Node: readable lines, with colors, in a
 * terminal, and JSON elsewhere.
 *
 * ```ts
 * program.pipe(Effect.provide(Logging.layer()))
 * ```
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Core from "@kimi-effect/core/Logging"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"

export * from "@kimi-effect/core/Logging"

/**
 * The logger, with `isTerminal` and `colors` as the output supports them.
 * Options that are given win.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Core.Options = {}): Layer.Layer<never, ConfigurationError> =>
  OptionRules.layerOf("Logging", options, (options) =>
    Layer.unwrap(
      Effect.map(Logger.LogToStderr, (isStderr) => {
        const output = isStderr ? process.stderr : process.stdout
        const isTerminal = output.isTTY === true
        return Core.layer({ isTerminal, colors: isTerminal && output.hasColors(), ...options })
      })
    )
  )
