/** The handler of a command, which is loaded when the command runs. */
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as Effect from "effect/Effect"

interface Module<Input, E, R> {
  readonly run: (input: Input) => Effect.Effect<void, E, R>
}

export const handler =
  <Input, E, R>(load: () => Promise<Module<Input, E, R>>) =>
  (input: Input): Effect.Effect<void, E, R> =>
    Effect.flatMap(loadModule(load), ({ run }) => run(input))
