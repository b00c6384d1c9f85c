/**
 * Loads modules that only some programs need.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

type Loader = <A>(load: () => Promise<A>) => Effect.Effect<A>

/**
 * Loads a module. A runtime that does not wait for promises replaces it, such as
 * the virtual time of simulations.
 *
 * @category services
 * @since 0.1.0
 */
export const ModuleLoader: Context.Reference<Loader> = Context.Reference<Loader>(
  "@kimi-effect/core/internal/ModuleLoader",
  {
    defaultValue:
      (): Loader =>
      <A>(load: () => Promise<A>) =>
        Effect.promise(load)
  }
)

/**
 * Loads a module: `loadModule(() => import("./X.ts"))`. A module that cannot be
 * loaded is a defect, since it is a part of the package.
 *
 * @category loading
 * @since 0.1.0
 */
export const loadModule = <A>(load: () => Promise<A>): Effect.Effect<A> =>
  Effect.flatMap(ModuleLoader, (loader) => loader(load))
